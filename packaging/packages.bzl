"""Debian packages."""

def _debian_packages_impl(ctx):
    folder = ctx.actions.declare_directory(ctx.label.name)
    ctx.actions.run_shell(
        command = 'exec python3 -B "$@"',
        arguments = [
            ctx.file._make_packages.path,
            "--out=" + folder.path,
            "--tree=" + ctx.file.tree.path,
            "--debian=" + ctx.file.changelog.path,
        ],
        inputs = [ctx.file._make_packages, ctx.file.tree, ctx.file.changelog] + ctx.files.srcs,
        outputs = [folder],
        mnemonic = "DebianPackages",
        progress_message = "Making Debian packages",
        use_default_shell_env = True,
    )
    return [DefaultInfo(files = depset([folder]), runfiles = ctx.runfiles(files = [folder]))]

# A directory with a package file each, of the tar file `tree`. `srcs` are beside the changelog.
debian_packages = rule(
    implementation = _debian_packages_impl,
    attrs = {
        "changelog": attr.label(mandatory = True, allow_single_file = True),
        "srcs": attr.label_list(allow_files = True),
        "tree": attr.label(mandatory = True, allow_single_file = [".tar"]),
        "_make_packages": attr.label(
            default = "//packaging:make_packages.py",
            allow_single_file = True,
        ),
    },
)
