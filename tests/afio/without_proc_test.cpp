// Where /proc is missing, or is somebody's own directory of that name. Whether it is the kernel's
// is found out once a process, so each test asks in a process of its own, which sees nothing but
// its scratch directory.
#include "afio/descriptor_table.hpp"
#include "afio/directory_handle.hpp"
#include "afio/file_handle.hpp"
#include "afio/memory_usage.hpp"
#include "afio/page_map.hpp"
#include "tests/afio/scene.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <functional>

#include <sys/wait.h>
#include <unistd.h>

namespace afio::unit {
namespace {

class WithoutProc : public scene {
protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can change the root directory";
  }

  /// Whether it holds in a process that sees the scratch directory as "/".
  bool inside(const std::function<bool()>& holds) const {
    const pid_t child = ::fork();
    if (child == 0) {
      const bool moved = ::chroot(scratch.path().c_str()) == 0 && ::chdir("/") == 0;
      ::_exit(moved ? (holds() ? 0 : 1) : 2);
    }
    int status = 0;
    if (::waitpid(child, &status, 0) != child || WEXITSTATUS(status) == 2)
      throw std::runtime_error("no process with a root of its own");
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
};

TEST_F(WithoutProc, WhatNeedsItSaysSo) {
  make("f f 1");
  EXPECT_TRUE(inside([&] {
    std::array<char, 4096> buffer;
    std::array<std::byte, 8> value;
    const auto f = take(file_handle::file(dir, leaf("f"), {.mode = mode::none}));
    return failed_with(dir.current_path(buffer), ENOSYS) && failed_with(f.locate(), ENOSYS) &&
           failed_with(f.get_attribute("user.a", value), ENOSYS) &&
           failed_with(f.clone(mode::read, caching::all), ENOSYS) &&
           failed_with(file_handle::file(dir, leaf("f")), ENOSYS) &&
           failed_with(descriptor_table::of_this_process(), ENOSYS) &&
           failed_with(page_map::open(), ENOSYS) && failed_with(memory_usage_now(), ENOSYS);
  }));
}

TEST_F(WithoutProc, NobodysDirectoryIsBelieved) {
  std::string planted = "f f 1\n";
  for (int fd = 0; fd < 64; ++fd) {
    planted += "f proc/self/fd/" + std::to_string(fd) + " 666\n";
  }
  make(planted);
  EXPECT_TRUE(inside([&] {
    return failed_with(file_handle::file(dir, leaf("f")), ENOSYS) &&
           failed_with(descriptor_table::of_this_process(), ENOSYS);
  }));
}

TEST_F(WithoutProc, NamesAndListingsDoNotNeedIt) {
  make("f f 1\n d d\n f d/inside 1");
  EXPECT_TRUE(inside([&] {
    const auto f = take(file_handle::file(dir, leaf("f"), {.mode = mode::none}));
    const auto d = take(directory_handle::directory(dir, leaf("d")));
    std::array<std::uint64_t, 512> buffer;
    return d.read(std::as_writable_bytes(std::span(buffer))) && f.stat() &&
           f.relink(dir, leaf("f"), d, leaf("g")) && f.link(dir, leaf("h")) &&
           f.unlink(d, leaf("g")) && f.set_mode(0600) && d.unlink(leaf("inside")) &&
           file_handle::file(dir, leaf("new"),
                             {.mode = mode::write, .creation = creation::only_if_not_exist});
  }));
  EXPECT_EQ(names(), (std::set<std::string>{"d", "h", "new"}));
}

} // namespace
} // namespace afio::unit
