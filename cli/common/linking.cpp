#include "cli/common/linking.hpp"

#include <CLI/CLI.hpp>

namespace afio::cli {

namespace {

using algorithms::aspect;
using algorithms::copy_options;

} // namespace

void linking_arguments::add_to(CLI::App& app) {
  app.add_option("--link", link, "No copies but links to SRC: hard or symbolic")
      ->type_name("HOW")
      ->check(CLI::IsMember({"hard", "symbolic"}));
  app.add_flag("--absolute-links", absolute, "With --link=symbolic: by whole paths");
  app.add_option("--dereference", dereference, "Make files of symlinks, hardlinks or all")
      ->type_name("WHAT")
      ->check(CLI::IsMember({"symlinks", "hardlinks", "all"}));
  app.add_flag("--fix-symlinks", fix, "Symlinks into SRC shall lead into DST");
}

std::string linking_arguments::contradiction() const {
  if (absolute && link != "symbolic") return "--absolute-links requires --link=symbolic";
  if (fix && follows_symlinks()) return "--dereference=symlinks leaves none for --fix-symlinks";
  if (link.empty()) return {};
  if (fix) return "--link makes no copies of symlinks for --fix-symlinks";
  if (parts_hardlinks()) return "--link makes no files for --dereference=hardlinks";
  if (link == "symbolic" && follows_symlinks())
    return "--link=symbolic leads through symlinks, --dereference=symlinks around them";
  return {};
}

void linking_arguments::apply_to(copy_options& options) const {
  using leaves = decltype(copy_options::leaves);
  if (link == "hard") options.leaves = leaves::hard_links;
  if (link == "symbolic") options.leaves = absolute ? leaves::absolute_symlinks : leaves::symlinks;
  if (fix) options.symlinks = copy_options::symlinks::fix;
  if (follows_symlinks()) options.symlinks = copy_options::symlinks::follow;
  if (parts_hardlinks()) options.file.preserve = without(options.file.preserve, aspect::links);
}

} // namespace afio::cli
