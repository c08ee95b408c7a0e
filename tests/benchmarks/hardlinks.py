#!/usr/bin/env python3
"""How long afio-hardlinks and find take to tell all names of inodes that have several."""

import sys

import harness
import trees

BENCHMARK = harness.Benchmark(
    name="hardlinks",
    title="Finding all hard links of a tree",
    about="How long `afio-hardlinks` takes to tell which names are names of one inode, sorted, beside "
          "`find` and `sort`.",
    ours="afio-hardlinks",
    program="cli/afio-hardlinks",
    arguments=("--progress=never", "--threads={threads}", "{tree}"),
    baseline="find",
    peers={"find": ("sh", "-c", r"find {tree} ! -type d -links +1 -printf '%D %i %p\n' | sort")},
    deletes=False,
    answer="tree/",
    trees=trees.LINKED,
    targets=(),
)

if __name__ == "__main__":
    sys.exit(harness.main(BENCHMARK, __file__))
