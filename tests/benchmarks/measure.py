"""Runs tools in turn, over and over, and keeps what each run cost."""

import collections
import dataclasses
import hashlib
import os
import pathlib
import statistics
import subprocess

import machine
import trees

TREE = "tree"
EMPTY = "empty"
COPY = "copy"
PREVIOUS = "previous"


@dataclasses.dataclass(frozen=True)
class Tool:
    name: str
    # "{tree}" stands for the tree, "{empty}" for an empty directory, "{copy}" for what is made,
    # "{previous}" for an older one.
    command: tuple
    version: str = ""

    @property
    def keeps_root(self):
        # It makes the tree like the empty directory, which is not to remove it.
        return any("{empty}" in word for word in self.command)

    def on(self, tree=TREE, empty=EMPTY):
        return [word.replace("{tree}", tree).replace("{empty}", empty).replace("{copy}", COPY)
                .replace("{previous}", PREVIOUS) for word in self.command]


@dataclasses.dataclass(frozen=True)
class Sample:
    filesystem: str
    tree: str
    round: int
    tool: str
    wall: float
    user: float
    system: float
    peak_kib: int
    # Processor time that was spent meanwhile and not by the tool: kernel threads that write and
    # free for it, or another program on the machine.
    background: float
    # Whether the machine was idle when the run began.
    undisturbed: bool


@dataclasses.dataclass(frozen=True)
class Failure:
    filesystem: str
    tree: str
    tool: str
    reason: str


class ToolFailed(Exception):
    pass


