#!/usr/bin/env python3
"""The same without attributes, ACLs and flags: as much as rsync -a compares."""

import sys

import harness
import trees

BENCHMARK = harness.Benchmark(
    name="update_basic",
    title="Updating a mirror that is up to date, modes, owners and times",
    about="How long `afio-update --delete` takes where nothing has changed, beside `rsync -a`, which "
          "compares no more than this is told to; but hard links, too.",
    ours="afio-update",
    program="cli/afio-update",
    arguments=("--progress=never", "--threads={threads}", "--delete",
               "--preserve=mode,ownership,timestamps,links", "{tree}", "{copy}"),
    baseline="rsync -a",
    peers={
        "rsync -a": ("rsync", "-a", "--delete", "{tree}/", "{copy}/"),
        # It compares sizes and times alone.
        "rclone": ("rclone", "sync", "--links", "{tree}", "{copy}"),
    },
    deletes=False,
    compares=True,
    trees=trees.COMPARED,
    targets=tuple({"tree": "wide", "filesystem": filesystem, "ratio": 0.36}
                  for filesystem in ("tmpfs", "ext4")),
)

if __name__ == "__main__":
    sys.exit(harness.main(BENCHMARK, __file__))
