"""What a figure depends on: the machine, and the versions of the tools."""

import os
import re
import subprocess
import time


def description():
    return {
        "cpu": _first_match("/proc/cpuinfo", r"^model name\s*: (.*)$") or os.uname().machine,
        "processors": len(os.sched_getaffinity(0)),
        "memory_gib": round(int(_first_match("/proc/meminfo", r"^MemTotal:\s*(\d+)")) / 2**20),
        # Without what a vendor appends.
        "kernel": re.match(r"[\d.]*\d", os.uname().release).group(),
        "distribution": _first_match("/etc/os-release", r'^PRETTY_NAME="(.*)"$') or "Linux",
        "load": os.getloadavg()[0],
    }


def version_of(command):
    """The first line that a program says to --version."""
    try:
        said = subprocess.run([command, "--version"], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, text=True,
                              timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return "unknown version"
    line = said.strip().splitlines()[0] if said.strip() else "unknown version"
    # rsync puts two spaces here and its protocol behind.
    return re.sub(r"\s+protocol version.*", "", re.sub(r"\s+", " ", line))


def busy_seconds():
    """Processor time that the machine has spent on anything since it started."""
    with open("/proc/stat", encoding="ascii") as file:
        user, nice, system, _idle, _wait, *interrupts_and_steal = file.readline().split()[1:9]
    ticks = sum(map(int, (user, nice, system, *interrupts_and_steal)))
    return ticks / os.sysconf("SC_CLK_TCK")


def wait_until_idle(window, patience, say):
    """Return once the machine was idle for `window` seconds: True; or after `patience`: False."""
    start = time.monotonic()
    told = False
    while True:
        busy = busy_seconds()
        time.sleep(window)
        # Two ticks: the least that can be told from nothing.
        if busy_seconds() - busy <= max(0.02, window / 10):
            return True
        waited = time.monotonic() - start
        if waited > patience:
            if patience:
                say("the machine is busy with something else; measuring all the same")
            return False
        if not told and waited > 5:
            say("waiting for the machine to be idle")
            told = True


def _first_match(path, pattern):
    try:
        with open(path, encoding="utf-8") as file:
            found = re.search(pattern, file.read(), re.MULTILINE)
    except OSError:
        return None
    return found.group(1) if found else None
