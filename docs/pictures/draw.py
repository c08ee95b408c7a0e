"""Draws the pictures beside it: each tool as it looks in a terminal. Needs tmux and built tools:

    ./bazelw build -c opt //cli:tools && python3 docs/pictures/draw.py [NAME…]
"""

import html
import pathlib
import re
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
TOOLS = HERE.parent.parent.resolve() / "bazel-bin/cli"
COLUMNS = 84

# Work that takes a second here is to take a few, so that progress is to be seen.
SLOW = """
slowly() { strace -qq -f -o /dev/null -e trace=openat2 -e inject=openat2:delay_enter=3000 "$@"; }
"""

PHOTOS = """
mkdir -p photos/2026 && echo one > photos/beach.jpg && echo two > photos/2026/snow.jpg
ln photos/beach.jpg photos/2026/same.jpg
"""

MANY = """
for i in {1..40}; do mkdir -p many/$i; for j in {1..60}; do head -c 20000 /dev/zero > many/$i/$j; done; done
"""

# name: (setup, what is typed, text to wait for, or None for the end of the last command)
SCENES = {
    "rmtree": (
        "mkdir -p build/lib && touch build/a.o build/lib/b.o && mkdir kept",
        ["afio-rmtree -n build", "afio-rmtree build missing", "afio-rmtree ."], None),
    "cptree-progress": (
        MANY + SLOW + f"afio-cptree() {{ slowly {TOOLS}/afio-cptree \"$@\"; }}",
        ["afio-cptree many copy"], r"[3-6]\d\d of ~?[\d,]+ entries"),
    "cptree": (
        PHOTOS, ["afio-cptree -v photos copy", "afio-cptree photos copy"], None),
    "mvtree": (
        PHOTOS + "mkdir archive", ["afio-mvtree -v photos archive/photos"], None),
    "diff": (
        PHOTOS + "cp -a photos copy; echo three > copy/2026/snow.jpg; rm copy/beach.jpg; "
                 "chmod 600 copy/2026/same.jpg",
        ["afio-diff photos copy", "afio-diff --metadata=none photos copy"], None),
    "diff-summary": (
        MANY + "cp -a many copy; rm -r copy/1 copy/2; touch copy/3/* copy/4/* copy/5/* copy/new; "
               "echo new > copy/6/1",
        ["afio-diff --summary many copy"], None),
    "hash": (
        PHOTOS, ["afio-hash photos > photos.spooky", "echo changed > photos/2026/snow.jpg",
                 "afio-hash --check photos.spooky"], None),
    "update": (
        PHOTOS + "cp -a photos copy; echo three > photos/2026/snow.jpg; touch copy/old.jpg",
        ["afio-update -n --delete photos copy", "afio-update --delete photos copy",
         "afio-diff photos copy && echo equal"], None),
    "clone": (
        "mkdir backup home; for i in {1..90}; do head -c 30000 /dev/urandom > home/$i; done",
        ["afio-clone --series backup home", "head -c 99999 /dev/urandom > home/7; sleep 1",
         "afio-clone --series backup home", "afio-clone --series backup --list"], None),
    "holes": (
        "truncate -s 64M disk.img; for at in 0 1 2 9 10 30 31 32 33; do head -c 1M /dev/urandom | "
        "dd of=disk.img bs=1M seek=$at conv=notrunc status=none; done; "
        "head -c 12M /dev/zero | dd of=disk.img bs=1M seek=40 conv=notrunc status=none",
        ["afio-holes map disk.img", "afio-holes punch -v disk.img", "afio-holes map disk.img"],
        None),
    "hardlinks": (
        PHOTOS + "ln photos/2026/snow.jpg elsewhere",
        ["afio-hardlinks photos", "afio-hardlinks --incomplete photos"], None),
    "dedupe": (
        PHOTOS + "cp photos/beach.jpg photos/copy.jpg; cp -a photos old",
        ["afio-dedupe -n photos old", "afio-dedupe --link=hard photos old"], None),
}

PALETTE = {  # A colour that can be read on light and on dark.
    "30": "black", "31": "red", "32": "green", "33": "yellow", "34": "blue", "35": "magenta",
    "36": "cyan", "90": "grey",
}

