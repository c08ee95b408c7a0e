"""What the tools print with --json is what its schema says, and so are the examples of its page."""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import jsonschema

PAGE = pathlib.Path("docs/reference/json-events.md").read_text()
SCHEMA = json.loads(pathlib.Path("docs/reference/json-events.schema.json").read_text())
TOOLS = sorted(name for name in SCHEMA["$defs"] if name.startswith("afio-"))
BINARIES = pathlib.Path("cli").absolute()

# What has to happen to be told, and is not made to happen here.
UNUSUAL = {"left_behind", "put_back", "lost", "skipped", "shared"}


def once(pairs):
    members = dict(pairs)
    assert len(members) == len(pairs), f"a member occurs twice: {pairs}"
    return members


def validator(name):
    # Whatever the schema does not know of is an error here: it has to be described.
    strict = {**SCHEMA, "$ref": f"#/$defs/{name}", "unevaluatedProperties": False}
    return jsonschema.Draft202012Validator(strict)


def events_in(text):
    return [json.loads(line, object_pairs_hook=once) for line in text.splitlines()]


def events_of(tool):
    return [one["$ref"].rsplit("/", 1)[1] for one in SCHEMA["$defs"][tool]["anyOf"]]


class JsonSchema(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.at = pathlib.Path(scratch.name)
        self.seen = {}

    def make(self, *names):
        for name in names:
            path = self.at / os.fsdecode(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("text")

    def run_tool(self, tool, *arguments, status=0):
        done = subprocess.run([BINARIES / tool, "--json", *arguments], cwd=self.at,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, status, f"{tool} {arguments}: {done.stderr}")
        events = events_in(done.stdout)
        self.assertEqual(events[-1]["type"], "summary")
        self.expect_valid(tool, events)

    def expect_valid(self, tool, events):
        of_tool = validator(tool)
        kinds = {name: validator(name) for name in events_of(tool)}
        for event in events:
            of_tool.validate(event)
            for name, kind in kinds.items():
                if kind.is_valid(event):
                    self.seen.setdefault(tool, set()).add(name)

    def test_every_event_of_every_tool(self):
        self.make("a/one", "a/d/two", b"a/n\xff", "b/one", "b/old", "base/one", "base/both")
        (self.at / "a/link").symlink_to("one")
        os.link(self.at / "a/one", self.at / "a/d/three")
        os.utime(self.at / "base/one", (1, 1))
        (self.at / "b/link").mkdir()
        (self.at / "b/one").write_text("changed")
        self.run_tool("afio-cptree", "a", "copy")
        self.run_tool("afio-cptree", "--merge", "a", "copy")
        self.run_tool("afio-cptree", "missing", "other", status=1)
        self.run_tool("afio-diff", "a", "b", status=1)
        self.run_tool("afio-diff", "a", "missing", status=2)
        self.run_tool("afio-diff", "--base", "base", "a", "b", status=1)
        self.run_tool("afio-hash", "a", "b")
        self.run_tool("afio-hash", "missing", status=1)
        listed = subprocess.run([BINARIES / "afio-hash", "b/one"], cwd=self.at,
                                stdout=subprocess.PIPE, check=True).stdout
        (self.at / "list").write_bytes(listed)
        self.run_tool("afio-hash", "--check", "list")
        self.run_tool("afio-update", "--base", "base", "a", "b", status=3)
        self.run_tool("afio-update", "--delete", "a", "b", status=0)
        (self.at / "b/one").rename(self.at / "b/renamed")
        os.utime(self.at / "b/d/two", (1, 1))
        self.run_tool("afio-update", "--delete", "--detect-moves", "a", "b")
        self.run_tool("afio-update", "missing", "b", status=1)
        os.mkdir(self.at / "series")
        self.run_tool("afio-clone", "--series", "series", "a")
        self.run_tool("afio-clone", "--series", "series", "--keep", "1", "a")
        self.run_tool("afio-clone", "--series", "series", "--list")
        self.run_tool("afio-clone", "--series", "missing", "a", status=1)
        with open(self.at / "zeros", "wb") as zeros:
            zeros.write(b"data" + bytes(1 << 20))
        self.run_tool("afio-holes", "list", "zeros")
        self.run_tool("afio-holes", "punch", "zeros")
        self.run_tool("afio-holes", "list", "missing", status=1)
        self.run_tool("afio-hardlinks", "a")
        self.run_tool("afio-hardlinks", "missing", status=1)
        self.make("same/1", "same/2")
        self.run_tool("afio-dedupe", "--link=hard", "--match=none", "same")
        self.run_tool("afio-dedupe", "missing", status=2)
        self.run_tool("afio-mvtree", "copy", "moved")
        self.run_tool("afio-mvtree", "missing", "other", status=1)
        self.run_tool("afio-rmtree", "moved", "missing", status=1)
        for tool in TOOLS:
            wanted = set(events_of(tool)) - UNUSUAL
            if tool == "afio-mvtree":  # Between file systems only.
                wanted -= {"created", "replaced", "linked", "deleted"}
            with self.subTest(tool):
                self.assertEqual(wanted - self.seen.get(tool, set()), set(), "never told")

    def test_the_page_has_an_example_of_each_tool(self):
        # "$ afio-x … --json …", then what that prints.
        blocks = re.findall(r"^```\w*\n\$ (afio-\w+) (.*?)^```", PAGE, re.M | re.S)
        self.assertEqual(sorted(tool for tool, _ in blocks), TOOLS)
        for tool, text in blocks:
            with self.subTest(tool):
                self.expect_valid(tool, events_in(text.split("\n", 1)[1]))


if __name__ == "__main__":
    unittest.main()
