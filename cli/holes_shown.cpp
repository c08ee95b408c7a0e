#include "cli/holes_shown.hpp"

#include "afio/quoted.hpp"
#include "cli/common/amounts.hpp"
#include "cli/common/json_line.hpp"
#include "cli/common/markup.hpp"

#include <algorithm>
#include <array>
#include <exception>

#include <unistd.h>

namespace afio::cli {

namespace {

using algorithms::bar_cell;
using algorithms::file_layout;
using algorithms::file_piece;

struct flag_name {
  extent_flags flag;
  std::string_view name;
};

constexpr flag_name flag_names[] = {
    {extent_flags::shared, "shared"},     {extent_flags::unwritten, "unwritten"},
    {extent_flags::in_inode, "in_inode"}, {extent_flags::unplaced, "unplaced"},
    {extent_flags::encoded, "encoded"},
};

std::string_view name_of(file_piece::kind what) noexcept {
  return what == file_piece::kind::data ? "data" : "hole";
}

std::string line_of(const file_piece& piece) {
  constexpr std::size_t width = 15;
  std::string text = aligned(std::to_string(piece.where.offset), width) +
                     aligned(std::to_string(piece.where.length), width) +
                     aligned(piece.physical ? std::to_string(*piece.physical) : "-", width) + "  ";
  text.append(name_of(piece.what));
  for (const auto& [flag, name] : flag_names) {
    if (has(piece.flags, flag)) text.append(" ").append(name);
  }
  return text + "\n";
}

} // namespace

std::string list_text(std::string_view path, const file_layout& layout) {
  std::string text = quoted(path) + ": " + grouped(layout.size) + " bytes, " +
                     grouped(layout.data()) + " of data\n";
  for (const file_piece& piece : layout.pieces) text += line_of(piece);
  return text;
}

std::string list_json(std::string_view path, const file_layout& layout) {
  std::string text;
  for (const file_piece& piece : layout.pieces) {
    json_line line("extent");
    line.name("path", path)
        .text("kind", name_of(piece.what))
        .number("offset", static_cast<std::int64_t>(piece.where.offset))
        .number("length", static_cast<std::int64_t>(piece.where.length));
    if (piece.physical) line.number("physical", static_cast<std::int64_t>(*piece.physical));
    for (const auto& [flag, name] : flag_names) {
      if (has(piece.flags, flag)) line.boolean(name, true);
    }
    text += line.str();
  }
  return text;
}

// ------------------------------------------------------------------------------------------ bars

namespace {

/// What a cell of a picture is.
enum class look : std::uint8_t { data, shared, allocated, hole, mixed };

/// The other looks are of cells that hold nothing else; but data is shared where most of it is.
look look_of(const bar_cell& cell) noexcept {
  const std::uint64_t data = cell.data + cell.shared, holes = cell.hole + cell.allocated;
  if (data != 0 && holes != 0) return look::mixed;
  if (data != 0) return cell.shared > cell.data ? look::shared : look::data;
  return cell.allocated > cell.hole ? look::allocated : look::hole;
}

struct appearance {
  std::string_view name;
  std::string_view ascii;
  std::string_view block;  ///< For terminals, with its colour.
  std::string_view colour; ///< In an SVG.
};

constexpr std::string_view plain = "\x1b[0m";

/// By `look`.
constexpr std::array<appearance, 5> appearances{{
    {"data", "#", "\x1b[34m█", "#2f6fb3"},
    {"shared", "s", "\x1b[33m█", "#d99a2b"},
    {"allocated only", "a", "\x1b[35m▒", "#a78bc4"},
    {"hole", ".", "\x1b[90m░", "#e4e4e4"},
    {"data and hole", "+", "\x1b[36m▓", "#8fb6da"},
}};

const appearance& appearance_of(look l) noexcept {
  return appearances[static_cast<std::size_t>(l)];
}

std::string_view mark(const appearance& a, palette in) noexcept {
  return in == palette::ascii ? a.ascii : a.block;
}

/// "4.0 GiB: 1.0 GiB data (512 MiB shared), 3.0 GiB holes (1.0 GiB allocated)".
std::string amounts_of(const file_layout& layout, const std::vector<bar_cell>& bar) {
  bar_cell sum;
  for (const bar_cell& c : bar) {
    sum.shared += c.shared;
    sum.allocated += c.allocated;
  }
  std::string text = size_text(layout.size) + ": " + size_text(layout.data()) + " data";
  if (sum.shared != 0) text += " (" + size_text(sum.shared) + " shared)";
  text += ", " + size_text(layout.size - layout.data()) + " holes";
  if (sum.allocated != 0) text += " (" + size_text(sum.allocated) + " allocated)";
  return text;
}

} // namespace

std::string bar_text(std::string_view path, const file_layout& layout, std::size_t columns,
                     palette in) {
  const std::size_t room = std::max<std::size_t>(columns, 12) - 2;
  const auto bar = algorithms::bar_of(layout, room);
  std::string text = quoted(path) + " " + amounts_of(layout, bar) + "\n[";
  std::string_view last;
  for (const bar_cell& cell : bar) {
    std::string_view next = mark(appearance_of(look_of(cell)), in);
    // The same colour need not be said again.
    const auto colour_end = next.find('m');
    const std::string_view whole = next;
    if (next == last && colour_end != next.npos) next.remove_prefix(colour_end + 1);
    text += next;
    last = whole;
  }
  if (in == palette::colours) text += plain;
  return text + "]\n";
}

std::string legend(palette in) {
  std::string text;
  for (const appearance& a : appearances) {
    text.append(text.empty() ? "" : "   ").append(mark(a, in));
    if (in == palette::colours) text += plain;
    text.append(" ").append(a.name);
  }
  return text + "\n";
}

namespace {

std::string rectangle(std::size_t x, std::size_t y, std::size_t width, std::string_view colour) {
  return "<rect x=\"" + std::to_string(x) + "\" y=\"" + std::to_string(y) + "\" width=\"" +
         std::to_string(width) + "\" height=\"16\" fill=\"" + std::string(colour) + "\"/>\n";
}

std::string words(std::size_t x, std::size_t y, const std::string& text) {
  return "<text x=\"" + std::to_string(x) + "\" y=\"" + std::to_string(y) + "\">" +
         for_markup(text) + "</text>\n";
}

/// Cells of one look are one rectangle. A file with few blocks fills the width, too.
std::string svg_bar(const std::vector<bar_cell>& bar, std::size_t y) {
  std::string text;
  const auto x_of = [&](std::size_t cell) { return 10 + svg_columns * cell / bar.size(); };
  for (std::size_t at = 0; at < bar.size();) {
    const look here = look_of(bar[at]);
    std::size_t end = at;
    while (end < bar.size() && look_of(bar[end]) == here) ++end;
    text += rectangle(x_of(at), y, x_of(end) - x_of(at), appearance_of(here).colour);
    at = end;
  }
  return text;
}

} // namespace

std::string svg_of(std::vector<std::pair<std::string, std::vector<bar_cell>>> files) {
  std::sort(files.begin(), files.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  constexpr std::size_t row = 44;
  const std::string width = std::to_string(svg_columns + 20);
  const std::string height = std::to_string(files.size() * row + 40);
  std::string text = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + width + "\" height=\"" +
                     height + "\" viewBox=\"0 0 " + width + " " + height +
                     "\" font-family=\"sans-serif\" font-size=\"13\">\n"
                     "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n";
  std::size_t y = 10;
  for (const auto& [path, bar] : files) {
    text += words(10, y + 12, quoted(path)) + svg_bar(bar, y + 18);
    y += row;
  }
  std::size_t x = 10;
  for (const appearance& a : appearances) {
    text += rectangle(x, y, 16, a.colour) + words(x + 22, y + 13, std::string(a.name));
    x += 130;
  }
  return text + "</svg>\n";
}

// ----------------------------------------------------------------------------------- the listener

shown_layouts::shown_layouts(form how, output& out)
    : how_(how), out_(out), palette_(palette_of_stdout()), columns_(columns_of(STDOUT_FILENO)) {}

void shown_layouts::found(std::string_view path, const file_layout& layout) noexcept try {
  any_ = true;
  for (const file_piece& piece : layout.pieces) {
    const bool data = piece.what == file_piece::kind::data;
    (data ? sums_.data : sums_.holes) += piece.where.length;
    if (data && has(piece.flags, extent_flags::shared)) sums_.shared += piece.where.length;
    if (!data && has(piece.flags, extent_flags::unwritten)) sums_.allocated += piece.where.length;
  }
  switch (how_) {
  case form::list:
    return out_.print(list_text(path, layout));
  case form::json:
    return out_.print(list_json(path, layout));
  case form::bars:
    return out_.print(bar_text(path, layout, columns_, palette_));
  case form::svg:
    pictures_.emplace_back(path, algorithms::bar_of(layout, svg_columns));
  }

} catch (const std::exception&) {

  out_.spoil(); // No memory for a line: the exit status tells.
}

void shown_layouts::finish() noexcept try {
  if (how_ == form::bars && any_) out_.print(legend(palette_));
  if (how_ == form::svg) out_.print(svg_of(std::move(pictures_)));

} catch (const std::exception&) {

  out_.spoil();
}

} // namespace afio::cli
