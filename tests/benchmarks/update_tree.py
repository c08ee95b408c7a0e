#!/usr/bin/env python3
"""How long afio-update and rsync take to find that a mirror is up to date, all metadata included."""

import sys

import harness
import trees

BENCHMARK = harness.Benchmark(
    name="update_tree",
    title="Updating a mirror that is up to date, all metadata",
    about="How long `afio-update --delete` takes where nothing has changed, beside `rsync`, which "
          "compares the same.",
    ours="afio-update",
    program="cli/afio-update",
    arguments=("--progress=never", "--threads={threads}", "--delete", "{tree}", "{copy}"),
    baseline="rsync",
    peers={
        "rsync": ("rsync", "-aHAX", "--delete", "{tree}/", "{copy}/"),
        "rsync -a": ("rsync", "-a", "--delete", "{tree}/", "{copy}/"),
    },
    deletes=False,
    compares=True,
    trees=trees.COMPARED,
    targets=tuple({"tree": "wide", "filesystem": filesystem, "ratio": 0.25}
                  for filesystem in ("tmpfs", "ext4")),
)

if __name__ == "__main__":
    sys.exit(harness.main(BENCHMARK, __file__))
