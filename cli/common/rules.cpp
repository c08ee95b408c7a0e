#include "cli/common/rules.hpp"

#include "afio/quoted.hpp"
#include "cli/common/whole_file.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <map>
#include <optional>

namespace afio::cli {

namespace {

using action = algorithms::path_filter::action;
using separator = algorithms::path_filter::separator;

} // namespace

void rules::add_to(CLI::App& app) {
  app_ = &app;
  const auto add = [&](given& to, const char* name, const char* type, const char* help) {
    to.option = app.add_option(name, to.values, help)->type_name(type)->allow_extra_args(false);
  };
  add(exclude_, "--exclude", "PATTERN", "Leave out what matches, as rsync does");
  add(include_, "--include", "PATTERN", "Do not leave it out: the first match decides");
  add(exclude_from_, "--exclude-from", "FILE", "--exclude each line of FILE; - is stdin");
  add(include_from_, "--include-from", "FILE", "--include each line of FILE");
  add(from_file_, "--from-file", "FILE", "Only the paths that FILE lists");
  app.add_flag("--from0", null_, "The paths in FILE end with NULs");
}

bool rules::any_given() const {
  const auto is_given = [](const given* one) { return one->option->count() != 0; };
  const auto options = all();
  return std::any_of(options.begin(), options.end(), is_given);
}

std::string rules::read() {
  std::map<const CLI::Option*, std::size_t> taken;
  for (const CLI::Option* option : app_->parse_order()) {
    const given* from = nullptr;
    for (const given* one : all()) {
      if (option == one->option) from = one;
    }
    if (from == nullptr) continue;
    const bool plain = from == &exclude_ || from == &include_;
    const std::string& value = from->values.at(taken[option]++);
    const action what =
        from == &include_ || from == &include_from_ ? action::include : action::exclude;
    result<void> added = success();
    if (plain) {
      added = filter_.add(what, value);
    } else {
      const auto text = contents_of(value);
      if (!text)
        return "cannot read " + afio::quoted(value) + ": " + text.assume_error().code().message();
      added = from == &from_file_ ? filter_.list_only(text.assume_value(),
                                                      null_ ? separator::nul : separator::newline)
                                  : filter_.add_rules(what, text.assume_value());
    }
    if (!added) {
      return option->get_name() + ' ' + afio::quoted(value) + ": " +
             added.assume_error().code().message();
    }
  }
  return {};
}

} // namespace afio::cli
