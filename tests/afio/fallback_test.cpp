// What kernels without openat2 do instead. afio remembers that for the process, so this is a
// program of its own.
#include "afio/directory_handle.hpp"
#include "afio/file_handle.hpp"
#include "afio/symlink_handle.hpp"
#include "tests/afio/scene.hpp"
#include "tests/support/mounts.hpp"
#include "tests/support/own_mounts.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <map>
#include <string>

namespace afio::unit {
namespace {

using observations = std::map<std::string, std::string>;

class WithoutOpenat2 : public scene {
protected:
  void SetUp() override {
    make("f file 3\n d directory\n p fifo\n s socket\n l to_file -> file\n l to_dir -> directory\n"
         "l dangling -> nothing\n l loop -> loop");
  }

  void forget_openat2() const {
    const armed missing({.which = call::openat2, .native = ENOSYS});
    EXPECT_TRUE(succeeded(path_handle::path(dir, leaf("directory"))));
    EXPECT_EQ(detail::calls_seen(call::openat2), 1U);
    EXPECT_EQ(detail::calls_seen(call::openat), 1U);
  }

  template <class T>
  static std::string outcome_of(const result<T>& r) {
    if (r) return "opened";
    // Refusing a symlink has two numbers, and both are documented.
    const bool symlink = r.assume_error().native() == ELOOP;
    return symlink ? "Not a directory" : r.assume_error().code().message();
  }

  /// What becomes of every way to open every kind of name.
  observations observe() const {
    observations seen;
    for (const char* name : {"file", "directory", "fifo", "socket", "to_file", "to_dir", "dangling",
                             "loop", "missing"}) {
      const std::string n = name;
      seen["anchor " + n] = outcome_of(path_handle::path(dir, leaf(name)));
      seen["listing " + n] = outcome_of(directory_handle::directory(dir, leaf(name)));
      seen["symlink " + n] = outcome_of(symlink_handle::symlink(dir, leaf(name)));
      for (const mode m : {mode::none, mode::read, mode::write, mode::append}) {
        for (const creation c : {creation::open_existing, creation::only_if_not_exist,
                                 creation::if_needed, creation::truncate_existing}) {
          const std::string how =
              ' ' + std::to_string(static_cast<int>(m)) + std::to_string(static_cast<int>(c));
          seen["file " + n + how] =
              outcome_of(file_handle::file(dir, leaf(name), {.mode = m, .creation = c}));
          if (n == "missing") std::filesystem::remove(scratch / "missing");
        }
      }
    }
    return seen;
  }
};

// The tests run in this order: the second one cannot be undone.

TEST_F(WithoutOpenat2, APolicyThatForbidsItIsTriedAgain) {
  const armed forbidden({.which = call::openat2, .native = EPERM});
  EXPECT_TRUE(succeeded(path_handle::path(dir, leaf("directory"))));
  EXPECT_EQ(detail::calls_seen(call::openat), 1U);
  EXPECT_TRUE(succeeded(path_handle::path(dir, leaf("directory"))));
  EXPECT_EQ(detail::calls_seen(call::openat2), 2U);
  EXPECT_EQ(detail::calls_seen(call::openat), 1U);
}

TEST_F(WithoutOpenat2, EveryOpenEndsAlike) {
  const observations with = observe();
  forget_openat2();
  const armed counting;
  const observations without = observe();
  EXPECT_EQ(detail::calls_seen(call::openat2), 0U) << "it is asked once a process";
  for (const auto& [what, outcome] : with) {
    EXPECT_EQ(without.at(what), outcome) << what;
  }
  EXPECT_EQ(with.size(), 9U * (3 + 16));
}

TEST_F(WithoutOpenat2, NothingIsFollowed) {
  EXPECT_FALSE(path_handle::path(dir, leaf("to_dir")));
  EXPECT_FALSE(directory_handle::directory(dir, leaf("to_dir")));
  EXPECT_TRUE(failed_with(file_handle::file(dir, leaf("to_file")), ELOOP));
}

TEST_F(WithoutOpenat2, AMountPointIsEnteredAndShowsInItsIdentity) {
  if (const auto reason = testing::no_mounts(); !reason.empty()) GTEST_SKIP() << reason;
  make("d m\n f elsewhere/f 1");
  const auto m = testing::mounted::bind(scratch / "elsewhere", scratch / "m");
  const auto opened = path_handle::path(dir, leaf("m"));
  ASSERT_TRUE(succeeded(opened));
  const identity inside = take(opened.assume_value().identity());
  EXPECT_FALSE(inside.same_mount(take(dir.identity())));
}

} // namespace
} // namespace afio::unit
