#include "cli/common/told_differences.hpp"

#include "afio/quoted.hpp"
#include "cli/common/amounts.hpp"
#include "cli/common/json_line.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>

namespace afio::cli {

namespace {

using algorithms::aspect;
using algorithms::compare_report;
using algorithms::distinction;
using algorithms::merge_difference;
using algorithms::three_way;
using algorithms::tree_difference;
using kind = distinction::kind;

constexpr std::array aspects{aspect::mode, aspect::ownership, aspect::timestamps, aspect::xattr,
                             aspect::acl,  aspect::flags,     aspect::links};
constexpr std::array kinds{kind::only_left, kind::only_right, kind::type,
                           kind::content,   kind::target,     kind::metadata};
constexpr std::array outcomes{three_way::changed_left, three_way::changed_right,
                              three_way::changed_both, three_way::conflict};

std::string octal(std::uint16_t mode) {
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "%04o", mode);
  return text.data();
}

std::string owner_of(const stat_t& s) {
  return std::to_string(s.owner) + ":" + std::to_string(s.group);
}

/// "mode 0644 → 0600, times", as far as both are there.
std::string details_of(aspect parts, const stat_t& left, const stat_t& right) {
  std::string text;
  for (const aspect one : aspects) {
    if (!algorithms::has(parts, one)) continue;
    text.append(text.empty() ? "" : ", ").append(name_of(one));
    if (one == aspect::mode) text += " " + octal(left.mode) + " → " + octal(right.mode);
    if (one == aspect::ownership) text += " " + owner_of(left) + " → " + owner_of(right);
  }
  return text;
}

/// What distinguishes `right` from `left`, in brackets; nothing where that is plain.
std::string brackets_of(const distinction& d, const stat_t* left, const stat_t* right) {
  const auto bracketed = [](const std::string& text) {
    return text.empty() ? text : " (" + text + ")";
  };
  if (left == nullptr || right == nullptr)
    return bracketed(std::string(word_for((left != nullptr ? left : right)->type)));
  if (d.what == kind::type)
    return bracketed(std::string(word_for(left->type)) + " → " +
                     std::string(word_for(right->type)));
  std::string text;
  if (d.what == kind::content && left->size != right->size)
    text = std::to_string(left->size) + " → " + std::to_string(right->size) + " bytes";
  const std::string more = details_of(d.metadata, *left, *right);
  if (!text.empty() && !more.empty()) text += ", ";
  return bracketed(text + more);
}

std::string_view shown(std::string_view path) noexcept { return path.empty() ? "." : path; }

/// What became of an entry of the base on one side, for people.
std::string fate_of(const distinction& d, const stat_t* base, const stat_t* side) {
  switch (d.what) {
  case kind::only_left:
    return "removed";
  case kind::only_right:
    return "added";
  default:
    return std::string(name_of(d.what)) + brackets_of(d, base, side);
  }
}

std::string parts_of(aspect set) {
  std::string text;
  for (const aspect one : aspects) {
    if (algorithms::has(set, one)) text.append(text.empty() ? "" : ",").append(name_of(one));
  }
  return text;
}

file_type type_of(const stat_t* a, const stat_t* b) noexcept {
  return (a != nullptr ? a : b)->type;
}

json_line json_of(const tree_difference& d) {
  json_line told("difference");
  told.text("kind", name_of(d.what.what)).name("path", shown(d.path));
  told.text("entry", word_for(type_of(d.left, d.right)));
  if (d.what.metadata != aspect::none) told.text("metadata", parts_of(d.what.metadata));
  return told;
}

json_line json_of(const merge_difference& d) {
  json_line told(d.what == three_way::conflict ? "conflict" : "difference");
  told.text("kind", name_of(d.what)).name("path", shown(d.path));
  told.text("left", name_of(d.left.what)).text("right", name_of(d.right.what));
  return told;
}

} // namespace

template <class D>
void told_differences::tell(const D& d) noexcept try {
  switch (how_) {
  case telling::nothing:
    return;
  case telling::lines:
    return out_.print(line_of(d));
  case telling::json:
    return out_.print(json_of(d).str());
  case telling::names:
    return out_.print(std::string(shown(d.path)) + '\0');
  }

} catch (const std::exception&) {

  out_.spoil(); // No memory for a line: the exit status tells.
}

void told_differences::differs(const tree_difference& d) noexcept { tell(d); }

void told_differences::differs(const merge_difference& d) noexcept { tell(d); }

std::string told_differences::line_of(const tree_difference& d) const {
  std::string text;
  switch (d.what.what) {
  case kind::only_left:
    text = "only in " + quoted(names_.left) + ": ";
    break;
  case kind::only_right:
    text = "only in " + quoted(names_.right) + ": ";
    break;
  default:
    text = std::string(name_of(d.what.what)) + ": ";
  }
  return text + quoted(shown(d.path)) + brackets_of(d.what, d.left, d.right) + "\n";
}

std::string told_differences::line_of(const merge_difference& d) const {
  const std::string path = quoted(shown(d.path));
  const auto fate = [&](const distinction& of, std::size_t side) {
    return fate_of(of, d.in[0], d.in[side]);
  };
  switch (d.what) {
  case three_way::unchanged:
    break;
  case three_way::changed_left:
    return "changed in " + quoted(names_.left) + ": " + path + ": " + fate(d.left, 1) + "\n";
  case three_way::changed_right:
    return "changed in " + quoted(names_.right) + ": " + path + ": " + fate(d.right, 2) + "\n";
  case three_way::changed_both:
    return "changed in both alike: " + path + ": " + fate(d.left, 1) + "\n";
  case three_way::conflict:
    return "conflict: " + path + ": " + fate(d.left, 1) + "; " + fate(d.right, 2) + "\n";
  }
  return {};
}

namespace {

std::string bar_of(std::size_t cells, palette in) {
  if (in == palette::ascii) return std::string(cells, '#');
  std::string text = "\x1b[34m";
  for (std::size_t i = 0; i < cells; ++i) text += "█";
  return text + "\x1b[0m";
}

} // namespace

std::vector<told_differences::count> told_differences::counts(const compare_report& report) const {
  std::vector<count> counts;
  if (trees_ == 2) {
    for (const kind what : kinds)
      counts.emplace_back(what == kind::type ? "types" : name_of(what), report.of(what));
  } else {
    for (const three_way what : outcomes) counts.emplace_back(name_of(what), report.of(what));
  }
  return counts;
}

std::string told_differences::summary(const compare_report& report, std::size_t columns,
                                      palette in) const {
  std::uint64_t most = 1;
  std::size_t name_width = 0;
  const auto all = counts(report);
  for (const auto& [what, number] : all) {
    most = std::max(most, number);
    name_width = std::max(name_width, what.size());
  }
  const std::size_t number_width = std::max<std::size_t>(std::to_string(most).size(), 6);
  const std::size_t before = name_width + number_width + 3;
  const std::size_t room = std::max(columns, before + 10) - before;
  std::string text;
  for (const auto& [what, number] : all) {
    text.append(what).append(name_width + 1 - what.size(), ' ');
    text += aligned(std::to_string(number), number_width);
    if (number != 0) text += "  " + bar_of((number * room + most - 1) / most, in);
    text += "\n";
  }
  return text;
}

} // namespace afio::cli
