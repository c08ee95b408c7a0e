#!/usr/bin/env python3
"""What others can depend on is what docs/reference/targets.md says, header by header, and brings
in no library but what docs/reference/dependencies.md allows it."""

import ast
import os
import re
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.realpath("third_party/BUILD")))
PUBLIC = ["//visibility:public"]


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def build_files(root):
    for folder, below, files in os.walk(root):
        below[:] = [name for name in below if not name.startswith((".", "bazel-"))]
        if "BUILD" in files:
            yield os.path.relpath(os.path.join(folder, "BUILD"), root)


def literal(node):
    """What a list is, were it `glob(…) + […]` or the like: the names that stand in it."""
    return [each.value for each in ast.walk(node) if isinstance(each, ast.Constant)]


def calls_of(text):
    """[(function, {argument: [literal]})] of a BUILD file, those of a comprehension included."""
    return [(node.func.id, {word.arg: literal(word.value) for word in node.keywords})
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]


def public_targets(package, text):
    """{label: headers} of what every package may use."""
    calls = calls_of(text)
    default = next((each["default_visibility"] for function, each in calls
                    if function == "package" and "default_visibility" in each), [])
    return {f"//{package}:{each['name'][0]}": each.get("hdrs", [])
            for function, each in calls
            if "name" in each and function not in ("load", "workspace")
            and each.get("visibility", default) == PUBLIC}


def targets_of_page():
    """{label: headers} of the rows `| @afio//label | headers | what |`."""
    found = {}
    for line in read("docs/reference/targets.md").splitlines():
        row = re.fullmatch(r"\| `@afio(//[^`]*)` \|([^|]*)\|([^|]*)\|", line)
        if not row:
            continue
        label, headers, what = row.groups()
        package = label[2:].split(":")[0]
        if ":" not in label:
            label += ":" + os.path.basename(package)
        assert label not in found, f"{label} twice"
        assert what.strip(), f"{label}: what is it?"
        found[label] = re.findall(r"`([^`]*)`", headers)
    return found


class Targets(unittest.TestCase):
    maxDiff = None

    def test_the_page_has_all_that_is_public_and_nothing_else(self):
        wanted = {}
        for path in build_files("."):
            package = os.path.dirname(path)
            for label, headers in public_targets(package, read(path)).items():
                wanted[label] = [os.path.join(package, name) for name in headers]
        self.assertGreater(len(wanted), 40)
        self.assertEqual(targets_of_page(), wanted)

    def test_no_package_is_left_out(self):
        # The data are links to the real files, beside which new ones would be.
        seen = set(build_files("."))
        for path in build_files(ROOT):
            if path in seen or path.startswith("tests/downstream/"):
                continue
            self.assertFalse(public_targets(os.path.dirname(path), read(os.path.join(ROOT, path))),
                             f"{path}: should be private, or in tests/downstream/BUILD")

    def test_what_is_called_everything_is(self):
        brought = set(read("tests/downstream/needs_of_algorithms").split())
        ours = {label for label in targets_of_page() if label.startswith("//algorithms")}
        self.assertEqual(ours - brought, set())

    def test_public_is_told_from_private(self):
        text = """
package(default_visibility = ["//visibility:public"])
cc_library(name = "a", hdrs = ["a.hpp"])
cc_library(name = "b", visibility = ["//visibility:private"])
[cc_library(name = n, visibility = ["//tests:__pkg__"]) for n in "cd"]
"""
        self.assertEqual(public_targets("p", text), {"//p:a": ["a.hpp"]})
        self.assertEqual(public_targets("p", text.replace("public", "private")), {})


def needs(query):
    """The repositories and the names of third_party in what a genquery printed."""
    labels = read("tests/downstream/needs_of_" + query).split()
    outside = {label.lstrip("@").split("//")[0].rstrip("+~") for label in labels
               if label.startswith("@")}
    wrapped = {label for label in labels if label.startswith("//third_party")}
    return outside, wrapped


class Needs(unittest.TestCase):
    def test_afio_brings_in_outcome_and_nothing_else(self):
        self.assertEqual(needs("afio"), ({"boost.outcome"}, {"//third_party:outcome"}))

    def test_a_tree_is_copied_and_deleted_without_more(self):
        # Of "platforms" nothing is linked: it names the processor.
        self.assertEqual(needs("copy_and_remove"),
                         ({"boost.outcome", "platforms"}, {"//third_party:outcome"}))

    def test_no_algorithm_brings_in_what_is_for_tools(self):
        self.assertEqual(needs("algorithms"),
                         ({"boost.outcome", "platforms", "range-v3"},
                          {"//third_party:outcome", "//third_party:range-v3"}))


if __name__ == "__main__":
    unittest.main()
