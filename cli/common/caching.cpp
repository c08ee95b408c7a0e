#include "cli/common/caching.hpp"

#include <CLI/CLI.hpp>

#include <map>

namespace afio::cli {

namespace {

using algorithms::hash_caching;

const std::map<std::string, hash_caching> places{
    {"none", hash_caching::none}, {"ea", hash_caching::attribute}, {"file", hash_caching::file}};

} // namespace

CLI::Option* caching::add_to(CLI::App& app) {
  return app.add_option("--cache", where, "Remember hashes: none, ea (in attributes), file")
      ->type_name("WHERE")
      ->check(CLI::IsMember(&places));
}

hash_caching caching::meant() const { return places.at(where); }

} // namespace afio::cli
