"""What the benchmarks share: options, tools, the course of a run, and where results go."""

import argparse
import dataclasses
import datetime
import json
import os
import pathlib
import shlex
import shutil
import signal
import sys

import chart
import filesystems
import machine
import measure
import report
import syscalls
import trees

HERE = pathlib.Path(os.path.abspath(__file__)).parent
ROOT = HERE.parent.parent

# Fewer rounds than this say little on a machine that does other things too.
FEWEST_RUNS = 5


@dataclasses.dataclass(frozen=True)
class Benchmark:
    name: str
    title: str
    about: str
    # Whose figures the targets are for, where Bazel builds it, and how it is called after that.
    ours: str
    program: str
    arguments: tuple
    # The tool that all ratios are to.
    baseline: str
    # Everything we compare with that is worth running where it is installed: {name: command}.
    peers: dict
    # Whether a run deletes the tree, which then has to be made again for the next.
    deletes: bool
    trees: tuple
    # [{"tree", "filesystem", "ratio"} or {"tree", "filesystem", "peak_mib"}, ...]
    targets: tuple


@dataclasses.dataclass(frozen=True)
class Programs:
    make_tree: str
    measure: str


class Refused(Exception):
    """The run can't start; the text says why."""


def main(benchmark, script):
    """Run the benchmark as the command line says; return the exit status."""
    # So that a `kill` unmounts and unlinks just as Ctrl-C does.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    options = _parse(benchmark)
    try:
        if options.render:
            return _render_again(benchmark, options)
        return _run(benchmark, options, pathlib.Path(os.path.abspath(script)).parent)
    except (Refused, filesystems.Unavailable) as reason:
        print(f"{benchmark.name}: {reason}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"{benchmark.name}: interrupted; everything is cleaned up", file=sys.stderr)
        return 130


def _parse(benchmark):
    parser = argparse.ArgumentParser(prog=benchmark.name, description=benchmark.title)
    parser.add_argument("--runs", type=int, default=7, metavar="N",
                        help="rounds that count, after one that does not (%(default)s); with 0 "
                             "and --syscalls, only count system calls")
    parser.add_argument("--trees", type=_list_of([t.name for t in benchmark.trees]), metavar="LIST",
                        default=[t.name for t in benchmark.trees],
                        help="of %(default)s")
    parser.add_argument("--filesystems", type=_list_of(filesystems.NAMES), metavar="LIST",
                        default=list(filesystems.NAMES), help="of %(default)s")
    parser.add_argument("--scale", type=float, default=1, metavar="X",
                        help="make the trees larger or smaller by this factor")
    parser.add_argument("--patience", type=float, default=30, metavar="SECONDS",
                        help="how long each run waits for the machine to be idle (%(default)s)")
    parser.add_argument("--threads", type=int, default=2, metavar="N",
                        help=f"for {benchmark.ours} (%(default)s)")
    parser.add_argument("--tool", metavar="PATH",
                        help=f"the {benchmark.ours} to measure, if not the one just built")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=COMMAND",
                        help="a further tool, or another command for a known one; {tree} and "
                             "{empty} (an empty directory) are replaced, a missing {tree} is "
                             "appended")
    parser.add_argument("--peers", type=lambda text: text.split(","), metavar="LIST",
                        help="compare with these only (default: all that are installed)")
    parser.add_argument("--syscalls", action="store_true",
                        help="count system calls too, with strace on small trees")
    parser.add_argument("--output", metavar="DIR",
                        help="where results go (default: docs/benchmarks, for complete runs)")
    parser.add_argument("--render", action="store_true",
                        help="only write the page and chart again, from the raw values")
    return parser.parse_args()


def _list_of(allowed):
    def parse(text):
        names = text.split(",")
        for name in names:
            if name not in allowed:
                raise argparse.ArgumentTypeError(f"{name} is none of {', '.join(allowed)}")
        return names
    return parse


