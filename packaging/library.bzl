"""The library as other build systems take it: one archive, and the headers that belong to it."""

load("@bazel_tools//tools/cpp:toolchain_utils.bzl", "find_cpp_toolchain")

_PublicHeaders = provider(
    doc = "What anyone may include.",
    fields = {"headers": "a depset, of the targets that are visible to all"},
)

# A target without a visibility of its own has its package's, which cannot be seen here. That is
# public wherever people may look.
def _is_public(label, visibility):
    return Label("//visibility:public") in (visibility or [Label("//visibility:public")]) and (
        label.package.split("/")[-1] != "detail"
    )

def _public_headers_impl(target, ctx):
    direct = []
    if _is_public(target.label, ctx.rule.attr.visibility):
        direct = target[CcInfo].compilation_context.direct_public_headers
    return [_PublicHeaders(headers = depset(
        direct,
        transitive = [dep[_PublicHeaders].headers for dep in ctx.rule.attr.deps],
    ))]

_public_headers = aspect(
    implementation = _public_headers_impl,
    attr_aspects = ["deps"],
)

def _merged_library_impl(ctx):
    ours = ctx.label.workspace_name
    cc = cc_common.merge_cc_infos(cc_infos = [dep[CcInfo] for dep in ctx.attr.deps])
    objects = [
        file
        for group in cc.linking_context.linker_inputs.to_list()
        if group.owner.workspace_name == ours
        for library in group.libraries
        for file in library.objects or library.pic_objects
    ]
    archive = ctx.actions.declare_file("lib%s.a" % ctx.label.name)
    toolchain = find_cpp_toolchain(ctx)

    # q: two sources of one name, in two folders, are two members.
    arguments = ctx.actions.args().add("qcsD").add(archive).add_all(objects)
    ctx.actions.run(
        executable = toolchain.ar_executable,
        arguments = [arguments],
        inputs = depset(objects, transitive = [toolchain.all_files]),
        outputs = [archive],
        mnemonic = "MergeLibrary",
    )

    public = depset(transitive = [dep[_PublicHeaders].headers for dep in ctx.attr.deps])
    return [
        DefaultInfo(files = depset([archive])),
        OutputGroupInfo(
            public_headers = depset([
                file
                for file in public.to_list()
                if file.owner.workspace_name == ours
            ]),
            all_headers = depset([
                file
                for file in cc.compilation_context.headers.to_list()
                if file.owner.workspace_name == ours
            ]),
        ),
    ]

# An archive of all objects of this repository that `deps` consist of, as a program links them. The
# output group public_headers is what users may include, all_headers that and what it may need.
merged_library = rule(
    implementation = _merged_library_impl,
    attrs = {
        "deps": attr.label_list(providers = [CcInfo], aspects = [_public_headers]),
        "_cc_toolchain": attr.label(default = "@bazel_tools//tools/cpp:current_cc_toolchain"),
    },
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
)
