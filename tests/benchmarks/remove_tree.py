#!/usr/bin/env python3
"""How long afio-rmtree and its peers take to delete a tree, and what memory they need."""

import sys

import harness
import trees

BENCHMARK = harness.Benchmark(
    name="remove_tree",
    title="Deleting a tree",
    about="How long `afio-rmtree` takes to delete a tree, beside the tools people use for it now.",
    ours="afio-rmtree",
    program="cli/afio-rmtree",
    arguments=("--progress=never", "--threads={threads}"),
    baseline="rm",
    peers={
        "rm": ("rm", "-rf"),
        "rmz": ("rmz",),
        "find": ("find", "{tree}", "-delete"),
        "rsync": ("rsync", "-a", "--delete", "{empty}/", "{tree}/"),
        "rclone": ("rclone", "purge"),
        "std::filesystem": ("//tests/benchmarks/standard", "remove"),
    },
    deletes=True,
    trees=trees.ALL,
    targets=(
        {"tree": "wide", "filesystem": "tmpfs", "ratio": 0.48},
        {"tree": "wide", "filesystem": "ext4", "ratio": 0.48},
        {"tree": "flat", "filesystem": "ext4", "ratio": 0.52},
        {"tree": "chain", "filesystem": "tmpfs", "ratio": 0.80},
        {"tree": "chain", "filesystem": "ext4", "ratio": 0.80},
        {"tree": "source", "filesystem": "tmpfs", "ratio": 0.48},
        {"tree": "source", "filesystem": "ext4", "ratio": 0.48},
        {"tree": "million", "filesystem": "tmpfs", "peak_mib": 16},
        {"tree": "million", "filesystem": "ext4", "peak_mib": 16},
    ),
)

if __name__ == "__main__":
    sys.exit(harness.main(BENCHMARK, __file__))
