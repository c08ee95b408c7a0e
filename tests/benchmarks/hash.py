#!/usr/bin/env python3
"""How long afio-hash and its peers take to hash files, and to read them only."""

import shutil
import sys

import harness
import tools
import trees

# As many processes as there are threads of ours, each with its share of the files.
SHARED_OUT = ('n=$(find "$0" -type f | wc -l); find "$0" -type f -print0 | '
              'xargs -0 -s 1900000 -P {threads} -n $(((n + {threads} - 1) / {threads})) ')


def by_all_cores(command):
    return ("sh", "-c", f"{SHARED_OUT}{command} > /dev/null", "{tree}")


HASHERS = {"sha256sum": "sha256sum", "b3sum": "b3sum --num-threads 1", "xxhsum": "xxhsum -H2"}

BENCHMARK = harness.Benchmark(
    name="hash",
    title="Hashing files",
    about="How long `afio-hash` takes to print the hash of each file of a tree, beside other hashes, "
          "and beside `cat`, which only reads. Each of the others runs in two processes, with half "
          "of the files each. `cached` is afio-hash --cache=ea after an earlier run; on tmpfs there "
          "is no cache.",
    ours="afio-hash",
    program="cli/afio-hash",
    arguments=("--progress=never", "--threads={threads}", "{tree}"),
    baseline="cat",
    peers={
        "cat": by_all_cores("cat"),
        "cached": (tools.OURS, "--progress=never", "--threads={threads}", "--cache=ea", "{tree}"),
        **{name: by_all_cores(command) for name, command in HASHERS.items() if shutil.which(name)},
    },
    deletes=False,
    answer=None,
    trees=trees.COPIES,
    targets=tuple({"tree": "twins", "filesystem": filesystem, "ratio": 1 / 0.95}
                  for filesystem in ("tmpfs", "ext4")),
)

if __name__ == "__main__":
    sys.exit(harness.main(BENCHMARK, __file__))
