#!/usr/bin/env python3
"""How long summarize and du take to count a tree whose inodes are in memory."""

import sys

import harness
import trees

TREES = tuple(tree for tree in trees.ALL if not tree.for_memory)

BENCHMARK = harness.Benchmark(
    name="summarize",
    title="Counting a tree",
    about="How long `summarize` takes to count the entries and bytes of a tree, beside `du`.",
    ours="summarize",
    program="tests/benchmarks/summarize_main",
    arguments=("{tree}", "-j", "{threads}"),
    baseline="du",
    peers={"du": ("du", "-s")},
    deletes=False,
    trees=TREES,
    targets=tuple({"tree": tree.name, "filesystem": filesystem, "ratio": 0.50}
                  for tree in TREES for filesystem in ("tmpfs", "ext4")),
)

if __name__ == "__main__":
    sys.exit(harness.main(BENCHMARK, __file__))
