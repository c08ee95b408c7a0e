"""Makes a tar file of all that an installation consists of: what goes below a prefix, with the
modes it has there. The same files give the same bytes."""

import argparse
import io
import pathlib
import re
import subprocess
import tarfile
import tempfile


def parse_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", required=True)
    parser.add_argument("--libdir", required=True, help="below the prefix")
    parser.add_argument("--prefix", help="for afio.pc; without, it works wherever the tree is")
    parser.add_argument("--version-header", required=True, type=pathlib.Path)
    parser.add_argument("--library", required=True, type=pathlib.Path)
    for kind in ["headers", "tools", "man", "bash", "zsh", "fish", "templates", "documents",
                 "pages"]:
        parser.add_argument("--" + kind, nargs="*", default=[], type=pathlib.Path)
    return parser.parse_args()


def version_in(header):
    return re.search(r'version\[\] = "([0-9.]+)"', header.read_text()).group(1)


def with_included(headers, root):
    """The headers' paths below `root`, and those of what they include from there."""
    found, pending = set(), [header.relative_to(root) for header in headers]
    while pending:
        header = pending.pop()
        if header not in found:
            found.add(header)
            text = (root / header).read_text()
            pending += map(pathlib.Path, re.findall(r'^#include "(.*)"', text, re.MULTILINE))
    return sorted(found)


def stripped(path, *options):
    """The bytes of a program or library without what only a debugger reads."""
    with tempfile.NamedTemporaryFile() as result:
        sections = ["--remove-section=.comment", "--remove-section=.note"]
        command = ["strip", *options, *sections, "-o", result.name, path]
        subprocess.run(command, check=True)
        return pathlib.Path(result.name).read_bytes()


def filled_in(template, arguments, version):
    """A package file that says where things are, and of what version."""
    depth = len(pathlib.Path(arguments.libdir).parts)
    major, minor, _ = version.split(".")
    values = {
        "VERSION": version,
        "MAJOR": major,
        "MINOR": minor,
        "LIBDIR": arguments.libdir,
        "UP": "/".join([".."] * (depth + 2)),
        "PREFIX": arguments.prefix or "/".join(["${pcfiledir}"] + [".."] * (depth + 1)),
    }
    return re.sub("@([A-Z]+)@", lambda name: values[name[1]], template.read_text()).encode()


def contents(arguments):
    """Path, mode and bytes of each file."""
    root = arguments.version_header.parents[2]
    version = version_in(arguments.version_header)
    for tool in arguments.tools:
        yield "bin/" + tool.name, 0o755, stripped(tool, "--strip-all")
    for page in arguments.man:
        yield "share/man/man1/" + page.name, 0o644, page.read_bytes()
    for document in arguments.documents:
        yield "share/doc/afio/" + document.name, 0o644, document.read_bytes()
    for page in arguments.pages:
        yield f"share/doc/afio/{page.relative_to(root)}", 0o644, page.read_bytes()
    for files, folder in [
        (arguments.bash, "share/bash-completion/completions"),
        (arguments.zsh, "share/zsh/site-functions"),
        (arguments.fish, "share/fish/vendor_completions.d"),
    ]:
        for file in files:
            yield f"{folder}/{file.name}", 0o644, file.read_bytes()
    for header in with_included(arguments.headers, root):
        yield f"include/afio/{header}", 0o644, (root / header).read_bytes()
    library = stripped(arguments.library, "--strip-debug", "--enable-deterministic-archives")
    yield f"{arguments.libdir}/libafio.a", 0o644, library
    for template in arguments.templates:
        folder = "pkgconfig" if template.stem.endswith(".pc") else "cmake/afio"
        text = filled_in(template, arguments, version)
        yield f"{arguments.libdir}/{folder}/{template.stem}", 0o644, text


def main():
    arguments = parse_arguments()
    with tarfile.open(arguments.out, "w") as tar:
        for path, mode, data in sorted(contents(arguments)):
            member = tarfile.TarInfo(path)
            member.mode, member.size = mode, len(data)
            tar.addfile(member, io.BytesIO(data))


main()
