"""File systems in memory, mounted where only this process and its children see them.

All mounts belong to a mount namespace of our own. The kernel takes it down with the last process
in it, together with the loop device and the image, so not even SIGKILL leaves anything but one
empty directory behind.
"""

import contextlib
import ctypes
import os
import pathlib
import subprocess
import tempfile

CLONE_NEWNS = 0x00020000
IMAGE_BYTES = 6 << 30


class Unavailable(Exception):
    """The machine can't mount this file system; the text says why."""


def _run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    if done.returncode != 0:
        raise Unavailable(f"{command[0]} failed: {done.stdout.strip()}")


def _mount_tmpfs(path, inodes):
    # 80 %: an image or a tree that fills memory should fail, not bring the machine down.
    _run("mount", "-t", "tmpfs", "-o", f"size=80%,nr_inodes={inodes}", "tmpfs", path)


def _mount_ext4(path, image, inodes):
    with open(image, "wb") as file:
        file.truncate(IMAGE_BYTES)
    # Initialised at once: else a kernel thread does it while the tools are timed.
    _run("mkfs.ext4", "-q", "-F", "-N", str(inodes),
         "-E", "lazy_itable_init=0,lazy_journal_init=0", image)
    _run("mount", "-o", "loop", image, path)


def _mount_xfs(path, image):
    with open(image, "wb") as file:
        file.truncate(IMAGE_BYTES)
    _run("mkfs.xfs", "-q", "-f", image)
    _run("mount", "-o", "loop", image, path)


def _mount_btrfs(path, image):
    with open(image, "wb") as file:
        file.truncate(IMAGE_BYTES)
    _run("mkfs.btrfs", "-q", "-f", image)
    _run("mount", "-o", "loop", image, path)


@contextlib.contextmanager
def private_mounts():
    """Give this process its own mounts and yield a directory in memory for them."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) != 0:
        reason = os.strerror(ctypes.get_errno())
        raise Unavailable(f"file systems can't be mounted privately ({reason}): be root")
    _run("mount", "--make-rprivate", "/")
    base = tempfile.mkdtemp(prefix="afio-benchmark-")
    try:
        _mount_tmpfs(base, 1000)
        try:
            yield pathlib.Path(base)
        finally:
            _unmount(base)
    finally:
        os.rmdir(base)


@contextlib.contextmanager
def mounted(name, base, entries):
    """Yield a fresh, empty file system with room for so many entries."""
    path = base / name
    image = base / "image"
    path.mkdir()
    inodes = entries + entries // 8 + 1000
    try:
        if name == "tmpfs":
            _mount_tmpfs(str(path), inodes)
        elif name == "xfs":
            _mount_xfs(str(path), str(image))
        elif name == "btrfs":
            _mount_btrfs(str(path), str(image))
        else:
            _mount_ext4(str(path), str(image), inodes)
        try:
            yield path
        finally:
            _unmount(str(path))
    finally:
        image.unlink(missing_ok=True)
        path.rmdir()


def _unmount(path):
    # Lazily: after an interruption, a tool that is being killed may still be in there.
    subprocess.run(["umount", "--lazy", path], check=False)


def description(name):
    if name == "tmpfs":
        return "tmpfs"
    if name != "ext4":
        return f"{name}, default options, in a {IMAGE_BYTES >> 30} GiB image in memory"
    version = subprocess.run(["mkfs.ext4", "-V"], stderr=subprocess.PIPE, text=True, check=False)
    words = version.stderr.split()
    made_by = " ".join(words[:2]) if len(words) > 1 else "mkfs.ext4"
    return f"ext4, default options, in a {IMAGE_BYTES >> 30} GiB image in memory ({made_by})"
