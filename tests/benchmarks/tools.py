"""Finds the programs that a benchmark needs, and the tools that it compares."""

import dataclasses
import os
import pathlib
import shlex
import shutil

import machine
import measure

ROOT = pathlib.Path(os.path.abspath(__file__)).parent.parent.parent


# The program of a peer that is ours, called in another way.
OURS = "{ours}"
# Goes before the target of a peer that Bazel builds.
BUILT = "//"


@dataclasses.dataclass(frozen=True)
class Programs:
    make_tree: str
    measure: str


class Refused(Exception):
    """The run can't start; the text says why."""


def _find_built(script_directory, target):
    # Beside the script when Bazel runs it; in bazel-bin when it is started from a checkout.
    for root in (script_directory.parent.parent, ROOT, ROOT / "bazel-bin"):
        path = root / target
        if path.is_file() and os.access(path, os.X_OK):
            # The next build may point bazel-bin elsewhere while we run.
            return os.path.realpath(path)
    return None


def programs(script_directory):
    return Programs(_built(script_directory, "tests/benchmarks/make_tree"),
                    _built(script_directory, "tests/benchmarks/measure"))


def _built(script_directory, target):
    path = _find_built(script_directory, target)
    if path is None:
        raise Refused(f"{target} is not built: ./bazelw build -c opt //tests/benchmarks/...")
    return path


def find(benchmark, options, script_directory, say):
    """Ours first, then each peer that is wanted and installed."""
    given = _given_peers(options.peer)
    peers = {**benchmark.peers, **given}
    wanted = {benchmark.ours, benchmark.baseline, *given, *(options.peers or peers)}
    found = []
    # A peer by our name takes our place: so the harness can be tried without our tool.
    if benchmark.ours not in peers:
        program = given_path(options.tool) if options.tool else _find_built(script_directory,
                                                                             benchmark.program)
        if program is None:
            raise Refused(f"{benchmark.program} is not built: give --tool PATH")
        peers = {benchmark.ours: (program, *benchmark.arguments), **peers}
    for name, command in peers.items():
        if name not in wanted:
            continue
        program = _program_of(command[0], peers[benchmark.ours][0], script_directory)
        if program is None:
            say(f"{name} is left out: {command[0]} is not installed")
            continue
        words = [word.replace("{threads}", str(options.threads)) for word in command[1:]]
        if not any(place in word for word in words for place in ("{tree}", "{previous}")):
            words.append("{tree}")
        found.append(measure.Tool(name, (os.path.abspath(program), *words),
                                  machine.version_of(program)))
    if not any(tool.name == benchmark.baseline for tool in found):
        raise Refused(f"{benchmark.baseline} is missing, and all ratios are to it")
    found.sort(key=lambda tool: (tool.name != benchmark.ours, tool.name != benchmark.baseline))
    return found


def _program_of(word, ours, script_directory):
    if word == OURS:
        return ours
    if word.startswith(BUILT):
        return _find_built(script_directory, word.removeprefix(BUILT))
    return shutil.which(word)


def _given_peers(texts):
    peers = {}
    for text in texts:
        name, _, command = text.partition("=")
        words = shlex.split(command)
        if not name or not words:
            raise Refused(f"--peer {text}: NAME=COMMAND is wanted")
        if "/" in words[0]:
            words[0] = given_path(words[0])
        peers[name] = tuple(words)
    return peers


def given_path(path):
    """Where a path is that the user typed."""
    # `bazel run` changes the directory; what the user typed is relative to where he typed it.
    return os.path.join(os.environ.get("BUILD_WORKING_DIRECTORY", os.getcwd()), path)


def is_optimised(tool):
    real = os.path.realpath(tool.command[0])
    return "-fastbuild" not in real and "-dbg" not in real
