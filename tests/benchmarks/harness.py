"""What the benchmarks share: options, tools, the course of a run, and where results go."""

import argparse
import dataclasses
import datetime
import json
import os
import pathlib
import shlex
import signal
import subprocess
import sys

import chart
import filesystems
import machine
import measure
import report
import syscalls
import tools

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
    # Whether a run makes a copy of the tree, "{copy}", which goes before the next.
    copies: bool = False
    # Whether a run compares the tree with "{copy}", which is made beside it, once.
    compares: bool = False
    # With `compares`: of how many files one is written anew before each run, which must then be
    # the same in the copy. 0: none is.
    changed_each: int = 0
    # What is counted in the output of a tool that changes nothing: this text; else its first word is
    # what it says. None: each says it in its own way.
    answer: str | None = ""
    # Whether a run makes one inode of files that are the same. The tree is made anew for the next.
    links: bool = False
    # Whether there is an older copy of the tree, "{previous}", which is made beside it, once.
    shares: bool = False
    # Whether a run punches holes into the one file of the tree, which then has to be made again.
    punches: bool = False
    filesystems: tuple = ("tmpfs", "ext4")


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
    except (tools.Refused, filesystems.Unavailable) as reason:
        print(f"{benchmark.name}: {reason}", file=sys.stderr)
        return 2
    except subprocess.CalledProcessError as failed:
        print(f"{benchmark.name}: {failed}", file=sys.stderr)
        return 1
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
    parser.add_argument("--filesystems", type=_list_of(benchmark.filesystems),
                        metavar="LIST", default=list(benchmark.filesystems), help="of %(default)s")
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
    programs = tools.programs(script_directory)
    chosen_tools = tools.find(benchmark, options, script_directory, _say)
    if options.syscalls and not syscalls.available():
        raise tools.Refused("--syscalls needs strace")
    chosen_trees = [tree.scaled(options.scale) for tree in benchmark.trees
                    if tree.name in options.trees]
    results = _description(benchmark, options, chosen_tools, chosen_trees)
    os.sync()
    with filesystems.private_mounts() as base:
        for filesystem in options.filesystems:
            for tree in chosen_trees:
                _measure(benchmark, options, programs, chosen_tools, filesystem, base, tree,
                         results)
    _write(options, results, _is_complete(benchmark, options, results))
    return 1 if any(f["tool"] == benchmark.ours for f in results["failures"]) else 0


def _measure(benchmark, options, programs, chosen_tools, filesystem, base, tree, results):
    try:
        with filesystems.mounted(filesystem, base,
                                 tree.entries * (1 + (benchmark.copies or benchmark.compares)
                                                   + benchmark.shares)) as where:
            if options.runs > 0:
                rounds = measure.Rounds(benchmark, programs, chosen_tools, filesystem, where,
                                        tree, options.patience, _say)
                rounds.run(tree.rounds(options.runs), warm_ups=0 if tree.for_memory else 1)
                results["samples"] += [dataclasses.asdict(s) for s in rounds.samples]
                results["failures"] += [dataclasses.asdict(f) for f in rounds.failures]
                _tree_result(results, tree.name).update(entries=rounds.made[0],
                                                        bytes=rounds.made[1])
            if options.syscalls and _counts_calls(options, filesystem, tree):
                counted = syscalls.count(programs, filesystem, where, tree, chosen_tools,
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


# Results. They are one dictionary, as it is stored: the page and the chart are made from it alone.

def _description(benchmark, options, chosen_tools, chosen_trees):
    return {
        "benchmark": benchmark.name,
        "title": benchmark.title,
        "about": benchmark.about,
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"),
        "command": _shown_command(benchmark, options),
        "runs": options.runs,
        "scale": options.scale,
        "optimised": all(tools.is_optimised(tool) for tool in chosen_tools
                         if tool.name == benchmark.ours),
        "machine": machine.description(),
        "filesystems": {},
        "ours": benchmark.ours,
        "baseline": benchmark.baseline,
        "deletes": benchmark.deletes or benchmark.punches or benchmark.links,
        "tools": [{"name": tool.name, "command": _without_directory(tool.on()),
                   "version": tool.version} for tool in chosen_tools],
        "trees": [{"name": t.name, "title": t.title, "rounds": t.rounds(options.runs)}
                  for t in chosen_trees],
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
    if options.filesystems != list(benchmark.filesystems):
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
            and set(results["filesystems"]) == set(benchmark.filesystems))


def _output_directory(options):
    if options.output:
        return pathlib.Path(tools.given_path(options.output))
    checkout = pathlib.Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", tools.ROOT))
    return checkout / "docs" / "benchmarks"


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
        raise tools.Refused(f"{source} does not exist: run without --render first")
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
