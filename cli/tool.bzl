"""The tools."""

load("@rules_cc//cc:defs.bzl", "cc_binary")

TOOLS = [
    "afio-clone",
    "afio-cptree",
    "afio-dedupe",
    "afio-diff",
    "afio-hardlinks",
    "afio-hash",
    "afio-holes",
    "afio-mvtree",
    "afio-rmtree",
    "afio-update",
]

def tool(name, srcs, deps):
    """Defines one. What all of them depend on is added to `deps`."""
    cc_binary(
        name = name,
        srcs = srcs,
        linkopts = select({
            "//cli:optimized": ["-static"],
            "//conditions:default": [],
        }),
        deps = [
            "//afio",
            "//cli/common",
            "//third_party:cli11",
        ] + deps,
    )
