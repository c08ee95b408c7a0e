#!/usr/bin/env python3
"""How long afio-dedupe and others take to find files that are the same."""

import sys

import harness
import trees

BENCHMARK = harness.Benchmark(
    name="dedupe_find",
    title="Finding duplicates",
    about="How long `afio-dedupe -n` takes to find which files are the same, beside "
          "the tools people use for it now. jdupes and fdupes compare bytes, and so does hardlink "
          "where the kernel has no crypto API; rdfind and rmlint compare checksums.",
    ours="afio-dedupe",
    program="cli/afio-dedupe",
    arguments=("--progress=never", "--threads={threads}", "-n", "-q", "{tree}"),
    baseline="jdupes",
    peers={
        "jdupes": ("jdupes", "-r", "-q", "{tree}"),
        "hardlink": ("hardlink", "-n", "-c", "-q", "{tree}"),
        "rdfind": ("rdfind", "-makeresultsfile", "false", "{tree}"),
        "fdupes": ("fdupes", "-r", "-q", "{tree}"),
        "rmlint": ("rmlint", "-T", "df", "-o", "summary:stdout", "{tree}"),
        "fclones": ("fclones", "-q", "group", "{tree}"),
    },
    deletes=False,
    answer=None,
    trees=trees.COPIES,
    targets=tuple({"tree": tree, "filesystem": filesystem, "ratio": ratio, "to": "fastest"}
                  for tree, ratio in (("copies", 0.45), ("twins", 0.40))
                  for filesystem in ("tmpfs", "ext4")),
)

if __name__ == "__main__":
    sys.exit(harness.main(BENCHMARK, __file__))