def _run(benchmark, options, script_directory):
    programs = Programs(_built(script_directory, "tests/benchmarks/make_tree"),
                        _built(script_directory, "tests/benchmarks/measure"))
    tools = _tools(benchmark, options, script_directory)
    if options.syscalls and not syscalls.available():
        raise Refused("--syscalls needs strace")
    chosen = [tree.scaled(options.scale) for tree in benchmark.trees if tree.name in options.trees]
    results = _description(benchmark, options, tools, chosen)
    os.sync()
    with filesystems.private_mounts() as base:
        for filesystem in options.filesystems:
            for tree in chosen:
                _measure(benchmark, options, programs, tools, filesystem, base, tree, results)
    _write(options, results, _is_complete(benchmark, options, results))
    return 1 if any(f["tool"] == benchmark.ours for f in results["failures"]) else 0


def _measure(benchmark, options, programs, tools, filesystem, base, tree, results):
    try:
        with filesystems.mounted(filesystem, base, tree.entries) as where:
            if options.runs > 0:
                rounds = measure.Rounds(benchmark, programs, tools, filesystem, where, tree,
                                        options.patience, _say)
                rounds.run(tree.rounds(options.runs), warm_ups=0 if tree.for_memory else 1)
                results["samples"] += [dataclasses.asdict(s) for s in rounds.samples]
                results["failures"] += [dataclasses.asdict(f) for f in rounds.failures]
                _tree_result(results, tree.name).update(entries=rounds.made[0],
                                                        bytes=rounds.made[1])
            if options.syscalls and _counts_calls(options, filesystem, tree):
                counted = syscalls.count(programs, filesystem, where, tree, tools,
                                         benchmark.deletes)
                results["syscalls"] += [dataclasses.asdict(c) for c in counted]
        results["filesystems"].setdefault(filesystem, filesystems.description(filesystem))
    except filesystems.Unavailable as reason:
        _say(f"{filesystem} is left out: {reason}")


def _counts_calls(options, filesystem, tree):
    # The calls are the same on every file system, and on the tree that is there for its size.
    return filesystem == options.filesystems[-1] and not tree.for_memory


def _say(text):
    print(text, file=sys.stderr, flush=True)


# Tools.

def _find_built(script_directory, target):
    # Beside the script when Bazel runs it; in bazel-bin when it is started from a checkout.
    for root in (script_directory.parent.parent, ROOT, ROOT / "bazel-bin"):
        path = root / target
        if path.is_file() and os.access(path, os.X_OK):
            # The next build may point bazel-bin elsewhere while we run.
            return os.path.realpath(path)
    return None


def _built(script_directory, target):
    path = _find_built(script_directory, target)
    if path is None:
        raise Refused(f"{target} is not built: ./bazelw build -c opt //tests/benchmarks/...")
    return path


def _tools(benchmark, options, script_directory):
    """Ours first, then each peer that is wanted and installed."""
    peers = dict(benchmark.peers)
    for text in options.peer:
        name, _, command = text.partition("=")
        if not name or not command:
            raise Refused(f"--peer {text}: NAME=COMMAND is wanted")
        peers[name] = tuple(shlex.split(command))
    tools = []
    # A peer by our name takes our place: so the harness can be tried without our tool.
    if benchmark.ours not in peers:
        program = _given_path(options.tool) if options.tool else _find_built(script_directory,
                                                                             benchmark.program)
        if program is None:
            raise Refused(f"{benchmark.program} is not built: give --tool PATH")
        peers = {benchmark.ours: (program, *benchmark.arguments), **peers}
    for name, command in peers.items():
        if options.peers and name not in (benchmark.ours, benchmark.baseline, *options.peers):
            continue
        program = shutil.which(command[0])
        if program is None:
            _say(f"{name} is left out: {command[0]} is not installed")
            continue
        words = [word.replace("{threads}", str(options.threads)) for word in command[1:]]
        if not any("{tree}" in word for word in words):
            words.append("{tree}")
        tools.append(measure.Tool(name, (os.path.abspath(program), *words),
                                  machine.version_of(program)))
    tools.sort(key=lambda tool: (tool.name != benchmark.ours, tool.name != benchmark.baseline))
    return tools


def _given_path(path):
    # `bazel run` changes the directory; what the user typed is relative to where he typed it.
    return os.path.join(os.environ.get("BUILD_WORKING_DIRECTORY", os.getcwd()), path)


