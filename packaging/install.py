#!/usr/bin/env python3
"""Installs afio below a prefix, and removes it again.

What has been installed is written down in PREFIX/share/afio/installed, in the form of sha256sum.
A file is looked at before it is replaced or removed: one that is not what that list says stays, and is
named. (Who changes one in the very moment between loses that.) No symbolic link below the prefix is
followed. One run at a time: the directory is locked. What a killed run leaves is finished by the next
one, but for a file .afio-… of 128 random bits, or an empty share/afio.
"""

import argparse
import contextlib
import errno
import fcntl
import hashlib
import os
import pathlib
import secrets
import shlex
import stat
import sys
import tarfile

LIST = "share/afio/installed"
MADE = "# made the directory "


class Refusal(Exception):
    """Why nothing can be done, for the user to read."""


class Folder:
    """An open directory below the prefix."""

    def __init__(self, descriptor):
        self.descriptor = descriptor

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.descriptor)

    def digest(self, name):
        """Of what a file holds; empty of anything but a file, and None of nothing."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            if not stat.S_ISREG(os.lstat(name, dir_fd=self.descriptor).st_mode):
                return ""
            with open(os.open(name, flags, dir_fd=self.descriptor), "rb") as file:
                return hashlib.sha256(file.read()).hexdigest()
        except FileNotFoundError:
            return None

    def put(self, name, data, mode):
        """Makes a file, or replaces it in one instant."""
        temporary = ".afio-" + secrets.token_hex(16)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        try:
            descriptor = os.open(temporary, flags, 0o600, dir_fd=self.descriptor)
            with open(descriptor, "wb") as file:
                file.write(data)
                os.fchmod(descriptor, mode)
            os.rename(temporary, name, src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary, dir_fd=self.descriptor)
            raise


class Prefix:
    """The directory below which everything is, and what was installed there."""

    def __init__(self, path):
        self.path = path
        self.files = {}  # path: the digests that it may have
        self.made = []  # directories, parents first

    def named(self, error, path):
        """The error, about a path below the prefix."""
        return OSError(error.errno, error.strerror, str(self.path / path))

    @contextlib.contextmanager
    def folder(self, path, make=False):
        """Opens a directory, without following a link; makes it first if that is asked for."""
        descriptor = os.open(self.path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        done = pathlib.PurePosixPath()
        try:
            for part in pathlib.PurePosixPath(path).parts:
                done /= part
                if make:
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(part, 0o755, dir_fd=descriptor)
                flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
                parent, descriptor = descriptor, os.open(part, flags, dir_fd=descriptor)
                os.close(parent)
        except OSError as error:
            os.close(descriptor)
            if error.errno in (errno.ENOTDIR, errno.ELOOP):
                raise Refusal(f"{self.path / done} is no directory, "
                              "and symbolic links are not followed") from error
            raise self.named(error, done) from error
        with Folder(descriptor) as opened:
            yield opened

    @contextlib.contextmanager
    def folder_of(self, path, make=False):
        """Opens the directory of a file; yields it and the file's name."""
        folder, name = os.path.split(path)
        with self.folder(folder, make) as opened:
            try:
                yield opened, name
            except OSError as error:
                raise self.named(error, path) from error

    def digest(self, path):
        try:
            with self.folder_of(path) as (folder, name):
                return folder.digest(name)
        except FileNotFoundError:
            return None

    def lock(self):
        """Until this process ends."""
        self.descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Refusal(f"another run is at work in {self.path}") from error

    def read_list(self):
        """Takes note of what was installed; of nothing if there is no list."""
        try:
            with self.folder_of(LIST) as (folder, name):
                flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
                descriptor = os.open(name, flags, dir_fd=folder.descriptor)
                with open(descriptor, encoding="utf-8", errors="surrogateescape") as file:
                    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                        raise Refusal(f"{self.path / LIST} is no file")
                    lines = file.read().splitlines()
        except FileNotFoundError:
            return
        for line in lines:
            digest, _, path = line.partition("  ")
            if line.startswith(MADE):
                path = line[len(MADE):]
            if not path or any(part in ("", ".", "..") for part in path.split("/")):
                raise Refusal(f"{self.path / LIST} is damaged: {line!r}")
            if line.startswith(MADE):
                self.made.append(path)
            else:
                self.files.setdefault(path, set()).add(digest)

    def write_list(self):
        lines = [MADE + path for path in self.made]
        lines += [f"{one}  {path}" for path, either in sorted(self.files.items()) for one in either]
        with self.folder_of(LIST, make=True) as (folder, name):
            folder.put(name, "".join(line + "\n" for line in lines).encode(), 0o644)

    def is_missing(self, folder):
        try:
            with self.folder(folder):
                return False
        except FileNotFoundError:
            return True

    def install(self, tree):
        """Makes all files that the tar file `tree` has, and removes those of an earlier version."""
        self.lock()
        with tarfile.open(tree) as tar:
            new = {member.name: (tar.extractfile(member).read(), member.mode) for member in tar}
        self.read_list()
        for path in new:
            there = self.digest(path)
            if there is not None and there not in self.files.get(path, ()):
                what = "has been changed since" if path in self.files else "is there, and not from"
                raise Refusal(f"{self.path / path} {what} an earlier installation. "
                              "Move it away first. Nothing has been changed.")
        old = dict(self.files)
        folders = sorted({folder for path in [LIST, *new] for folder in parents(path)})
        self.made += [folder for folder in folders
                      if folder not in self.made and self.is_missing(folder)]
        for path, (data, _) in new.items():
            self.files[path] = {hashlib.sha256(data).hexdigest(), *old.get(path, ())}
        # Before all else, so that a run that is killed leaves nothing that is not in the list.
        self.write_list()
        for path, (data, mode) in new.items():
            with self.folder_of(path, make=True) as (folder, name):
                folder.put(name, data, mode)
            self.files[path] = {hashlib.sha256(data).hexdigest()}
        for path in old.keys() - new.keys():
            self.remove(path)
            del self.files[path]
        self.remove_empty(keep=folders)
        self.write_list()

    def remove(self, path):
        """Removes a file that is what was installed. False if it is another one."""
        there = self.digest(path)
        if there is not None and there not in self.files[path]:
            print(f"{self.path / path} has been changed since, and stays", file=sys.stderr)
            return False
        if there is not None:
            with self.folder_of(path) as (folder, name):
                os.unlink(name, dir_fd=folder.descriptor)
        return True

    def remove_empty(self, keep=()):
        """Removes directories that were made, unless somebody has put something into them."""
        for path in sorted(set(self.made) - set(keep), reverse=True):
            try:
                with self.folder_of(path) as (folder, name):
                    os.rmdir(name, dir_fd=folder.descriptor)
            except FileNotFoundError:
                pass
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
                continue
            self.made.remove(path)

    def uninstall(self):
        """Removes what was installed. False if something of it stays."""
        self.lock()
        self.read_list()
        if not self.files:
            raise Refusal(f"nothing is installed in {self.path}: there is no {self.path / LIST}")
        all_gone = all([self.is_removed(path) for path in self.files])
        # The list goes after what it names, and before the directories that it is in.
        self.remove_empty(keep=parents(LIST))
        with self.folder_of(LIST) as (folder, name):
            os.unlink(name, dir_fd=folder.descriptor)
        self.remove_empty()
        return all_gone

    def is_removed(self, path):
        """The same as remove(); a file that cannot be got at stays, too."""
        try:
            return self.remove(path)
        except Refusal as refusal:
            print(f"{refusal}: what is there stays", file=sys.stderr)
            return False


