"""What afio depends on, for workspaces that use a WORKSPACE file.

Everything comes from Debian packages, nothing from the internet. The repositories are
named as the Bazel Central Registry names them, so BUILD files are the same with
MODULE.bazel. A repository that the workspace has defined already is left alone.
"""

def _system_library_impl(ctx):
    header = "/usr/include/" + ctx.attr.header
    if not ctx.path(header).exists:
        fail("%s is missing: install the Debian package %s" % (header, ctx.attr.package))
    ctx.symlink(ctx.attr.build_file, "BUILD")

# A library installed below /usr. The compiler and the linker find its files by themselves, so a
# target of it is no more than the flags that go with it: nothing to copy into a sandbox.
_system_library = repository_rule(
    implementation = _system_library_impl,
    attrs = {
        "build_file": attr.label(mandatory = True),
        "header": attr.string(mandatory = True),
        "package": attr.string(mandatory = True),
    },
    local = True,
)

def _generated_impl(ctx):
    for path, content in ctx.attr.files.items():
        ctx.file(path, content, executable = False)

_generated = repository_rule(
    implementation = _generated_impl,
    attrs = {"files": attr.string_dict(mandatory = True)},
)

# Bazel 4 has the C++ rules built in; the versions of rules_cc that Debian and the internet
# have need a newer or another Bazel.
_RULES_CC = """
cc_binary = native.cc_binary
cc_import = native.cc_import
cc_library = native.cc_library
cc_proto_library = native.cc_proto_library
cc_test = native.cc_test
cc_toolchain = native.cc_toolchain
cc_toolchain_suite = native.cc_toolchain_suite
fdo_prefetch_hints = native.fdo_prefetch_hints
fdo_profile = native.fdo_profile
objc_import = native.objc_import
objc_library = native.objc_library
"""

_COVERAGE = """
filegroup(name = "coverage_output_generator", visibility = ["//visibility:public"])
filegroup(name = "coverage_report_generator", visibility = ["//visibility:public"])
"""

def _missing(name):
    return not native.existing_rule(name)

def _build_rules():
    """Defines what Bazel 4 would fetch from the internet for itself."""
    if _missing("rules_cc"):
        _generated(name = "rules_cc", files = {"cc/BUILD": "", "cc/defs.bzl": _RULES_CC})
    if _missing("remote_coverage_tools"):
        _generated(name = "remote_coverage_tools", files = {"BUILD": _COVERAGE})
    if _missing("rules_java"):
        native.local_repository(name = "rules_java", path = "/usr/share/bazel/rules/java")
    if _missing("rules_proto"):
        native.local_repository(name = "rules_proto", path = "/usr/share/bazel/rules/proto")
    if _missing("platforms"):
        native.local_repository(name = "platforms", path = "/usr/share/bazel/tools/platforms")

def afio_dependencies():
    """Defines every external repository that afio's BUILD files name."""
    _build_rules()
    for name, header, package in [
        ("boost.outcome", "boost/outcome/std_result.hpp", "libboost1.81-dev"),
        ("cli11", "CLI/CLI.hpp", "libcli11-dev"),
        ("google_benchmark", "benchmark/benchmark.h", "libbenchmark-dev"),
        ("googletest", "gmock/gmock.h", "libgmock-dev"),
        ("range-v3", "range/v3/core.hpp", "librange-v3-dev"),
        ("spdlog", "spdlog/spdlog.h", "libspdlog-dev"),
    ]:
        if _missing(name):
            _system_library(
                name = name,
                build_file = Label("//third_party:%s.BUILD" % name),
                header = header,
                package = package,
            )
