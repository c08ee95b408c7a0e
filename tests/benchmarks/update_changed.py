#!/usr/bin/env python3
"""How long afio-update and rsync take to bring a hundredth of the files up to date."""

import sys

import harness
import trees

BENCHMARK = harness.Benchmark(
    name="update_changed",
    title="Updating a mirror of which one file in a hundred has changed",
    about="How long `afio-update --delete` takes where one file in a hundred has been written anew "
          "since, beside `rsync`.",
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
    changed_each=100,
    trees=trees.COMPARED,
    targets=(),
)

if __name__ == "__main__":
    sys.exit(harness.main(BENCHMARK, __file__))
