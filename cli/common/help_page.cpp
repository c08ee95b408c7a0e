#include "cli/common/help_page.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <string_view>
#include <vector>

namespace afio::cli {

namespace {

constexpr std::size_t width = 80;
constexpr std::size_t indent = 2;

/// What stands on the left, and its explanation.
struct entry {
  std::string label;
  std::string words;
};

using options = std::vector<const CLI::Option*>;

bool is_argument(const CLI::Option& option) { return option.get_positional(); }

bool is_common(const CLI::Option& option) { return option.get_group() == common_group; }

options shown(const CLI::App& app, bool (*wanted)(const CLI::Option&)) {
  return app.get_options(
      [&](const CLI::Option* option) { return !option->get_group().empty() && wanted(*option); });
}

options arguments_of(const CLI::App& app) { return shown(app, is_argument); }

options own_options_of(const CLI::App& app) {
  return shown(app, [](const CLI::Option& o) { return !is_argument(o) && !is_common(o); });
}

options common_options_of(const CLI::App& app) { return shown(app, is_common); }

std::string names_of(const CLI::Option& option) {
  return option.get_name(is_argument(option), !is_argument(option));
}

bool is_repeatable(const CLI::Option& option) {
  // Several words of a list are one value.
  return option.get_expected_max() > 1 && option.get_delimiter() == '\0';
}

/// "HOW" of "HOW:{auto,hard}", which is what CLI11 makes of a name and a check.
std::string value_of(const CLI::Option& option) {
  const std::string type = option.get_type_size() == 0 ? "" : option.get_type_name();
  return type.substr(0, type.find(':'));
}

/// "auto,hard" of the same.
std::string words_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const auto start = type.find(":{");
  const auto end = type.find('}');
  return start == type.npos || end == type.npos ? "" : type.substr(start + 2, end - start - 2);
}

entry entry_of(const CLI::Option& option) {
  std::string label = names_of(option);
  if (const std::string value = value_of(option); !value.empty()) label += ' ' + value;
  if (is_argument(option) && is_repeatable(option)) label += "...";
  return {std::move(label), option.get_description()};
}

std::vector<entry> entries_of(const options& some) {
  std::vector<entry> all;
  for (const CLI::Option* const option : some) all.push_back(entry_of(*option));
  return all;
}

std::size_t longest_label(const std::vector<entry>& entries) {
  std::size_t most = 0;
  for (const entry& one : entries) most = std::max(most, one.label.size());
  return most;
}

/// `one` with its words from the column `at` on, in as many lines as they need.
std::string lines_of(const entry& one, std::size_t at) {
  std::string text = std::string(indent, ' ') + one.label;
  text.append(at - text.size(), ' ');
  std::string_view rest = one.words;
  while (rest.size() > width - at) {
    const auto space = rest.rfind(' ', width - at);
    if (space == rest.npos) break;
    text += std::string(rest.substr(0, space)) + '\n' + std::string(at, ' ');
    rest.remove_prefix(space + 1);
  }
  return text + std::string(rest) + '\n';
}

std::string one_in_a_line(const std::vector<entry>& entries) {
  std::string text;
  const std::size_t at = indent + longest_label(entries) + 2;
  for (const entry& one : entries) text += lines_of(one, at);
  return text;
}

/// The first half of `entries` on the left, the others on the right.
std::string two_in_a_line(const std::vector<entry>& entries) {
  constexpr std::size_t middle = width / 2;
  const std::size_t at = indent + longest_label(entries) + 2;
  const std::size_t rows = (entries.size() + 1) / 2;
  std::string text;
  for (std::size_t left = 0; left < rows; ++left) {
    std::string line = lines_of(entries[left], at);
    if (const std::size_t right = left + rows; right < entries.size()) {
      line.back() = ' ';
      if (line.size() < middle) line.resize(middle, ' ');
      line += lines_of(entries[right], at);
    }
    text += line;
  }
  return text;
}

std::string usage_of(const CLI::App& app) {
  std::string text = "Usage: " + app.get_name() + " [OPTION]...";
  for (const CLI::Option* const argument : arguments_of(app)) {
    const std::string label = entry_of(*argument).label;
    text += ' ' + (argument->get_required() ? label : '[' + label + ']');
  }
  return text + '\n';
}

} // namespace

std::string help_page(const CLI::App& app) {
  std::vector<entry> own = entries_of(arguments_of(app));
  std::erase_if(own, [](const entry& argument) { return argument.words.empty(); });
  for (entry& one : entries_of(own_options_of(app))) own.push_back(std::move(one));
  return app.get_description() + '\n' + usage_of(app) + '\n' + one_in_a_line(own) + '\n' +
         two_in_a_line(entries_of(common_options_of(app))) + '\n' + app.get_footer() + '\n';
}

std::string option_table(const CLI::App& app) {
  std::string text;
  for (const options& some : {arguments_of(app), own_options_of(app), common_options_of(app)}) {
    for (const CLI::Option* const option : some) {
      text += names_of(*option) + '\t' + value_of(*option) + '\t' + words_of(*option) + '\t' +
              (is_repeatable(*option) ? "..." : "") + '\t' + option->get_description() + '\n';
    }
  }
  return text;
}

} // namespace afio::cli
