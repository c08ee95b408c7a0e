#!/usr/bin/env python3
"""How long afio-diff and rsync take to compare two equal trees by sizes, times and metadata."""

import sys

import harness
import trees

BENCHMARK = harness.Benchmark(
    name="compare_quick",
    title="Comparing two equal trees, sizes, times and metadata",
    about="How long `afio-diff` takes to find that nothing has changed, beside a dry run of `rsync` "
          "that compares the same.",
    ours="afio-diff",
    program="cli/afio-diff",
    arguments=("--progress=never", "--threads={threads}", "{tree}", "{copy}"),
    baseline="rsync",
    peers={
        "rsync": ("rsync", "-aHAXn", "--delete", "{tree}/", "{copy}/"),
        "rsync -a": ("rsync", "-an", "--delete", "{tree}/", "{copy}/"),
    },
    deletes=False,
    compares=True,
    trees=trees.COMPARED,
    targets=tuple({"tree": "wide", "filesystem": filesystem, "ratio": 0.25}
                  for filesystem in ("tmpfs", "ext4")),
)

if __name__ == "__main__":
    sys.exit(harness.main(BENCHMARK, __file__))
