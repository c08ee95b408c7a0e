"""The page of a benchmark, from its raw values."""

import measure


def page(results):
    sections = [_head(results)]
    if results["samples"]:
        sections += [_targets(results), _ratios(results), _figures(results)]
    if results["syscalls"]:
        sections.append(_bounds(results))
    sections += [_failures(results), _method(results)]
    return "\n".join(section for section in sections if section)


def _table(head, rows):
    """Markdown; the cells of a column that holds numbers are given as (text,) to align right."""
    numeric = [all(isinstance(row[i], tuple) for row in rows) for i in range(len(head))]
    cells = [[cell[0] if isinstance(cell, tuple) else cell for cell in row] for row in rows]
    lines = [head, ["---:" if right else "---" for right in numeric], *cells]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def _head(results):
    text = f"# {results['title']}\n\n{results['about']}\n"
    if results["scale"] != 1 or results["runs"] < 3 or not results["optimised"]:
        text += "\n**A trial: small trees, few rounds or a slow build. These are no results.**\n"
    disturbed = sum(not sample["undisturbed"] for sample in results["samples"])
    if disturbed > len(results["samples"]) / 20:
        text += (f"\n**{disturbed} of {len(results['samples'])} runs began while the machine was "
                 "busy with something else. Measure again.**\n")
    if results["samples"]:
        text += f"\n![Time relative to {results['baseline']}]({results['benchmark']}.svg)\n"
    return text


def _summaries(results):
    samples = [measure.Sample(**sample) for sample in results["samples"]]
    return measure.summarise(samples, results["baseline"])


def _places(results):
    """Each tree on each file system that has results: (tree, filesystem)."""
    measured = {(s["tree"], s["filesystem"]) for s in results["samples"]}
    return [(tree, filesystem) for tree in results["trees"]
            for filesystem in results["filesystems"] if (tree["name"], filesystem) in measured]


def _targets(results):
    summaries = _summaries(results)
    titles = {tree["name"]: tree["title"] for tree in results["trees"]}
    rows = []
    for target in results["targets"]:
        ours = summaries.get((target["filesystem"], target["tree"], results["ours"]))
        if ours is None:
            continue
        if "ratio" in target:
            to, is_value = _ratio_for(target, results, summaries)
            if is_value is None:
                continue
            what, limit = f"time / {to}", target["ratio"]
            shown, wanted = f"{is_value:.2f}", f"≤ {limit:.2f}"
        else:
            what, is_value, limit = "peak memory", ours.peak_kib / 1024, target["peak_mib"]
            shown, wanted = f"{is_value:.1f} MiB", f"≤ {limit} MiB"
        rows.append([titles[target["tree"]], target["filesystem"], what, (shown,), (wanted,),
                     "yes" if is_value <= limit else "**no**"])
    if not rows:
        return ""
    head = ["tree", "file system", "", results["ours"], "target", "met"]
    return f"## Targets\n\n{_table(head, rows)}"


def _ratio_for(target, results, summaries):
    """What a target is about: to which tool, and our ratio. "to": another one than the baseline;
    "fastest": whichever of the others is."""
    at = target["filesystem"], target["tree"]
    ours = summaries[(*at, results["ours"])]
    to = target.get("to", results["baseline"])
    if to == results["baseline"]:
        return to, ours.ratio
    others = {tool: s for (*where, tool), s in summaries.items()
              if tuple(where) == at and tool != results["ours"]}
    if to == "fastest" and others:
        to = min(others, key=lambda tool: others[tool].median)
    return to, ours.median / others[to].median if to in others else None


def _ratios(results):
    summaries = _summaries(results)
    names = [tool["name"] for tool in results["tools"]]
    rows = []
    for tree, filesystem in _places(results):
        cells = [summaries.get((filesystem, tree["name"], name)) for name in names]
        rows.append([tree["title"], filesystem]
                    + [(f"{c.ratio:.2f}" if c and c.ratio is not None else "–",) for c in cells])
    return (f"## Time relative to {results['baseline']}\n\n"
            f"{_table(['tree', 'file system', *names], rows)}")


