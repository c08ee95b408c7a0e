#!/usr/bin/env python3
"""How long afio-holes and fallocate take to make holes of the zeros in a file."""

import sys

import harness
import trees

BENCHMARK = harness.Benchmark(
    name="holes",
    title="Punching the zeros out of a file",
    about="How long `afio-holes punch` takes to make holes of the zeros in a file, beside "
          "`fallocate --dig-holes`, which loses what somebody writes meanwhile. With "
          "`--min-size=64K`, because the default leaves the short runs alone.",
    ours="afio-holes",
    program="cli/afio-holes",
    arguments=("punch", "--progress=never", "--threads={threads}", "--min-size=64K",
               "{tree}/file"),
    baseline="fallocate -d",
    peers={
        "fallocate -d": ("fallocate", "-d", "{tree}/file"),
    },
    deletes=False,
    punches=True,
    trees=trees.ZEROS,
    filesystems=("tmpfs", "ext4", "xfs", "btrfs"),
    targets=tuple({"tree": tree.name, "filesystem": filesystem, "ratio": 0.60}
                  for tree in trees.ZEROS for filesystem in ("tmpfs", "ext4", "xfs", "btrfs")),
)

if __name__ == "__main__":
    sys.exit(harness.main(BENCHMARK, __file__))