def run_once(measure, tool, where):
    """Run the tool once in the directory `where`: wall, user, system, peak and background cost."""
    busy = machine.busy_seconds()
    done = subprocess.run([measure, *tool.on()], cwd=where, text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    busy = machine.busy_seconds() - busy
    if done.returncode != 0:
        raise ToolFailed(done.stderr.strip())
    wall, user, system, peak, status = (int(n) for n in done.stdout.split())
    if status != 0:
        said = done.stderr.strip().splitlines()
        raise ToolFailed(f"exit status {status}" + (f": {said[0][:200]}" if said else ""))
    background = max(0, round(busy - (user + system) / 1e6, 3))
    return wall / 1e9, user / 1e6, system / 1e6, peak, background


def answer(tool, where, counted):
    """What the tool counted: the first word that it prints, or how often that text is in there."""
    done = subprocess.run(tool.on(), cwd=where, text=True, check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL)
    if counted:
        return str(done.stdout.count(counted))
    return (done.stdout.split() or [f"nothing, and exit status {done.returncode}"])[0]


def settle(where, patience, say):
    """Wait until the kernel is done with the tree, and others are idle; return whether they are."""
    subprocess.run(["sync", "--file-system", where], check=True)
    # Inodes are freed, and the journal's thread works, some time after the call that asked for it.
    # And a tool with two threads loses more than one with one when someone else is at work.
    return machine.wait_until_idle(window=0.15, patience=patience, say=say)


def left_behind(tool, tree):
    """What a tool that deletes has left and should not have, in words; empty if all is gone."""
    if not os.path.lexists(tree):
        return ""
    if entries := len(os.listdir(tree)):
        return f"{entries} entries"
    return "" if tool.keeps_root else "the root"


def missing_from(copy, tree):
    """What a tool that copies has not copied, in words; empty if all is there."""
    inside = [sum(1 for _ in os.walk(root)) for root in (tree, copy)]
    files = [sum(len(files) for _, _, files in os.walk(root)) for root in (tree, copy)]
    if inside[0] == inside[1] and files[0] == files[1]:
        return ""
    return f"{inside[1]} directories and {files[1]} files of {inside[0]} and {files[0]}"


def change(tree, each, number):
    """Write one file in so many anew, with the same size and other bytes."""
    for count, path in enumerate(files_of(tree)):
        if count % each == 0:
            was = path.stat()
            path.write_bytes((f"{number} {count} ".encode() * (was.st_size // 3 + 1))[:was.st_size])
            # rsync compares whole seconds.
            os.utime(path, (was.st_mtime + 10, was.st_mtime + 10))


def files_of(tree):
    for root, _, names in sorted(os.walk(tree)):
        for name in sorted(names):
            yield pathlib.Path(root, name)


def not_updated(copy, tree, each):
    """Of the files written anew, one that is not the same in the copy; empty if all are."""
    for count, path in enumerate(files_of(tree)):
        same = count % each or (copy / path.relative_to(tree)).read_bytes() == path.read_bytes()
        if not same:
            return str(path.relative_to(tree))
    return ""


def not_punched(file):
    """How much of a file that is half zeros takes room still, in words; empty if half does."""
    subprocess.run(["sync", "--file-system", file], check=True)
    status = file.stat()
    share = status.st_blocks * 512 / status.st_size
    return "" if share < 0.51 else f"{share:.0%} of the file"


def still_apart(tree):
    """Of files that are the same, which have not become one inode, in words; empty if all have."""
    inodes, contents = set(), set()
    for path in files_of(tree):
        inode = path.stat().st_ino
        if inode not in inodes:
            inodes.add(inode)
            with open(path, "rb") as file:
                contents.add(hashlib.file_digest(file, "blake2b").digest())
    extra = len(inodes) - len(contents)
    return f"{extra} copies" if extra else ""


class Rounds:
    """All rounds of all tools over one tree on one file system."""

    def __init__(self, benchmark, programs, tools, filesystem, where, tree, patience, say):
        self.benchmark = benchmark
        self.programs = programs
        self.tools = collections.deque(tools)
        self.filesystem = filesystem
        self.where = pathlib.Path(where)
        self.tree = tree
        self.patience = patience
        self.say = say
        self.samples = []
        self.failures = []
        self.made = None
        self.changes = 0

    def run(self, rounds, warm_ups):
        (self.where / EMPTY).mkdir(exist_ok=True)
        self._make()
        b = self.benchmark
        changes = b.deletes or b.copies or b.punches or b.links
        if not changes and b.answer is not None:
            self._compare_answers()
        for number in range(-warm_ups, rounds):
            for tool in list(self.tools):
                self._measure(tool, number)
            # Whoever comes first finds another cache and another clock than who comes second.
            self.tools.rotate(-1)

    def _make(self):
        path = self.where / TREE
        if not path.exists():
            self.made = trees.make(self.programs.make_tree, self.tree, str(path))
            if self.benchmark.compares:
                subprocess.run(["cp", "-a", TREE, COPY], cwd=self.where, check=True)
            if self.benchmark.shares:
                subprocess.run(["cp", "-a", TREE, PREVIOUS], cwd=self.where, check=True)

    def _compare_answers(self):
        # A tool that counts something else must not look fast.
        answers = {tool: answer(tool, self.where, self.benchmark.answer) for tool in self.tools}
        expected = next(said for tool, said in answers.items()
                        if tool.name == self.benchmark.baseline)
        for tool, said in answers.items():
            if said != expected:
                self._failed(tool, f"says {said} where {self.benchmark.baseline} says {expected}")

    def _measure(self, tool, number):
        self._make()
        if self.benchmark.changed_each:
            self.changes += 1
            change(self.where / TREE, self.benchmark.changed_each, self.changes)
        undisturbed = settle(str(self.where), self.patience, self.say)
        try:
            sample = self._sample(tool, number, undisturbed)
        except ToolFailed as failed:
            self._failed(tool, str(failed))
            return
        finally:
            if self.benchmark.deletes or self.benchmark.punches or self.benchmark.links:
                trees.remove(str(self.where / TREE))
            if self.benchmark.copies:
                trees.remove(str(self.where / COPY))
        if number >= 0:
            self.samples.append(sample)
        name = tool.name if number >= 0 else f"{tool.name} (warm-up)"
        self.say(f"{self.filesystem:6} {self.tree.name:8} {number + 1:3}  {name:24}"
                 f" {sample.wall:8.4f} s {sample.peak_kib / 1024:7.1f} MiB")

    def _sample(self, tool, number, undisturbed):
        costs = run_once(self.programs.measure, tool, self.where)
        if self.benchmark.deletes and (left := left_behind(tool, self.where / TREE)):
            raise ToolFailed(f"left {left}, and said that all was well")
        if self.benchmark.copies and number < 0 and (made := missing_from(self.where / COPY,
                                                                          self.where / TREE)):
            raise ToolFailed(f"made {made}, and said that all was well")
        if self.benchmark.punches and (left := not_punched(self.where / TREE / "file")):
            raise ToolFailed(f"left {left}, and said that all was well")
        if self.benchmark.links and number < 0 and (apart := still_apart(self.where / TREE)):
            raise ToolFailed(f"left {apart}, and said that all was well")
        each = self.benchmark.changed_each
        if each and (old := not_updated(self.where / COPY, self.where / TREE, each)):
            raise ToolFailed(f"did not update {old}, and said that all was well")
        return Sample(self.filesystem, self.tree.name, number, tool.name, *costs, undisturbed)

    def _failed(self, tool, reason):
        # Once is enough: a tool that can't do this tree is left out of its further rounds, and
        # what it did in earlier ones is no result.
        self.failures.append(Failure(self.filesystem, self.tree.name, tool.name, reason))
        self.samples = [s for s in self.samples if s.tool != tool.name]
        self.tools.remove(tool)
        self.say(f"{self.filesystem:6} {self.tree.name:8}      {tool.name}: {reason}")


@dataclasses.dataclass(frozen=True)
class Summary:
    """What the rounds of one tool on one tree and file system come to."""
    median: float
    low: float
    high: float
    # To the baseline in the same round; None for a tool or baseline without a result.
    ratio: float | None
    ratio_low: float | None
    ratio_high: float | None
    user: float
    system: float
    peak_kib: int
    background: float

    @property
    def kernel_share(self):
        busy = self.user + self.system
        return self.system / busy if busy else 0

    @property
    def processors(self):
        """How many the tool kept busy, and how many others did meanwhile."""
        return (self.user + self.system) / self.median, self.background / self.median


def summarise(samples, baseline):
    """Return {(filesystem, tree, tool): Summary}."""
    groups = collections.defaultdict(list)
    base = {}
    for sample in samples:
        groups[sample.filesystem, sample.tree, sample.tool].append(sample)
        if sample.tool == baseline:
            base[sample.filesystem, sample.tree, sample.round] = sample.wall
    return {key: _summary(group, base) for key, group in groups.items()}


def _summary(group, base):
    walls = [s.wall for s in group]
    # Round by round: a slow minute of the machine then slows both sides of the ratio.
    ratios = [s.wall / base[s.filesystem, s.tree, s.round]
              for s in group if (s.filesystem, s.tree, s.round) in base]
    return Summary(
        median=statistics.median(walls), low=min(walls), high=max(walls),
        ratio=statistics.median(ratios) if ratios else None,
        ratio_low=min(ratios, default=None), ratio_high=max(ratios, default=None),
        # Means: the kernel looks once a tick which of the two it is, too coarse for one short run.
        user=statistics.fmean(s.user for s in group),
        system=statistics.fmean(s.system for s in group),
        peak_kib=max(s.peak_kib for s in group),
        background=statistics.fmean(s.background for s in group))