STYLE = """
.back { fill: #f6f8fa; stroke: #d1d9e0 } text { fill: #1f2328 } .prompt { fill: #59636e }
.red { fill: #cf222e } .green { fill: #1a7f37 } .yellow { fill: #b07800 } .blue { fill: #2f6fb3 }
.magenta { fill: #8a5cb8 } .cyan { fill: #4b9ac0 } .grey { fill: #a5adb5 }
@media (prefers-color-scheme: dark) {
  .back { fill: #12161c; stroke: #323a44 } text { fill: #e6e9ee } .prompt { fill: #98a2ae }
  .red { fill: #ff7b72 } .green { fill: #56d364 } .yellow { fill: #d99a2b }
  .blue { fill: #58a6ff } .magenta { fill: #bc8cff } .cyan { fill: #6fb7d6 } .grey { fill: #59636e }
}
"""

WIDE, HIGH, EDGE = 8.43, 18, 14  # Of a character at 14 pixels, a line, the border.


def plain(text):
    return re.sub(r"\x1b\[[\d;]*m", "", text)


class Terminal:
    def __init__(self, scratch, command):
        self.socket = f"{scratch}/.tmux"
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(COLUMNS), "-y", "40", command)

    def tmux(self, *arguments):
        return subprocess.run(["tmux", "-S", self.socket, *arguments], check=True,
                              stdout=subprocess.PIPE, text=True).stdout

    def type(self, line):
        self.tmux("send-keys", "-l", line)
        self.tmux("send-keys", "Enter")

    def lines(self):
        return self.tmux("capture-pane", "-e", "-p").rstrip("\n").split("\n")

    def wait_for(self, pattern):
        for _ in range(600):
            if re.search(pattern, plain("\n".join(self.lines()))):
                return
            time.sleep(0.05)
        raise TimeoutError(pattern)


def play(setup, typed, wanted):
    """What the terminal shows after these commands."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as scratch:
        rc = pathlib.Path(scratch, ".rc")
        rc.write_text(f"PS1='$ '\nPATH={TOOLS}:$PATH\nunset NO_COLOR\ncd {scratch}\n{setup}\nclear\n")
        terminal = Terminal(scratch, f"bash --rcfile {rc}")
        try:
            terminal.wait_for(r"^\$ ?$")
            for number, command in enumerate(typed):
                terminal.type(command)
                last = number == len(typed) - 1
                terminal.wait_for(wanted if last and wanted else
                                  r"(\$ [^\n]*\n(.*\n)*){%d}\$ ?$" % (number + 1))
            lines = terminal.lines()
        finally:
            terminal.tmux("kill-server")
    if re.fullmatch(r"\$ ?", plain(lines[-1])):
        lines.pop()
    return lines


def runs_of(line):
    """(column, text, colour) of what is written alike."""
    column, colour = 0, None
    for code, text in re.findall(r"(?:\x1b\[([\d;]*)m)|([^\x1b]+)", line):
        if text:
            yield column, text, colour
            column += len(text)
        else:
            colour = next((PALETTE[c] for c in code.split(";") if c in PALETTE), None)


def svg_of(lines, label):
    wide, high = round(COLUMNS * WIDE + 2 * EDGE), len(lines) * HIGH + 2 * EDGE
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="{wide}" '
             f'height="{high}" role="img" aria-label="{html.escape(label)}" '
             'font-family="ui-monospace, Menlo, Consolas, \'DejaVu Sans Mono\', monospace" '
             f'font-size="14"><style>{STYLE}</style>',
             f'<rect class="back" x=".5" y=".5" width="{wide - 1}" height="{high - 1}" rx="8"/>']
    for row, line in enumerate(lines):
        for column, text, colour in runs_of(line):
            prompt = column == 0 and text.startswith("$ ")
            style = f' class="{colour or "prompt"}"' if colour or prompt else ""
            if text.strip():
                parts.append(
                    f'<text{style} xml:space="preserve" x="{EDGE + column * WIDE:.1f}" '
                    f'y="{EDGE + row * HIGH + 14}" textLength="{len(text) * WIDE:.1f}" '
                    f'lengthAdjust="spacingAndGlyphs">{html.escape(text, quote=False)}</text>')
    return "\n".join(parts) + "\n</svg>\n"


def main(names):
    for name in names or SCENES:
        setup, typed, wanted = SCENES[name]
        lines = play(setup, typed, wanted)
        (HERE / f"{name}.svg").write_text(svg_of(lines, f"A terminal: {typed[-1]}"))
        print(plain("\n".join(lines)) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
