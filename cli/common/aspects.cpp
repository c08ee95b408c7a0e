#include "cli/common/aspects.hpp"

#include <CLI/CLI.hpp>

#include <map>

namespace afio::cli {

namespace {

using algorithms::aspect;

const std::map<std::string, aspect> aspects{{"mode", aspect::mode},
                                            {"ownership", aspect::ownership},
                                            {"timestamps", aspect::timestamps},
                                            {"xattr", aspect::xattr},
                                            {"acl", aspect::acl},
                                            {"flags", aspect::flags},
                                            {"links", aspect::links},
                                            {"all", aspect::all},
                                            {"none", aspect::none}};

} // namespace

void aspect_list::add_to(CLI::App& app, const std::string& name, const std::string& about,
                         std::string_view of) {
  app.add_option(name, words, about + ' ' + std::string(of))
      ->type_name("LIST")
      ->delimiter(',')
      ->check(CLI::IsMember(&aspects).description(""));
}

aspect aspect_list::meant() const {
  aspect all = aspect::none;
  for (const std::string& word : words) all = all | aspect_of(word);
  return all;
}

aspect aspect_of(const std::string& word) { return aspects.at(word); }

} // namespace afio::cli
