#!/usr/bin/env python3
"""How long afio-cptree and its peers take to copy a tree, and what memory they need."""

import sys

import harness
import trees

BENCHMARK = harness.Benchmark(
    name="copy_tree",
    title="Copying a tree",
    about="How long `afio-cptree` takes to copy a tree with all its metadata, beside the tools "
          "people use for it now.",
    ours="afio-cptree",
    program="cli/afio-cptree",
    arguments=("--progress=never", "--threads={threads}", "{tree}", "{copy}"),
    baseline="cp",
    peers={
        "cp": ("cp", "-a", "{tree}", "{copy}"),
        "rsync -a": ("rsync", "-a", "{tree}/", "{copy}/"),
        "rsync -aHAX": ("rsync", "-aHAX", "{tree}/", "{copy}/"),
        # Where it is installed: it keeps nothing but modes.
        "cpz": ("cpz", "{tree}", "{copy}"),
        # It keeps the times of files alone.
        "rclone": ("rclone", "copy", "--links", "--create-empty-src-dirs", "{tree}", "{copy}"),
        # It keeps modes alone.
        "std::filesystem": ("//tests/benchmarks/standard", "copy", "{tree}", "{copy}"),
    },
    deletes=False,
    copies=True,
    filesystems=("tmpfs", "ext4", "xfs", "btrfs"),
    trees=trees.COPIED,
    targets=(
        {"tree": "wide", "filesystem": "tmpfs", "ratio": 0.27},
        {"tree": "wide", "filesystem": "ext4", "ratio": 0.36},
        {"tree": "wide", "filesystem": "xfs", "ratio": 0.36},
        {"tree": "source", "filesystem": "tmpfs", "ratio": 0.37},
        {"tree": "source", "filesystem": "ext4", "ratio": 0.37},
        {"tree": "large", "filesystem": "tmpfs", "ratio": 0.75},
        {"tree": "million", "filesystem": "tmpfs", "peak_mib": 24},
    ),
)

if __name__ == "__main__":
    sys.exit(harness.main(BENCHMARK, __file__))
