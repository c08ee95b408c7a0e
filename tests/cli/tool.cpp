#include "tests/cli/tool.hpp"

#include "afio/random_name.hpp"

#include <algorithm>
#include <filesystem>
#include <sstream>

namespace afio::cli {

std::string tool_path(const std::string& name) {
  return std::filesystem::absolute("cli/" + name).string();
}

testing::program tool::program(arguments args) const {
  args.insert(args.begin(), tool_path(name_));
  return {.arguments = std::move(args), .directory = scratch};
}

testing::ending tool::shell(const std::string& script, arguments args) const {
  args.insert(args.begin(), {"/bin/sh", "-c", "T=$0; " + script, tool_path(name_)});
  return testing::run({.arguments = std::move(args), .directory = scratch});
}

bool tool::exists(std::string_view name) const {
  return std::filesystem::symlink_status(scratch / name).type() !=
         std::filesystem::file_type::not_found;
}

std::string tool::names(std::string_view below) const {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(scratch / below)) {
    const std::string name = entry.path().filename();
    found.push_back(is_random_name(name) ? "*" : name);
  }
  std::sort(found.begin(), found.end());
  std::string all;
  for (const std::string& name : found) all += (all.empty() ? "" : " ") + name;
  return all;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> found;
  for (std::string line; std::getline(in, line);) found.push_back(line);
  return found;
}

std::vector<std::string> sorted_lines_of(const std::string& text) {
  auto found = lines_of(text);
  std::sort(found.begin(), found.end());
  return found;
}

} // namespace afio::cli
