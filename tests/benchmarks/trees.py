"""The trees that are measured on, and how they are made."""

import dataclasses
import pathlib
import subprocess


@dataclasses.dataclass(frozen=True)
class Tree:
    name: str
    title: str
    shape: str
    # What is multiplied by --scale: directories, files or depth, by shape.
    size: int
    # The further numbers that make_tree wants for the shape.
    rest: tuple = ()
    # How many entries one unit of `size` brings.
    entries_each: float = 1
    # Rounds for every one that is asked for: short runs need more.
    repeat: int = 1
    # The tree is there for peak memory, which hardly varies; making it takes long.
    for_memory: bool = False

    def scaled(self, scale):
        return dataclasses.replace(self, size=max(4, round(self.size * scale)))

    @property
    def entries(self):
        """About how many; make_tree returns the exact number."""
        return int(self.size * self.entries_each) + 1

    def rounds(self, runs):
        return min(runs, 3) if self.for_memory else runs * self.repeat


COPIED = (
    Tree("wide", "1,000 directories of 100 files of 4 KiB", "wide", 1000, (100, 4096),
         entries_each=101),
    Tree("source", "a source-like mix of 75,000 files", "source", 75_000, (1,),
         entries_each=13 / 12),
    Tree("large", "four files of 512 MiB, one of them half holes", "large", 4, (512 << 20,)),
    Tree("million", "one directory of 1,000,000 empty files", "flat", 1_000_000, (0,),
         for_memory=True),
)

ZEROS = (
    Tree("long", "a file of 4 GiB, half zeros in runs of 1 MiB", "zeros", 2048, (1 << 20,),
         entries_each=0.01),
    Tree("short", "a file of 4 GiB, half zeros in runs of 64 KiB", "zeros", 32768, (64 << 10,),
         entries_each=0.01),
)

COMPARED = (
    Tree("wide", "1,000 directories of 100 files of 4 KiB", "wide", 1000, (100, 4096),
         entries_each=101),
    Tree("source", "a source-like mix of 75,000 files", "source", 75_000, (1,),
         entries_each=13 / 12),
)

LINKED = (
    Tree("linked", "1,000 directories of 100 files, 5,000 of them with two names", "linked", 1000,
         (100, 10), entries_each=101),
)

COPIES = (
    Tree("copies", "60,000 files of about 8 KiB, 30 % of them copies", "copies", 60_000, (1,),
         entries_each=1.01),
    Tree("twins", "40 files of 100 MiB, half of them copies", "twins", 40, (100 << 20,)),
)

ALL = (
    Tree("wide", "1,000 directories of 100 files", "wide", 1000, (100, 1024),
         entries_each=101),
    Tree("flat", "one directory of 100,000 files", "flat", 100_000, (1024,)),
    Tree("chain", "a chain of 2,000 directories", "chain", 2000, repeat=3),
    Tree("source", "a source-like mix of 75,000 files", "source", 75_000, (1,),
         entries_each=13 / 12),
    Tree("million", "one directory of 1,000,000 empty files", "flat", 1_000_000, (0,),
         for_memory=True),
)


def make(make_tree, tree, path):
    """Make the tree at path; return the number of entries and of bytes."""
    numbers = [str(n) for n in (tree.size, *tree.rest)]
    made = subprocess.run([make_tree, tree.shape, path, *numbers],
                          stdout=subprocess.PIPE, text=True, check=True)
    return tuple(int(n) for n in made.stdout.split())


def remove(path):
    """Remove what a tool left, if it left anything."""
    if pathlib.Path(path).exists():
        subprocess.run(["rm", "-rf", "--", path], check=True)
