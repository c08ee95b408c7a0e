#include "tests/race/contenders.hpp"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

namespace afio::testing {
namespace {

// The build tells where a program is, relative to the folder that tests are started in.
std::string from_environment(const char* name) {
  const char* value = std::getenv(name);
  if (!value) throw std::runtime_error(std::string("not set: ") + name);
  return std::filesystem::absolute(value);
}

} // namespace

bool contender::has(std::string_view option) const {
  return std::find(arguments.begin(), arguments.end(), option) != arguments.end();
}

contender afio_rmtree(std::initializer_list<std::string> options) {
  contender tool{"afio-rmtree", {from_environment("AFIO_RMTREE"), "--progress=never"}};
  const bool threads_given = std::any_of(options.begin(), options.end(), [](const auto& option) {
    return option.starts_with("--threads");
  });
  if (!threads_given) tool.arguments.push_back("--threads=1");
  for (const auto& option : options) {
    tool.arguments.push_back(option);
    tool.name += " " + option;
  }
  return tool;
}

contender naive(const std::string& name) {
  const std::filesystem::path one_of_them = from_environment("AFIO_CONTROLS");
  // One of the races makes one of them hang, which must not take long.
  return {
      "naive_" + name, {one_of_them.parent_path() / ("naive_" + name)}, std::chrono::seconds(1)};
}

program to_delete(const contender& tool, const std::filesystem::path& root) {
  program result{.arguments = tool.arguments, .environment = {"LC_ALL=C", "PATH=/usr/bin:/bin"}};
  // A leak check at the end would be a part of the run, and dies of the errors made for the tool.
  result.environment.push_back("ASAN_OPTIONS=detect_leaks=0");
  result.arguments.push_back(root);
  return result;
}

supervision counted_from(const scene& at, const contender& tool) {
  return {.count_from = at.marker(), .time = tool.time};
}

std::uint64_t count_stops(const contender& tool) {
  const scene calm;
  const auto run = supervise(
      to_delete(tool, calm.root()), [](const stop&) { return action::continue_it(); },
      counted_from(calm, tool));
  if (!run.exited_with(0)) {
    throw std::runtime_error(tool.name + " fails undisturbed: " + describe(run));
  }
  return run.stops;
}

} // namespace afio::testing
