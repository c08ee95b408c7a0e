"""Makes the Debian packages of a tree that make_tree.py has made, with dpkg-deb. The same tree
gives the same bytes: all files have the time of the changelog."""

import argparse
import gzip
import hashlib
import os
import pathlib
import re
import subprocess
import tarfile
import tempfile

# Which of the tree's folders are in which package, and what they are called there.
PACKAGES = {
    "afio": {
        "bin/": "usr/bin/",
        "share/bash-completion/": "usr/share/bash-completion/",
        "share/doc/afio/docs/": "usr/share/doc/afio/docs/",
        "share/fish/": "usr/share/fish/",
        "share/man/": "usr/share/man/",
        "share/zsh/site-functions/": "usr/share/zsh/vendor-completions/",
    },
    "libafio-dev": {
        "include/": "usr/include/",
        "lib/": "usr/lib/",
    },
}
# Of these the tools have code in them that must be given with its source.
LINKED_STATICALLY = {"afio": ["libc.a", "libstdc++.a"]}


def output_of(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def source_of(library):
    """The source package of a static library, and its version."""
    path = os.path.realpath(output_of("g++", "-print-file-name=" + library))
    package = output_of("dpkg-query", "--search", path).split(": ")[0]
    return output_of("dpkg-query", "-W", "-f", "${source:Package} (= ${source:Version})", package)


def put(root, path, data, mode=0o644):
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    target.chmod(mode)


def compressed(data):
    return gzip.compress(data, mtime=0)


def put_contents(root, package, tree, debian):
    for member in tree:
        for folder, renamed in PACKAGES[package].items():
            if member.name.startswith(folder):
                path, data = renamed + member.name[len(folder):], tree.extractfile(member).read()
                if "/man/" in path:
                    path, data = path + ".gz", compressed(data)
                put(root, path, data, member.mode)
    documents = f"usr/share/doc/{package}/"
    put(root, documents + "copyright", (debian / "copyright").read_bytes())
    # Not changelog.Debian.gz: that is for a package that somebody else makes of a project's release.
    put(root, documents + "changelog.gz", compressed((debian / "changelog").read_bytes()))
    overrides = debian / f"{package}.lintian-overrides"
    if overrides.exists():
        put(root, f"usr/share/lintian/overrides/{package}", overrides.read_bytes())


def put_control(root, package, version, architecture, debian):
    files = {str(path.relative_to(root)): path.read_bytes()
             for path in sorted(root.rglob("*")) if path.is_file()}
    sums = [f"{hashlib.md5(data).hexdigest()}  {path}\n" for path, data in files.items()]
    # As dpkg-gencontrol counts: a directory is one.
    kib = sum((len(data) + 1023) // 1024 for data in files.values())
    kib += sum(not path.is_file() for path in root.rglob("*"))
    fields = [f"Version: {version}", f"Architecture: {architecture}", f"Installed-Size: {kib}"]
    if package in LINKED_STATICALLY:
        fields.append("Built-Using: " + ", ".join(map(source_of, LINKED_STATICALLY[package])))
    control = (debian / f"{package}.control").read_text().replace(
        "\nDescription:", "\n" + "\n".join(fields) + "\nDescription:")
    put(root, "DEBIAN/control", control.encode())
    put(root, "DEBIAN/md5sums", "".join(sums).encode())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", required=True, type=pathlib.Path)
    parser.add_argument("--tree", required=True)
    parser.add_argument("--debian", required=True, type=pathlib.Path, help="its changelog")
    arguments = parser.parse_args()
    debian = arguments.debian.parent

    text = (debian / "changelog").read_text()
    version = re.search(r"\((.*?)\)", text)[1]
    time = output_of("date", "+%s", "--date", re.search(r"^ -- .*>  (.*)$", text, re.MULTILINE)[1])
    architecture = output_of("dpkg", "--print-architecture")
    for package in PACKAGES:
        with tempfile.TemporaryDirectory() as folder, tarfile.open(arguments.tree) as tree:
            root = pathlib.Path(folder, "root")
            root.mkdir()
            put_contents(root, package, tree, debian)
            put_control(root, package, version, architecture, debian)
            for path in [root, *root.rglob("*")]:
                if path.is_dir():
                    path.chmod(0o755)
                os.utime(path, (int(time), int(time)))
            result = arguments.out / f"{package}_{version}_{architecture}.deb"
            # One thread: more would give other bytes on another machine.
            output_of("env", "SOURCE_DATE_EPOCH=" + time, "dpkg-deb", "--build",
                      "--root-owner-group", "--threads-max=1", root, result)


main()
