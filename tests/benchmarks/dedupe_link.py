#!/usr/bin/env python3
"""How long afio-dedupe and others take to make one inode of files that are the same."""

import sys

import harness
import trees

BENCHMARK = harness.Benchmark(
    name="dedupe_link",
    title="Finding and linking duplicates",
    about="How long `afio-dedupe --link=hard` takes to make names of one inode of files that are the "
          "same, bytes compared, beside the tools people use for it now. rmlint, "
          "which writes a script for it that takes some 40 s for the small files, is left out.",
    ours="afio-dedupe",
    program="cli/afio-dedupe",
    arguments=("--progress=never", "--threads={threads}", "--link=hard", "{tree}"),
    baseline="jdupes",
    peers={
        "jdupes": ("jdupes", "-r", "-q", "-L", "{tree}"),
        "hardlink": ("hardlink", "-c", "-q", "{tree}"),
        "rdfind": ("rdfind", "-makehardlinks", "true", "-makeresultsfile", "false", "{tree}"),
    },
    deletes=False,
    links=True,
    trees=trees.COPIES,
    targets=tuple({"tree": "copies", "filesystem": filesystem, "ratio": 0.42}
                  for filesystem in ("tmpfs", "ext4")),
)

if __name__ == "__main__":
    sys.exit(harness.main(BENCHMARK, __file__))
