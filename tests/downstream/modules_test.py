#!/usr/bin/env python3
"""What is said of dependencies in MODULE.bazel, repositories.bzl, debian-packages.txt and
docs/reference/dependencies.md is the same everywhere. Bazel 4 reads no MODULE.bazel, so this does:
it is Starlark, and as far as these files go, Python."""

import ast
import filecmp
import os
import re
import subprocess
import unittest

# A module's name, as in dependencies.md, and what follows from its row.
COLUMNS = ("module", "package", "in_debian", "floor", "user", "why")

NONE = "–"


def calls_of(path):
    """[(function, {argument: literal})] of a MODULE.bazel. Anything else in it is an error."""
    calls = []
    for statement in ast.parse(read(path), path).body:
        if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Call):
            raise ValueError(f"{path}:{statement.lineno}: not a call")
        call = statement.value
        if call.args:
            raise ValueError(f"{path}:{statement.lineno}: an argument without a name")
        arguments = {word.arg: ast.literal_eval(word.value) for word in call.keywords}
        calls.append((call.func.id, arguments))
    return calls


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def arguments_of(path, function):
    return [arguments for name, arguments in calls_of(path) if name == function]


def rows_of_page():
    rows = {}
    for line in read("docs/reference/dependencies.md").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and len(cells) == len(COLUMNS) and cells[0] != COLUMNS[0]:
            rows[cells[0]] = dict(zip(COLUMNS, cells))
    return rows


def system_libraries():
    """{repository: package} of the list that afio_dependencies() goes over."""
    tree = ast.parse(read("third_party/repositories.bzl"))
    (function,) = (each for each in tree.body
                   if isinstance(each, ast.FunctionDef) and each.name == "afio_dependencies")
    (loop,) = (each for each in function.body if isinstance(each, ast.For))
    return {name: package for name, _, package in ast.literal_eval(loop.iter)}


def debian_packages():
    lines = read("third_party/debian-packages.txt").splitlines()
    return {word for line in lines for word in line.split("#")[0].split()}


def is_debian_12():
    try:
        lines = read("/etc/os-release").splitlines()
    except FileNotFoundError:
        return False
    return "ID=debian" in lines and 'VERSION_ID="12"' in lines


class Dependencies(unittest.TestCase):
    rows = rows_of_page()

    def test_the_page_has_what_the_module_needs_and_nothing_else(self):
        wanted = {each["name"]: each["version"] for each in arguments_of("MODULE.bazel", "bazel_dep")}
        self.assertEqual({name: row["floor"] for name, row in self.rows.items()}, wanted)

    def test_what_tests_alone_need_is_not_the_users(self):
        for each in arguments_of("MODULE.bazel", "bazel_dep"):
            self.assertEqual(each.get("dev_dependency", False),
                             self.rows[each["name"]]["user"] == "tests/", each["name"])

    def test_afio_says_which_bazel_it_needs(self):
        function, module = calls_of("MODULE.bazel")[0]
        self.assertEqual((function, module["name"]), ("module", "afio"))
        self.assertEqual(module["bazel_compatibility"], [">=7.6.0"])

    def test_workspaces_take_the_same_from_debian(self):
        libraries = system_libraries()
        self.assertGreater(len(libraries), 4)
        built_in = {"platforms", "rules_cc"}
        self.assertEqual({name: row["package"] for name, row in self.rows.items()
                          if name not in built_in}, libraries)

    def test_bazelw_installs_the_packages(self):
        for row in self.rows.values():
            if row["package"] != NONE:
                self.assertIn(row["package"], debian_packages())

    @unittest.skipUnless(is_debian_12(), "the versions on the page are those of Debian 12")
    def test_debian_has_these_versions(self):
        for row in self.rows.values():
            if row["package"] == NONE:
                continue
            version = subprocess.run(
                ["dpkg-query", "--show", "--showformat=${Version}", row["package"]],
                check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout
            # Without the epoch, what Debian did to the sources, and its own revision.
            upstream = re.fullmatch(r"(?:\d+:)?(.*?)(?:\+ds.*)?(?:-[^-]*)?", version).group(1)
            self.assertEqual(row["in_debian"], upstream, row["package"])


class OutsideModule(unittest.TestCase):
    path = "tests/downstream/module/MODULE.bazel"

    def test_it_calls_nothing_but_what_it_needs(self):
        self.assertEqual([name for name, _ in calls_of(self.path)],
                         ["module", "bazel_dep", "bazel_dep", "local_path_override"])

    def test_it_takes_afio_from_this_checkout(self):
        (override,) = arguments_of(self.path, "local_path_override")
        self.assertEqual(override["module_name"], "afio")
        folder = os.path.dirname(self.path)
        self.assertTrue(os.path.samefile(os.path.join(folder, override["path"], "MODULE.bazel"),
                                         "MODULE.bazel"))

    def test_its_versions_are_afios(self):
        ours = {each["name"]: each["version"] for each in arguments_of("MODULE.bazel", "bazel_dep")}
        for each in arguments_of(self.path, "bazel_dep"):
            if each["name"] != "afio":
                self.assertEqual(each["version"], ours[each["name"]])

    def test_it_is_the_workspace_that_is_built_but_for_how_it_finds_afio(self):
        workspace = "tests/downstream/workspace"
        for name in ("BUILD", "program.cpp", "program_test.sh"):
            self.assertTrue(filecmp.cmp(os.path.join(workspace, name),
                                        os.path.join(os.path.dirname(self.path), name),
                                        shallow=False), name)


if __name__ == "__main__":
    unittest.main(verbosity=2)  # Says what was skipped, and why.