def parents(path):
    return [str(parent) for parent in pathlib.PurePosixPath(path).parents][:-1]


def parse_arguments():
    parser = argparse.ArgumentParser(prog="install", description="Installs afio, or removes it.")
    parser.add_argument("--prefix", default="/usr/local", help="where to (default: %(default)s)")
    parser.add_argument("--destdir", default=os.environ.get("DESTDIR", ""),
                        help="put before the prefix, to make a package (default: $DESTDIR)")
    parser.add_argument("--uninstall", action="store_true", help="remove what was installed")
    # What the targets in Bazel say for themselves.
    parser.add_argument("--tree", help=argparse.SUPPRESS)
    parser.add_argument("--compilation-mode", default="opt", help=argparse.SUPPRESS)
    return parser.parse_args()


def place_options(arguments):
    """Where to, as it can be pasted."""
    destdir = [f"--destdir={arguments.destdir}"] if arguments.destdir else []
    return shlex.join([*destdir, f"--prefix={arguments.prefix}"])


def run(arguments):
    if not arguments.prefix:
        raise Refusal("--prefix is empty")
    if not os.path.isabs(os.path.expanduser(arguments.prefix)) and arguments.destdir:
        raise Refusal("with --destdir, --prefix is an absolute path")
    # Bazel runs this elsewhere.
    start = os.environ.get("BUILD_WORKING_DIRECTORY", ".")
    place = pathlib.Path(start, arguments.destdir + os.path.expanduser(arguments.prefix)).absolute()
    if arguments.uninstall:
        if not Prefix(place).uninstall():
            return 1
        print(f"Removed afio from {place}")
        return 0
    if arguments.compilation_mode != "opt":
        raise Refusal("this build is slow and its tools need shared libraries. Build with -c opt:\n"
                      f"  ./bazelw run -c opt //:install -- {place_options(arguments)}")
    os.makedirs(place, exist_ok=True)
    Prefix(place).install(arguments.tree)
    # As it was started: by Bazel, or as root by hand.
    remover = ("./bazelw run //:uninstall --" if "BUILD_WORKING_DIRECTORY" in os.environ
               else "sudo bazel-bin/uninstall" if os.geteuid() == 0 else "bazel-bin/uninstall")
    print(f"Installed afio in {place}. To remove it:\n"
          f"  {remover} {'--destdir= ' if arguments.destdir else ''}"
          f"--prefix={shlex.quote(str(place))}")
    if not arguments.destdir and str(place / "bin") not in os.get_exec_path():
        print(f"{place / 'bin'} is not on your PATH:\n"
              f"  export PATH={shlex.quote(str(place / 'bin'))}:$PATH")
    return 0


def main():
    os.umask(0o022)
    arguments = parse_arguments()
    program = "uninstall" if arguments.uninstall else "install"
    try:
        return run(arguments)
    except Refusal as refusal:
        print(f"{program}: {refusal}", file=sys.stderr)
    except OSError as error:
        print(f"{program}: {error.filename}: {error.strerror}", file=sys.stderr)
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            print(f"""\
To use a directory of your own, give --prefix=$HOME/.local or the like. To use this one:
  ./bazelw build -c opt //:install //:uninstall
  sudo bazel-bin/{program} {place_options(arguments)}""",
                  file=sys.stderr)
    return 2


sys.exit(main())
