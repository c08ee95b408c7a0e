"""Programs that `bazel run` can run, or people, from bazel-bin."""

def _installer_impl(ctx):
    script = ctx.actions.declare_file(ctx.label.name)
    files = [ctx.file._install] + ctx.files.tree
    arguments = ["--compilation-mode=" + ctx.var["COMPILATION_MODE"]]
    arguments += ["--tree=" + file.short_path for file in ctx.files.tree]
    ctx.actions.write(
        script,
        """#!/bin/sh
# bazel run and bazel test start it where its files are.
if [ -z "${{BUILD_WORKING_DIRECTORY-}}${{TEST_SRCDIR-}}" ]; then
  export BUILD_WORKING_DIRECTORY="$PWD"
  cd "$(readlink -f "$0").runfiles/{workspace}" || exit
fi
exec python3 -B {install} {arguments} "$@"
""".format(
            install = ctx.file._install.short_path,
            workspace = ctx.workspace_name,
            arguments = " ".join(arguments + ctx.attr.arguments),
        ),
        is_executable = True,
    )
    return [DefaultInfo(executable = script, runfiles = ctx.runfiles(files = files))]

# Runs install.py with `arguments`, on the tar file `tree`.
installer = rule(
    implementation = _installer_impl,
    attrs = {
        "arguments": attr.string_list(),
        "tree": attr.label(allow_single_file = [".tar"]),
        "_install": attr.label(default = "//packaging:install.py", allow_single_file = True),
    },
    executable = True,
)
