#!/usr/bin/env python3
"""How long afio-dedupe and rmlint take to find duplicates a second time."""

import sys

import harness
import tools
import trees

BENCHMARK = harness.Benchmark(
    name="dedupe_cached",
    title="Finding duplicates a second time",
    about="How long `afio-dedupe -n` takes when the hashes of all files are in their extended "
          "attributes since an earlier run, beside `rmlint --xattr`, which does the same; and "
          "without a cache. Attributes need not match, because rmlint's never do; and on "
          "tmpfs afio-dedupe remembers nothing.",
    ours="afio-dedupe",
    program="cli/afio-dedupe",
    arguments=("--progress=never", "--threads={threads}", "-n", "-q", "--cache=ea",
               "--match=mode,ownership", "{tree}"),
    baseline="rmlint",
    peers={
        "rmlint": ("rmlint", "--xattr", "-T", "df", "-o", "summary:stdout", "{tree}"),
        "without": (tools.OURS, "--progress=never", "--threads={threads}", "-n", "-q",
                    "--cache=none", "--match=mode,ownership", "{tree}"),
    },
    deletes=False,
    answer=None,
    trees=trees.COPIES,
    targets=tuple({"tree": tree, "filesystem": "ext4", **than}
                  for tree in ("copies", "twins")
                  for than in ({"ratio": 0.30}, {"ratio": 0.50, "to": "without"})),
)

if __name__ == "__main__":
    sys.exit(harness.main(BENCHMARK, __file__))
