// Runs the tool under test as its users do, in a scratch directory.
#pragma once

#include "tests/support/scratch.hpp"
#include "tests/support/subprocess.hpp"
#include "tests/support/tree.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace afio::cli {

using arguments = std::vector<std::string>;

class tool : public ::testing::Test {
protected:
  /// Which of the tools is run.
  explicit tool(std::string name = "afio-rmtree") : name_(std::move(name)) {
    std::filesystem::create_directory(scratch);
  }

  /// Makes entries in the scratch directory, in which the tool runs.
  void make(std::string_view literal) { testing::make_tree(scratch, literal); }

  testing::program program(arguments args) const;

  testing::ending run(arguments args) const { return testing::run(program(std::move(args))); }

  /// Through /bin/sh, which finds the tool as "$T": for redirections. `args` are $1 and so on.
  testing::ending shell(const std::string& script, arguments args = {}) const;

  bool exists(std::string_view name) const;
  /// Names in the scratch directory, sorted, the tool's own random ones as "*".
  std::string names(std::string_view below = "") const;

private:
  std::string name_;
  testing::scratch_directory outer_;

protected:
  /// A directory in one of the test's own, so that ".." is nobody else's either.
  const std::filesystem::path scratch = outer_ / "here";
};

/// The path of a tool.
std::string tool_path(const std::string& name = "afio-rmtree");

std::vector<std::string> lines_of(const std::string& text);
/// Sorted, because workers delete in any order.
std::vector<std::string> sorted_lines_of(const std::string& text);

} // namespace afio::cli