def _figures(results):
    summaries = _summaries(results)
    rows = []
    for tree, filesystem in _places(results):
        for tool in results["tools"]:
            s = summaries.get((filesystem, tree["name"], tool["name"]))
            if s is None:
                continue
            ratio = (f"{s.ratio:.2f} ({s.ratio_low:.2f}–{s.ratio_high:.2f})"
                     if s.ratio is not None else "–")
            rows.append([tree["title"], filesystem, tool["name"], (_seconds(s.median),),
                         (f"{_seconds(s.low)}–{_seconds(s.high)}",), (ratio,),
                         (_seconds(s.user),), (_seconds(s.system),),
                         (f"{s.peak_kib / 1024:.1f}",)])
    head = ["tree", "file system", "tool", "median s", "min–max s",
            f"ratio to {results['baseline']} (min–max)", "user s", "system s", "peak MiB"]
    return f"## All figures\n\n{_table(head, rows)}"


def _seconds(value):
    return f"{value:.3f}" if value >= 0.1 else f"{value:.4f}"


def _bounds(results):
    summaries = _summaries(results)
    titles = {tree["name"]: tree["title"] for tree in results["trees"]}
    rows = []
    for count in results["syscalls"]:
        summary = summaries.get((count["filesystem"], count["tree"], count["tool"]))
        mostly = ", ".join(f"{name} {calls / count['entries']:.2f}"
                           for name, calls in count["top"]
                           if calls >= 0.01 * count["entries"])
        rows.append([titles[count["tree"]], count["filesystem"], count["tool"],
                     (f"{count['calls'] / count['entries']:.2f}",), mostly,
                     (f"{summary.kernel_share:.0%}" if summary else "–",),
                     (" + ".join(f"{n:.2f}" for n in summary.processors) if summary else "–",)])
    head = ["tree", "file system", "tool", "calls an entry", "of which", "time in the kernel",
            "processors busy"]
    return ("## What bounds the times\n\n"
            "System calls are counted on a small version of the tree. The time in the kernel is "
            "its share of the processor time of the runs above. The processors busy are that "
            "processor time over the time that passed; added is what others used meanwhile, "
            "which on an idle machine is the kernel's threads that write and free for the tool."
            f"\n\n{_table(head, rows)}")


def _failures(results):
    if not results["failures"]:
        return ""
    titles = {tree["name"]: tree["title"] for tree in results["trees"]}
    lines = "".join(f"- {f['tool']} on {titles[f['tree']]}, {f['filesystem']}: {f['reason']}\n"
                    for f in results["failures"])
    return f"## Left out\n\n{lines}"


def _method(results):
    box = results["machine"]
    trees = "".join(f"- `{tree['name']}`: {tree['title']}" + _size(tree) + "\n"
                    for tree in results["trees"])
    tools = _table(["tool", "command", "version"],
                   [[t["name"], f"`{t['command']}`", t["version"]] for t in results["tools"]])
    again = ("The tree is made anew for each run" if results["deletes"]
             else "The tree is made once")
    systems = "".join(f"- {text}\n" for text in results["filesystems"].values())
    return f"""## How it was measured

On {results['date']}, with

<!-- not run: takes minutes, on a machine that does nothing else -->

```sh
{results['command']}
```

- {box['cpu']}, {box['processors']} processors, {box['memory_gib']} GiB
- Linux {box['kernel']}, {box['distribution']}; load average {box['load']:.1f} at the start
{systems}
{tools}
The tools take turns, and another one begins in each round. One round goes before those that count,
except where it is about memory. {again}; it is in the
kernel's caches, written back and settled before the clock starts. Times are of the whole process,
start to end; user and system time are means. A ratio is taken within each round, and the median of
these ratios is what the tables show. Peak memory is the largest of all rounds.

The trees:

{trees}
All values are in [{results['benchmark']}.json]({results['benchmark']}.json).
"""


def _size(tree):
    if "entries" not in tree:
        return ""
    return (f" ({tree['entries']:,} entries, {tree['bytes'] / 2**20:,.0f} MiB, "
            f"{tree['rounds']} rounds)")
