// Tests that run on each kind of file system that we can make here.
#pragma once

#include "afio/path_handle.hpp"
#include "tests/afio/scene.hpp"
#include "tests/support/descriptor_guard.hpp"
#include "tests/support/mounts.hpp"
#include "tests/support/own_mounts.hpp"
#include "tests/support/scratch.hpp"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>

namespace afio::unit {

using testing::file_system;

/// A directory of the test's own on a file system of that kind, which the suite's tests share.
class per_file_system : public ::testing::TestWithParam<file_system> {
protected:
  static void TearDownTestSuite() { file_systems.clear(); }

  void SetUp() override {
    const auto& fs = file_systems.try_emplace(GetParam(), GetParam()).first->second;
    if (!fs) GTEST_SKIP() << fs.why_not();
    guard.emplace();
    scratch.emplace(fs.path());
    dir = anchor(scratch->path());
  }

  void TearDown() override {
    dir = {};
    scratch.reset();
    guard.reset();
  }

  /// Whether the file system can share blocks between files.
  static bool shares() {
    return GetParam() == file_system::xfs || GetParam() == file_system::btrfs;
  }

  std::filesystem::path at(const std::filesystem::path& name) const { return *scratch / name; }

  void make(std::string_view literal) const { testing::make_tree(scratch->path(), literal); }

  std::optional<testing::descriptor_guard> guard;
  std::optional<testing::scratch_directory> scratch;
  path_handle dir;

private:
  static inline std::map<file_system, testing::loop_fs> file_systems;
};

inline std::string kind_of(const ::testing::TestParamInfo<file_system>& info) {
  return testing::name_of(info.param);
}

/// For INSTANTIATE_TEST_SUITE_P, with kind_of.
inline auto all_kinds() {
  return ::testing::Values(file_system::tmpfs, file_system::ext4, file_system::xfs,
                           file_system::btrfs);
}

} // namespace afio::unit
