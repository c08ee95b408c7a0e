#!/usr/bin/env python3
"""How long afio-cptree and cp take to copy a tree whose files share their blocks with it."""

import sys

import harness
import trees

TREES = tuple(tree for tree in trees.COPIED if tree.name in ("wide", "source", "large"))

BENCHMARK = harness.Benchmark(
    name="share_tree",
    title="Copying a tree by sharing its blocks",
    about="How long `afio-cptree --reflink=always` takes to copy a tree with all its metadata, "
          "beside `cp`.",
    ours="afio-cptree",
    program="cli/afio-cptree",
    arguments=("--progress=never", "--threads={threads}", "--reflink=always", "{tree}", "{copy}"),
    baseline="cp",
    peers={"cp": ("cp", "-a", "--reflink=always", "{tree}", "{copy}")},
    deletes=False,
    copies=True,
    filesystems=("xfs", "btrfs"),
    trees=TREES,
    targets=tuple({"tree": "wide", "filesystem": filesystem, "ratio": 0.40}
                  for filesystem in ("xfs", "btrfs")),
)

if __name__ == "__main__":
    sys.exit(harness.main(BENCHMARK, __file__))
