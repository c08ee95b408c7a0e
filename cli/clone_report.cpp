#include "cli/clone_report.hpp"

#include "afio/quoted.hpp"
#include "cli/common/amounts.hpp"
#include "cli/common/markup.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace afio::cli {

namespace {

// Colours come from the style sheet, so that dark pages are dark.
constexpr std::string_view head = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>
<style>
:root { color-scheme: light dark; --back: #ffffff; --text: #1f2328; --faint: #59636e;
        --line: #d1d9e0; --shared: #9ec1e6; --new: #d9822b; }
@media (prefers-color-scheme: dark) {
  :root { --back: #12161c; --text: #e6e9ee; --faint: #98a2ae; --line: #323a44;
          --shared: #39628f; --new: #f0a04b; }
}
body { background: var(--back); color: var(--text); font: 15px/1.5 system-ui, sans-serif;
       max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 2rem 0 .3rem; }
svg { width: 100%; height: auto; display: block; font-size: 12px; }
svg text { fill: var(--faint); }
.grid { stroke: var(--line); }
.shared { fill: var(--shared); }
.new { fill: var(--new); }
.key { display: inline-block; width: .8em; height: .8em; margin: 0 .4em 0 1em; }
.table { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .6rem; text-align: right; border-bottom: 1px solid var(--line);
         white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
th { color: var(--faint); font-weight: 600; }
p { color: var(--faint); }
p b { color: var(--text); }
</style>
)";

std::string shown(std::uint64_t number) { return std::to_string(number); }

// ----------------------------------------------------------------------------------------- charts

constexpr std::size_t width = 960, height = 260;
constexpr std::size_t left = 76, right = 10, top = 12, bottom = 34;

/// What a chart draws of each clone, from below.
struct amounts {
  std::uint64_t shared = 0;
  std::uint64_t added = 0;

  std::uint64_t sum() const noexcept { return shared + added; }
};

/// The least of 1, 2, 5, 10, … 500 times a power of 1024 of which five reach `most`.
double step_for(std::uint64_t most) noexcept {
  const double wanted = std::max(static_cast<double>(most) / 5, 1.0);
  for (double unit = 1;; unit *= 1024) {
    for (const double steps : {1, 2, 5, 10, 20, 50, 100, 200, 500}) {
      if (steps * unit >= wanted) return steps * unit;
    }
  }
}

class chart {
public:
  explicit chart(std::uint64_t most, std::size_t bars)
      : step_(step_for(most)), limit_(step_ * 5), bars_(std::max<std::size_t>(bars, 1)) {}

  std::string axis() const {
    std::string text;
    for (int i = 0; i <= 5; ++i) text += grid_line(step_ * i);
    return text;
  }

  /// A date below a bar, where there is room for one.
  std::string date(std::size_t bar, const algorithms::series_clone& of) const {
    constexpr std::size_t a_date = 90;
    const std::size_t every = (a_date * bars_ + room - 1) / room;
    if (bar % every != 0) return {};
    return "<text text-anchor=\"middle\" x=\"" + shown((x_of(bar) + x_of(bar + 1)) / 2) +
           "\" y=\"" + shown(height - bottom + 18) + "\">" +
           algorithms::series_name(of).substr(0, 10) + "</text>\n";
  }

  std::string bar(std::size_t at, const amounts& of, const std::string& title) const {
    const std::size_t base = y_of(0), middle = y_of(static_cast<double>(of.shared)),
                      end = y_of(static_cast<double>(of.sum()));
    return "<g><title>" + title + "</title>" + box("shared", at, middle, base) +
           box("new", at, end, middle) + "</g>\n";
  }

private:
  std::string grid_line(double bytes) const {
    const std::size_t at = y_of(bytes);
    const std::string y = shown(at);
    return "<line class=\"grid\" x1=\"" + shown(left) + "\" x2=\"" + shown(width - right) +
           "\" y1=\"" + y + "\" y2=\"" + y + "\"/><text text-anchor=\"end\" x=\"" +
           shown(left - 8) + "\" y=\"" + shown(at + 4) + "\">" + size_text(bytes) + "</text>\n";
  }

  static constexpr std::size_t room = width - left - right;

  std::size_t x_of(std::size_t bar) const noexcept { return left + room * bar / bars_; }

  std::size_t y_of(double bytes) const noexcept {
    constexpr double tall = height - top - bottom;
    return height - bottom - static_cast<std::size_t>(std::lround(tall * bytes / limit_));
  }

  std::string box(const char* kind, std::size_t bar, std::size_t from, std::size_t to) const {
    const std::size_t full = x_of(bar + 1) - x_of(bar);
    const std::size_t gap = full > 4 ? std::min<std::size_t>(full / 4, 12) : 0;
    return "<rect class=\"" + std::string(kind) + "\" x=\"" + shown(x_of(bar) + gap / 2) +
           "\" y=\"" + shown(from) + "\" width=\"" + shown(std::max<std::size_t>(full - gap, 1)) +
           "\" height=\"" + shown(to - from) + "\"/>";
  }

  double step_;
  double limit_;
  std::size_t bars_;
};

std::string title_of(const listed_clone& c) {
  return algorithms::series_name(c.which) + ": " + size_text(c.bytes) + ", of which " +
         size_text(c.bytes_new) + " new";
}

template <class F>
std::string picture(std::string_view label, std::span<const listed_clone> clones, F&& drawn) {
  std::uint64_t most = 0;
  for (const listed_clone& c : clones) most = std::max(most, drawn(c).sum());
  const chart of(most, clones.size());
  std::string text = "<svg role=\"img\" aria-label=\"" + std::string(label) + "\" viewBox=\"0 0 " +
                     shown(width) + " " + shown(height) + "\">\n" + of.axis();
  for (std::size_t i = 0; i < clones.size(); ++i) {
    text += of.bar(i, drawn(clones[i]), title_of(clones[i])) + of.date(i, clones[i].which);
  }
  return text + "</svg>\n";
}

// ------------------------------------------------------------------------------------------ words

std::string summary(std::span<const listed_clone> clones, std::uint64_t missing) {
  if (clones.empty()) return "<p>There is no clone in it.</p>\n";
  std::uint64_t apart = 0, together = 0;
  for (const listed_clone& c : clones) {
    apart += c.bytes;
    together += c.bytes_new;
  }
  std::string text = "<p><b>" + grouped(clones.size()) + "</b> " +
                     (clones.size() == 1 ? "clone" : "clones") + ", the newest of <b>" +
                     size_text(clones.back().bytes) +
                     "</b>. Copies without sharing would have <b>" + size_text(apart) +
                     "</b>; these have <b>" + size_text(together) + "</b> in files.</p>\n";
  if (missing != 0) {
    text +=
        "<p><b>" + grouped(missing) +
        "</b> could not be looked at to the end: what they and those after them have is not all "
        "here.</p>\n";
  }
  return text;
}

std::string cell(const std::string& text) { return "<td>" + text + "</td>"; }

std::string table(std::span<const listed_clone> clones) {
  std::string text = "<div class=\"table\"><table>\n<tr><th>Clone</th><th>Entries</th><th>Size</th>"
                     "<th>Shared</th><th>New</th><th>Gives back</th></tr>\n";
  for (auto c = clones.rbegin(); c != clones.rend(); ++c) {
    text += "<tr>" + cell(algorithms::series_name(c->which)) + cell(grouped(c->entries)) +
            cell(size_text(c->bytes)) + cell(size_text(c->bytes_shared())) +
            cell(size_text(c->bytes_new)) + cell(size_text(c->reclaimable)) + "</tr>\n";
  }
  return text + "</table></div>\n";
}

constexpr std::string_view explanation =
    "<p>Shared: by hard links with the clone before it. New: all else; files that share blocks "
    "(--share=reflink) count as new. Gives back: what deleting this clone alone would free. Times "
    "are UTC.</p>\n";

} // namespace

std::string html_report(std::string_view series, std::span<const listed_clone> clones,
                        std::uint64_t missing) {
  const std::string name = for_markup(quoted(series));
  std::string page(head);
  page += "<title>Clones in " + name + "</title>\n</head>\n<body>\n<h1>Clones in " + name +
          "</h1>\n" + summary(clones, missing);
  if (!clones.empty()) {
    page += "<h2>Size<span class=\"key\" style=\"background:var(--shared)\"></span>shared<span "
            "class=\"key\" style=\"background:var(--new)\"></span>new</h2>\n";
    page += picture("Size of each clone, shared and new", clones, [](const listed_clone& c) {
      return amounts{c.bytes_shared(), c.bytes_new};
    });
    if (clones.size() > 1) { // All of the first is new.
      page += "<h2>New since the clone before</h2>\n" +
              picture("New bytes of each clone", clones.subspan(1), [](const listed_clone& c) {
                return amounts{0, c.bytes_new};
              });
    }
    page += "<h2>All clones</h2>\n" + table(clones);
  }
  return page + std::string(explanation) + "</body>\n</html>\n";
}

} // namespace afio::cli