def _is_optimised(path):
    real = os.path.realpath(path)
    return "-fastbuild" not in real and "-dbg" not in real


# Results. They are one dictionary, as it is stored: the page and the chart are made from it alone.

def _description(benchmark, options, tools, chosen):
    return {
        "benchmark": benchmark.name,
        "title": benchmark.title,
        "about": benchmark.about,
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"),
        "command": _shown_command(benchmark, options),
        "runs": options.runs,
        "scale": options.scale,
        "optimised": all(_is_optimised(t.command[0]) for t in tools if t.name == benchmark.ours),
        "machine": machine.description(),
        "filesystems": {},
        "ours": benchmark.ours,
        "baseline": benchmark.baseline,
        "deletes": benchmark.deletes,
        "tools": [{"name": t.name, "command": _without_directory(t.on()), "version": t.version}
                  for t in tools],
        "trees": [{"name": t.name, "title": t.title, "rounds": t.rounds(options.runs)}
                  for t in chosen],
        "targets": list(benchmark.targets),
        "samples": [],
        "failures": [],
        "syscalls": [],
    }


def _tree_result(results, name):
    return next(tree for tree in results["trees"] if tree["name"] == name)


def _without_directory(command):
    return " ".join([os.path.basename(command[0]), *command[1:]])


def _shown_command(benchmark, options):
    """How to repeat the run, without the places where this machine keeps its programs."""
    words = [f"--runs={options.runs}"]
    if options.trees != [t.name for t in benchmark.trees]:
        words.append("--trees=" + ",".join(options.trees))
    if options.filesystems != list(filesystems.NAMES):
        words.append("--filesystems=" + ",".join(options.filesystems))
    if options.scale != 1:
        words.append(f"--scale={options.scale:g}")
    if options.threads != 2:
        words.append(f"--threads={options.threads}")
    for text in options.peer:
        name, _, command = text.partition("=")
        words.append("--peer=" + shlex.quote(f"{name}={_without_directory(shlex.split(command))}"))
    if options.peers:
        words.append("--peers=" + ",".join(options.peers))
    if options.syscalls:
        words.append("--syscalls")
    return f"./bazelw run -c opt //tests/benchmarks:{benchmark.name} -- " + " ".join(words)


def _is_complete(benchmark, options, results):
    return (options.runs >= FEWEST_RUNS and options.scale == 1 and results["optimised"]
            and len(options.trees) == len(benchmark.trees) and not options.peers
            and set(results["filesystems"]) == set(filesystems.NAMES))


def _output_directory(options):
    if options.output:
        return pathlib.Path(_given_path(options.output))
    return pathlib.Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", ROOT)) / "docs" / "benchmarks"


def _write(options, results, complete):
    page = report.page(results)
    if not options.output and not complete:
        # The figures that the project shows are not replaced by those of a trial.
        print(page)
        _say("nothing is written: not a complete, optimised run, and no --output")
        return
    directory = _output_directory(options)
    directory.mkdir(parents=True, exist_ok=True)
    name = results["benchmark"]
    (directory / f"{name}.json").write_text(_json(results), encoding="utf-8")
    (directory / f"{name}.md").write_text(page, encoding="utf-8")
    (directory / f"{name}.svg").write_text(chart.svg(results), encoding="utf-8")
    _say(f"written: {directory / name}.md, .svg and .json")


def _render_again(benchmark, options):
    source = _output_directory(options) / f"{benchmark.name}.json"
    if not source.exists():
        raise Refused(f"{source} does not exist: run without --render first")
    options.output = str(source.parent)
    _write(options, json.loads(source.read_text(encoding="utf-8")), complete=True)
    return 0


def _json(results):
    """One line for a sample, so that the file can be read and compared by line."""
    head = {key: value for key, value in results.items()
            if key not in ("samples", "failures", "syscalls")}
    text = json.dumps(head, indent=2, ensure_ascii=False).rstrip("}\n")
    for key in ("samples", "failures", "syscalls"):
        lines = ",\n".join("    " + json.dumps(row, ensure_ascii=False) for row in results[key])
        text += f',\n  "{key}": [' + (f"\n{lines}\n  ]" if lines else "]")
    return text + "\n}\n"
