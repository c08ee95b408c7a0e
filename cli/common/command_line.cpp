#include "cli/common/command_line.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <string_view>

namespace afio::cli {

namespace {

/// No argument of a process has one in it.
constexpr char guard = '\0';

std::string without_guard(std::string value) {
  if (value.ends_with(guard)) value.pop_back();
  return value;
}

bool takes_value(const CLI::Option& option) { return option.get_items_expected_max() != 0; }

/// "--name=" of an option that takes a value.
bool ends_in_empty_value(const CLI::App& app, const std::string& argument) {
  if (!argument.starts_with("--") || !argument.ends_with('=')) return false;
  const auto* const option = app.get_option_no_throw(argument.substr(0, argument.size() - 1));
  return option != nullptr && takes_value(*option);
}

} // namespace

std::vector<std::string> command_line(CLI::App& app, int argc, const char* const* argv) {
  for (CLI::Option* const option : app.get_options()) {
    if (takes_value(*option)) option->transform(without_guard);
  }
  std::vector<std::string> arguments;
  bool may_be_option = true;
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    may_be_option = may_be_option && argument != "--";
    if (may_be_option && ends_in_empty_value(app, argument)) {
      argument.pop_back();
      arguments.insert(arguments.end(), {std::move(argument), std::string()});
      continue;
    }
    if (argument.ends_with(']')) argument += guard; // Now it is no list.
    arguments.push_back(std::move(argument));
  }
  std::reverse(arguments.begin(), arguments.end());
  return arguments;
}

} // namespace afio::cli
