#!/usr/bin/env python3
"""How long afio-clone and others take to clone a tree of which nothing has changed."""

import sys

import harness
import trees

BENCHMARK = harness.Benchmark(
    name="clone_tree",
    title="Cloning a tree that has not changed",
    about="How long `afio-clone --since` takes to make a copy of a tree that shares all files with "
          "an older one, beside the tools people use for it now. `cp -al` looks at the older copy "
          "alone.",
    ours="afio-clone",
    program="cli/afio-clone",
    arguments=("--progress=never", "--threads={threads}", "--since", "{previous}", "{tree}",
               "{copy}"),
    baseline="rsync",
    peers={
        "rsync": ("rsync", "-a", "--link-dest=../{previous}", "{tree}/", "{copy}/"),
        "rsync -aHAX": ("rsync", "-aHAX", "--link-dest=../{previous}", "{tree}/", "{copy}/"),
        "cp -al": ("cp", "-al", "{previous}", "{copy}"),
    },
    deletes=False,
    copies=True,
    shares=True,
    trees=trees.COMPARED,
    targets=tuple({"tree": "wide", "filesystem": filesystem, "ratio": 0.13}
                  for filesystem in ("tmpfs", "ext4")),
)

if __name__ == "__main__":
    sys.exit(harness.main(BENCHMARK, __file__))
