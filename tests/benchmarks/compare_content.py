#!/usr/bin/env python3
"""How long afio-diff and its peers take to compare two equal trees byte by byte."""

import sys

import harness
import trees

BENCHMARK = harness.Benchmark(
    name="compare_content",
    title="Comparing two equal trees, each byte",
    about="How long `afio-diff --compare=content` takes to find that two trees are the same, all "
          "metadata included, beside tools that look at contents alone.",
    ours="afio-diff",
    program="cli/afio-diff",
    arguments=("--progress=never", "--threads={threads}", "--compare=content", "{tree}", "{copy}"),
    baseline="diff",
    peers={
        "diff": ("diff", "-rq", "--no-dereference", "{tree}", "{copy}"),
        "rsync -c": ("rsync", "-aHAXnc", "--delete", "{tree}/", "{copy}/"),
        "rclone": ("rclone", "check", "--links", "--download", "-q", "{tree}", "{copy}"),
    },
    deletes=False,
    compares=True,
    trees=trees.COMPARED,
    targets=tuple({"tree": tree.name, "filesystem": filesystem, "ratio": 0.40}
                  for tree in trees.COMPARED for filesystem in ("tmpfs", "ext4")),
)

if __name__ == "__main__":
    sys.exit(harness.main(BENCHMARK, __file__))
