#include "cli/common/copying.hpp"

#include "afio/path_view.hpp"
#include "afio/quoted.hpp"

#include <CLI/CLI.hpp>

#include <map>

#include <sys/stat.h>

namespace afio::cli {

namespace {

using algorithms::sync;

const std::map<std::string, sync> syncs{
    {"none", sync::none}, {"files", sync::files}, {"all", sync::all}};

} // namespace

void copying_arguments::add_to(CLI::App& app) {
  preserve.add_to(app, "--preserve", "What is kept:");
  app.add_option("--sync", sync, "Wait until durable: none, files or all")
      ->type_name("WHAT")
      ->check(CLI::IsMember(&syncs));
}

void copying_arguments::apply_to(algorithms::copy_file_options& file) const {
  file.preserve = preserve.meant();
  file.sync = syncs.at(sync);
  file.umask = current_umask();
}

bool copying_arguments::missed(const output& told) const {
  for (const std::string& word : preserve.words) {
    if (told.has_lost(name_of(aspect_of(word)))) return true;
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

void tell_left(output& out, std::string_view copied, const std::string& target,
               const std::optional<leaf_buffer>& left) {
  if (!left) return;
  out.note("what was " + std::string(copied) + " is in " +
           afio::quoted(beside(target, left->view())) +
           "; delete it with afio-rmtree --reap of its directory");
}

} // namespace afio::cli
