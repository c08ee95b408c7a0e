#include "cli/common/copying.hpp"

#include "afio/path_view.hpp"

#include <CLI/CLI.hpp>

#include <map>

#include <sys/stat.h>

namespace afio::cli {

namespace {

using algorithms::aspect;
using algorithms::sync;

const std::map<std::string, aspect> aspects{{"mode", aspect::mode},
                                            {"ownership", aspect::ownership},
                                            {"timestamps", aspect::timestamps},
                                            {"xattr", aspect::xattr},
                                            {"acl", aspect::acl},
                                            {"flags", aspect::flags},
                                            {"links", aspect::links},
                                            {"all", aspect::all},
                                            {"none", aspect::none}};

const std::map<std::string, sync> syncs{
    {"none", sync::none}, {"files", sync::files}, {"all", sync::all}};

} // namespace

void copying_arguments::add_to(CLI::App& app) {
  app.add_option("--preserve", preserve,
                 "all, none, or of mode, ownership, timestamps,\nxattr, acl, flags and links")
      ->type_name("LIST")
      ->delimiter(',')
      ->check(CLI::IsMember(&aspects).description(""));
  app.add_option("--sync", sync, "Wait until durable: none, files or all")
      ->type_name("WHAT")
      ->check(CLI::IsMember(&syncs).description(""));
}

void copying_arguments::apply_to(algorithms::copy_file_options& file) const {
  file.preserve = aspect::none;
  for (const std::string& word : preserve) file.preserve = file.preserve | aspects.at(word);
  file.sync = syncs.at(sync);
  file.umask = current_umask();
}

bool copying_arguments::missed(const output& told) const {
  for (const std::string& word : preserve) {
    if (told.has_lost(name_of(aspects.at(word)))) return true;
  }
  return false;
}

std::uint16_t current_umask() noexcept {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return static_cast<std::uint16_t>(mask & 0777);
}

std::string without_slashes(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

std::string beside(const std::string& target, std::string_view name) {
  const std::string above(path_view(without_slashes(target)).parent().view());
  return (above.empty() ? "./" : above) + std::string(name);
}

} // namespace afio::cli
