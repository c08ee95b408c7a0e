#include "cli/common/told_links.hpp"

#include "afio/quoted.hpp"
#include "cli/common/amounts.hpp"
#include "cli/common/json_line.hpp"

namespace afio::cli {

namespace {

std::string device_text(std::uint64_t device) {
  return std::to_string(device >> 32) + ":" + std::to_string(device & 0xffffffff);
}

std::string counted(std::uint64_t number, const char* what) {
  return grouped(number) + ' ' + what + (number == 1 ? "" : "s");
}

} // namespace

void told_links::tell(const algorithms::link_group& group) {
  const auto& of = group.inode();
  const inode i{of.device, of.inode, group.links, of.size, group.names.size(), of.type};
  count_in(i);
  if (how_ == telling_links::nothing) return;
  std::vector<std::string> paths;
  for (const auto& name : group.names) paths.push_back(name.path());
  print(i, paths);
}

void told_links::tell(const algorithms::names_report& found) {
  const stat_t& s = found.file;
  const inode i{s.id.device, s.id.inode, s.links, s.size, found.paths.size(), s.type};
  count_in(i);
  print(i, found.paths);
}

void told_links::count_in(const inode& i) noexcept {
  ++groups_;
  incomplete_ += i.elsewhere() != 0 ? 1 : 0;
  names_ += i.names;
  elsewhere_ += i.elsewhere();
  if (i.type != file_type::regular && i.type != file_type::symlink) return;
  bytes_ += i.size;
  if (i.names > 1) saved_ += i.size * (i.names - 1);
}

void told_links::print(const inode& i, std::span<const std::string> paths) {
  const bool indented = how_ == telling_links::lines;
  std::string text;
  switch (how_) {
  case telling_links::nothing:
    return;
  case telling_links::json:
    return out_.print(json_of(i, paths));
  case telling_links::lines:
    text = line_of(i);
    [[fallthrough]];
  case telling_links::quoted_names:
    for (const auto& path : paths) text.append(indented ? "  " : "").append(quoted(path)) += '\n';
    return out_.print(text);
  case telling_links::names:
  case telling_links::groups_of_names:
    for (const auto& path : paths) text.append(path) += '\0';
    if (how_ == telling_links::groups_of_names) text += '\0';
    return out_.print(text);
  }
}

std::string told_links::line_of(const inode& i) {
  std::string text(word_for(i.type));
  text +=
      " " + std::to_string(i.number) + ", " + size_text(i.size) + ", " + counted(i.links, "link");
  if (i.elsewhere() != 0) text += ", " + grouped(i.elsewhere()) + " elsewhere";
  return text + ":\n";
}

std::string told_links::json_of(const inode& i, std::span<const std::string> paths) {
  return json_line("group")
      .text("entry", word_for(i.type))
      .text("device", device_text(i.device))
      .number("inode", static_cast<std::int64_t>(i.number))
      .number("size", static_cast<std::int64_t>(i.size))
      .number("links", static_cast<std::int64_t>(i.links))
      .number("elsewhere", static_cast<std::int64_t>(i.elsewhere()))
      .names("paths", paths)
      .str();
}

std::vector<told_links::count> told_links::counts() const {
  return {{"groups", groups_},
          {"incomplete", incomplete_},
          {"names", names_},
          {"elsewhere", elsewhere_},
          {"saved", saved_}};
}

std::string told_links::summary() const {
  std::string text;
  for (const auto& [what, number] : counts())
    text.append(what).append(" ").append(std::to_string(number)).append("\n");
  return text.append("bytes ").append(std::to_string(bytes_)).append("\n");
}

} // namespace afio::cli
