"""What an installation consists of."""

def tree(name, libdir, sources, prefix = None, visibility = None):
    """Defines NAME.tar: the files below a prefix. `sources` are labels by make_tree.py's options."""
    options = ["--libdir=" + libdir]
    if prefix:
        options.append("--prefix=" + prefix)
    for option, labels in sources.items():
        options.append("--" + option)
        options += ["$(locations %s)" % label for label in labels]
    native.genrule(
        name = name,
        srcs = ["//packaging:all_headers"] + [
            label
            for labels in sources.values()
            for label in labels
        ],
        outs = [name + ".tar"],
        cmd = "python3 -B $(location //packaging:make_tree.py) --out=$@ " + " ".join(options),
        tools = ["//packaging:make_tree.py"],
        visibility = visibility,
    )
