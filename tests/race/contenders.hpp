// The programs that are put to the test: the tool, and the controls that prove that a test can
// fail.
#pragma once

#include "tests/race/scene.hpp"
#include "tests/support/subprocess.hpp"
#include "tests/support/supervisor.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace afio::testing {

/// A program that deletes trees. The root is added to its arguments.
struct contender {
  std::string name;
  std::vector<std::string> arguments;
  std::chrono::milliseconds time = std::chrono::seconds(10); ///< hung when it takes longer

  [[nodiscard]] bool has(std::string_view option) const;

  /// It renames the root before it deletes anything.
  [[nodiscard]] bool hides() const { return has("--hide"); }

  /// It deletes nothing before it knows that it can delete all.
  [[nodiscard]] bool all_or_nothing() const { return has("--all-or-nothing"); }
};

/// afio-rmtree with these options; one thread unless they say otherwise. The variable AFIO_RMTREE
/// says where it is.
contender afio_rmtree(std::initializer_list<std::string> options = {});

/// naive_path and the like, by the last part of the name. Each falls in its own way. The variable
/// AFIO_CONTROLS says where one of them is.
contender naive(const std::string& name);

/// It with its arguments for this tree, in an environment that is the same everywhere.
program to_delete(const contender& tool, const std::filesystem::path& root);

/// Stops count from the first one on that has to do with the scene.
supervision counted_from(const scene& at, const contender& tool);

/// How many stops it makes when nobody disturbs it. Throws if it does not succeed even then.
std::uint64_t count_stops(const contender& tool);

} // namespace afio::testing
