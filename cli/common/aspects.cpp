#include "cli/common/aspects.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace afio::cli {

namespace {

using algorithms::aspect;

constexpr std::pair<std::string_view, aspect> aspects[] = {{"all", aspect::all},
                                                           {"none", aspect::none},
                                                           {"mode", aspect::mode},
                                                           {"ownership", aspect::ownership},
                                                           {"timestamps", aspect::timestamps},
                                                           {"xattr", aspect::xattr},
                                                           {"acl", aspect::acl},
                                                           {"flags", aspect::flags},
                                                           {"links", aspect::links}};

} // namespace

void aspect_list::add_to(CLI::App& app, const std::string& name, const std::string& about,
                         std::initializer_list<std::string_view> without) {
  std::vector<std::string> known;
  std::string help = about;
  for (const auto& [word, what] : aspects) {
    if (std::find(without.begin(), without.end(), word) != without.end()) continue;
    help += (known.empty() ? " " : ", ") + std::string(known.size() == 2 ? "or of " : "");
    help += known.emplace_back(word);
  }
  app.add_option(name, words, help)
      ->type_name("LIST")
      ->delimiter(',')
      ->allow_extra_args(false) // What follows is a path.
      ->check(CLI::IsMember(std::move(known)));
}

aspect aspect_list::meant() const {
  aspect all = aspect::none;
  for (const std::string& word : words) all = all | aspect_of(word);
  return all;
}

aspect aspect_of(const std::string& word) {
  return std::find_if(std::begin(aspects), std::end(aspects),
                      [&](const auto& known) { return known.first == word; })
      ->second;
}

} // namespace afio::cli
