"""A bar chart of times relative to the baseline, as SVG that needs nothing but itself."""

import html

import measure

WIDTH = 860
MARGIN = 24
LABELS = 250
BAR = 13
GAP = 3
GROUP_GAP = 16

# Colours that the common kinds of colour blindness keep apart; ours is the strong one.
STYLE = """
  .page { fill: #ffffff; stroke: #d0d7de }
  text { font: 13px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328 }
  .title { font-size: 17px; font-weight: 600 }
  .section { font-weight: 600 }
  .small { font-size: 12px; fill: #59636e }
  .value { font-size: 11px; paint-order: stroke; stroke: #ffffff; stroke-width: 3px }
  .ours { font-weight: 600 }
  .grid { stroke: #d0d7de }
  .base { stroke: #59636e; stroke-width: 1.5; stroke-dasharray: 4 3 }
  .range { stroke: #1f2328; stroke-opacity: 0.55 }
  .target { stroke: #1f2328; stroke-width: 2.5 }
  .c0 { fill: #0969da } .c1 { fill: #d98200 } .c2 { fill: #8c959f } .c3 { fill: #56a3a6 }
  .c4 { fill: #b06ab3 } .c5 { fill: #a0855b }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117; stroke: #3d444d }
    text { fill: #f0f6fc }
    .small { fill: #9198a1 }
    .value { stroke: #0d1117 }
    .grid { stroke: #3d444d }
    .base { stroke: #9198a1 }
    .range { stroke: #f0f6fc }
    .target { stroke: #f0f6fc }
    .c0 { fill: #4493f8 } .c1 { fill: #e3a13a } .c2 { fill: #7d8590 } .c3 { fill: #4f9699 }
    .c4 { fill: #a565a8 } .c5 { fill: #9a8058 }
  }
"""
COLOURS = 6
# Longer bars are cut off here: one tool that is far off must not make the others unreadable.
LONGEST = 2.0


def svg(results):
    return _Chart(results).text()


class _Chart:
    def __init__(self, results):
        self.results = results
        self.summaries = measure.summarise(
            [measure.Sample(**sample) for sample in results["samples"]], results["baseline"])
        # The baseline is the line at 1, not a bar.
        self.tools = [tool["name"] for tool in results["tools"]
                      if tool["name"] != results["baseline"]]
        # What a tree is in for memory alone says nothing about time.
        memory = {t["tree"] for t in results["targets"] if "peak_mib" in t}
        self.trees = [tree for tree in results["trees"] if tree["name"] not in memory]
        ratios = [s.ratio for s in self.summaries.values() if s.ratio is not None]
        self.longest = min(max([1.0, *ratios]) * 1.04, LONGEST)
        self.y = 0
        self.parts = []

    def text(self):
        self._title()
        for filesystem in self.results["filesystems"]:
            self._section(filesystem)
        self._foot()
        height = self.y + MARGIN
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
                f'width="{WIDTH}" height="{height}" role="img" '
                f'aria-label="{html.escape(self._caption())}">\n'
                f"<style>{STYLE}</style>\n"
                f'<rect class="page" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" '
                f'rx="6"/>\n' + "\n".join(self.parts) + "\n</svg>\n")

    def _caption(self):
        return f"{self.results['title']}: time relative to {self.results['baseline']}"

    def _x(self, ratio):
        return LABELS + min(ratio / self.longest, 1) * (WIDTH - LABELS - MARGIN - 40)

    def _put(self, x, y, text, style="", anchor="start"):
        kind = f' class="{style}"' if style else ""
        end = "" if anchor == "start" else f' text-anchor="{anchor}"'
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}"{kind}{end}>{html.escape(text)}</text>')

    def _line(self, x1, y1, x2, y2, style):
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
                          f'class="{style}"/>')

    def _bar(self, x, y, width, height, index):
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height}" '
                          f'rx="1.5" class="c{index % COLOURS}"/>')

    def _title(self):
        self._put(MARGIN, 36, self._caption(), "title")
        self._put(MARGIN, 56, f"shorter is better; {self.results['baseline']} = 1, the dashed line;"
                              " bars are medians, thin lines the range of all rounds", "small")
        x = MARGIN
        for index, name in enumerate(self.tools):
            self._bar(x, 70, 12, 12, index)
            self._put(x + 18, 80, name)
            x += 34 + 8 * len(name)
        if any("ratio" in target for target in self.results["targets"]):
            self._line(x + 4, 69, x + 4, 83, "target")
            self._put(x + 12, 80, f"target for {self.results['ours']}")
        self.y = 94

    def _section(self, filesystem):
        trees = [tree for tree in self.trees
                 if any((filesystem, tree["name"], tool) in self.summaries for tool in self.tools)]
        if not trees:
            return
        self.y += 20
        self._put(MARGIN, self.y, filesystem, "section")
        top = self.y + 8
        first = len(self.parts)
        self.y = top + 4
        for tree in trees:
            self._group(filesystem, tree)
        # The grid goes below the bars, and is as high as they turned out.
        bars = self.parts[first:]
        del self.parts[first:]
        tick = 0.0
        while tick <= self.longest:
            style = "base" if tick == 1 else "grid"
            self._line(self._x(tick), top, self._x(tick), self.y, style)
            self._put(self._x(tick), self.y + 14, f"{tick:g}", "small", "middle")
            tick += 0.25
        self.parts += bars
        self.y += 20

    def _group(self, filesystem, tree):
        top = self.y
        for index, tool in enumerate(self.tools):
            summary = self.summaries.get((filesystem, tree["name"], tool))
            self._tool(index, tool, summary)
        self._put(LABELS - 12, (top + self.y - GAP) / 2 + 4, tree["title"], anchor="end")
        for target in self.results["targets"]:
            if (target["tree"], target["filesystem"]) == (tree["name"], filesystem):
                x = self._x(target["ratio"])
                self._line(x, top - 2, x, top + BAR + 2, "target")
        self.y += GROUP_GAP - GAP

    def _tool(self, index, tool, summary):
        start = self._x(0)
        if summary is None or summary.ratio is None:
            self._put(start + 6, self.y + BAR - 3, f"{tool} fails", "small value")
        else:
            end = self._x(summary.ratio)
            middle = self.y + BAR / 2
            self._bar(start, self.y, end - start, BAR, index)
            self._line(self._x(summary.ratio_low), middle, self._x(summary.ratio_high), middle,
                       "range")
            style = "value ours" if tool == self.results["ours"] else "value"
            beyond = " →" if summary.ratio > self.longest else ""
            self._put(max(end, self._x(summary.ratio_high)) + 6, self.y + BAR - 3,
                      f"{summary.ratio:.2f}{beyond}", style)
        self.y += BAR + GAP

    def _foot(self):
        box = self.results["machine"]
        self.y += 24
        self._put(MARGIN, self.y, f"{box['cpu']}, {box['processors']} processors, "
                                  f"Linux {box['kernel']}, {self.results['date']}", "small")
