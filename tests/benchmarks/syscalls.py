"""Counts a tool's system calls with strace."""

import dataclasses
import os
import re
import shutil
import subprocess

import measure
import trees

# Enough that what a tool does once is a thousandth of what it does for each entry.
ENTRIES = 10_000


@dataclasses.dataclass(frozen=True)
class Count:
    filesystem: str
    tree: str
    tool: str
    entries: int
    calls: int
    # The most frequent ones: [[name, calls], ...].
    top: list


def available():
    return shutil.which("strace") is not None


def count(programs, filesystem, where, tree, tools, deletes):
    """Return a Count for each tool that can do a small version of the tree."""
    small = tree.scaled(min(1, ENTRIES / tree.entries))
    path = where / measure.TREE
    (where / measure.EMPTY).mkdir(exist_ok=True)
    counts = []
    for tool in tools:
        trees.remove(str(path))
        entries, _ = trees.make(programs.make_tree, small, str(path))
        calls = _trace(tool, where)
        trees.remove(str(where / measure.COPY))
        if calls is None or deletes and measure.left_behind(tool, path):
            continue
        top = sorted(calls.items(), key=lambda item: -item[1])[:4]
        counts.append(Count(filesystem, tree.name, tool.name, entries, sum(calls.values()),
                            [list(item) for item in top]))
    trees.remove(str(path))
    return counts


def _trace(tool, where):
    output = where / "strace.out"
    command = ["strace", "--follow-forks", "--summary-only", "--summary-columns=calls,name",
               "--output", os.fspath(output), "--", *tool.on()]
    done = subprocess.run(command, cwd=where, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, check=False)
    text = output.read_text() if output.exists() else ""
    output.unlink(missing_ok=True)
    if done.returncode != 0:
        return None
    lines = re.findall(r"^\s*(\d+)\s+(\w+)$", text, re.MULTILINE)
    return {name: int(calls) for calls, name in lines if name != "total"}
