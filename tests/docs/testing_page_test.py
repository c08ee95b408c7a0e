#!/usr/bin/env python3
"""What docs/reference/testing.md counts is so: "at least N" holds, and is not far from the truth.
And //tests:long runs all that no other run does."""

import builtins
import glob
import os
import re
import unittest

# The data are links to the real files, beside which the others are.
ROOT = os.path.dirname(os.path.dirname(os.path.realpath("tests/BUILD")))


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


class Rules(dict):
    """What the names in a BUILD file mean, which is read as the Python that it also is: rules that
    are noted, if they are of tests. What others return, such as glob(), does not matter here."""

    def __init__(self, note):
        super().__init__()
        self.note = note

    def __missing__(self, name):
        def rule(*_, **arguments):
            if name.endswith("_test") or name == "test_suite":
                self.note(name, arguments)
            return []
        if hasattr(builtins, name):
            raise KeyError(name)
        return rule


def rules_below(folder):
    """{label: (rule, arguments)} of all tests and suites of tests."""
    found = {}
    for path in sorted(glob.glob(f"{folder}/**/BUILD", root_dir=ROOT, recursive=True)):
        package = os.path.dirname(path)
        if package.startswith("tests/downstream/"):
            continue  # Other workspaces.

        def note(rule, arguments, package=package):
            found[f"//{package}:{arguments['name']}"] = rule, arguments

        text = re.sub(r"(\w+)\.keys\(\)", r"list(\1)", read(path))  # Which is a list there.
        exec(compile(text, path, "exec"), Rules(note))
    return found


RULES = rules_below("tests")
TESTS = {label: set(arguments.get("tags", []))
         for label, (rule, arguments) in RULES.items() if rule != "test_suite"}


def tagged(tag):
    return {label for label, tags in TESTS.items() if tag in tags}


def tests_of(suite):
    """Those of a suite, and of suites in it."""
    package = suite.split(":")[0]
    found = set()
    for label in RULES[suite][1]["tests"]:
        label = package + label if label.startswith(":") else label
        found |= {label} if label in TESTS else tests_of(label)
    return found


def tests_in_sources():
    return sum(len(re.findall(r"^(?:TYPED_)?TEST(?:_[FP])?\(", read(path), re.M))
               for path in glob.glob("tests/**/*.cpp", root_dir=ROOT, recursive=True))


# What the page calls it, and how many there are.
COUNTED = {
    "test targets": len(TESTS),
    "– only when asked for": len(tagged("manual")),
    "– also under the thread sanitizer": len(tagged("threads")),
    "– outside of Bazel's sandbox": len(tagged("local")),
    "tests in the sources": tests_in_sources(),
    "fuzzers": len(glob.glob("tests/fuzz/*_fuzz.cpp", root_dir=ROOT)),
    "reference hashes": sum(not line.startswith("#")
                            for line in read("tests/golden/spooky_v2.txt").splitlines()),
}


class TestingPage(unittest.TestCase):
    def test_it_counts_right(self):
        # | what, and more words | at least 1,600 | … |
        rows = re.findall(r"^\| ([^|,;]*)[^|]* \| at least ([0-9,]+) \|",
                          read("docs/reference/testing.md"), re.M)
        self.assertEqual([what.strip() for what, _ in rows], list(COUNTED))
        for what, number in rows:
            said, count = int(number.replace(",", "")), COUNTED[what.strip()]
            with self.subTest(what):
                self.assertGreaterEqual(count, said)
                self.assertLess(count, said * 1.25 + 3, "say more")

    def test_the_long_run_has_all_that_no_other_has(self):
        self.assertGreater(len(tagged("manual")), 10)
        self.assertEqual(tests_of("//tests:long"), tagged("manual"))


if __name__ == "__main__":
    unittest.main()
