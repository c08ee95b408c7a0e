#!/usr/bin/env python3
"""How long afio-hardlinks --of and find -samefile take to find the names of one file."""

import sys

import harness
import trees

FILE = "{tree}/directory-0/file-0000000"

BENCHMARK = harness.Benchmark(
    name="names_of",
    title="Finding all names of a file",
    about="How long `afio-hardlinks --of` takes to find the two names of a file, which are in the "
          "first and in the last directory that was made, beside `find -samefile`. It stops when it "
          "has both; `find` cannot.",
    ours="afio-hardlinks",
    program="cli/afio-hardlinks",
    arguments=("--progress=never", "--threads={threads}", "--of", FILE, "{tree}"),
    baseline="find",
    peers={"find": ("find", "{tree}", "-samefile", FILE)},
    deletes=False,
    answer="tree/",
    trees=trees.LINKED,
    targets=tuple({"tree": "linked", "filesystem": filesystem, "ratio": 0.25}
                  for filesystem in ("tmpfs", "ext4")),
)

if __name__ == "__main__":
    sys.exit(harness.main(BENCHMARK, __file__))
