// Extended attributes of every file type, through every mode of handle.
#include "afio/detail/syscalls.hpp"
#include "afio/directory_handle.hpp"
#include "afio/file_handle.hpp"
#include "afio/symlink_handle.hpp"
#include "tests/afio/per_file_system.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sys/xattr.h>

namespace afio::unit {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span<const char>(text.data(), text.size()));
}

class Attributes : public per_file_system {
protected:
  void SetUp() override {
    per_file_system::SetUp();
    if (IsSkipped()) return;
    const auto probe = dir.set_attribute("user.probe", {});
    if (failed_with(probe, ENOTSUP)) GTEST_SKIP() << "no user attributes"; // tmpfs before Linux 6.6
    take(dir.remove_attribute("user.probe"));
  }

  static std::string get(const fs_handle& file, const char* name) {
    std::string value(65536, '?');
    value.resize(take(file.get_attribute(name, std::as_writable_bytes(std::span<char>(value)))));
    return value;
  }

  static std::set<std::string> list(const fs_handle& file) {
    std::vector<char> text(65536);
    text.resize(take(file.list_attributes(text)));
    std::set<std::string> names;
    for (auto at = text.begin(); at != text.end();) {
      const auto end = std::find(at, text.end(), '\0');
      names.emplace(at, end);
      at = end + 1;
    }
    return names;
  }

  /// Writes, lists, reads, replaces and removes one.
  static void round_trip(const fs_handle& file, const char* name) {
    const std::string value("a\0b\xff", 4);
    const auto before = list(file);
    EXPECT_TRUE(succeeded(file.set_attribute(name, bytes_of(value))));
    EXPECT_EQ(get(file, name), value);
    EXPECT_TRUE(list(file).contains(name));
    EXPECT_TRUE(succeeded(file.set_attribute(name, bytes_of("other"))));
    EXPECT_EQ(get(file, name), "other");
    EXPECT_TRUE(succeeded(file.remove_attribute(name)));
    EXPECT_EQ(list(file), before);
  }
};

INSTANTIATE_TEST_SUITE_P(Kinds, Attributes, all_kinds(), kind_of);

TEST_P(Attributes, OfARegularFileThroughEveryMode) {
  make("f f 0");
  for (const mode m : {mode::none, mode::read, mode::write, mode::append}) {
    const auto file = take(file_handle::file(dir, leaf("f"), {.mode = m}));
    round_trip(file, "user.a");
    round_trip(file, "trusted.a");
  }
}

TEST_P(Attributes, OfADirectoryThroughBothHandles) {
  round_trip(dir, "user.a");
  round_trip(take(directory_handle::directory(dir)), "trusted.a");
}

TEST_P(Attributes, OfASymlinkAreItsOwn) {
  make("f target 0\n l l -> target");
  const auto link = take(symlink_handle::symlink(dir, leaf("l")));
  round_trip(link, "trusted.a");
  take(link.set_attribute("trusted.link", bytes_of("mine")));
  EXPECT_FALSE(list(take(file_handle::file(dir, leaf("target")))).contains("trusted.link"));
  EXPECT_TRUE(failed_with(link.set_attribute("user.a", bytes_of("x")), EPERM));
}

TEST_P(Attributes, OfAFifoNeverOpenIt) {
  make("p p");

  // No public kind of handle opens one yet; the base of them all serves any type.
  struct any_handle : fs_handle {
    explicit any_handle(detail::descriptor file) noexcept : fs_handle(std::move(file)) {}
  };

  const any_handle fifo(take(
      detail::sys::open(dir.native(), "p", O_PATH | O_NOFOLLOW, 0, detail::sys::resolve::single)));
  round_trip(fifo, "trusted.a");
  EXPECT_TRUE(failed_with(fifo.set_attribute("user.a", bytes_of("x")), EPERM));
}

// With and without the call of Linux 6.13.
TEST_P(Attributes, AreListedByNameAndNeverThroughASymlink) {
  make("f f 0\n l l -> f\n p p");
  take(take(fs_handle::pin(dir, leaf("f"))).set_attribute("user.a", bytes_of("x")));
  take(take(fs_handle::pin(dir, leaf("l"))).set_attribute("trusted.l", bytes_of("x")));
  for (const int missing : {0, ENOSYS}) {
    const armed kernel({.which = call::listxattrat,
                        .repeats = detail::fault::repeat::for_ever,
                        .native = missing});
    std::array<char, 64> names;
    const auto listed = [&](const char* name) {
      return std::string(names.data(), take(dir.list_attributes(leaf(name), names)));
    };
    EXPECT_NE(listed("f").find("user.a"), std::string::npos);
    EXPECT_NE(listed("l").find("trusted.l"), std::string::npos);
    EXPECT_EQ(listed("l").find("user.a"), std::string::npos);
    EXPECT_EQ(listed("p"), "");
    EXPECT_TRUE(failed_with(dir.list_attributes(leaf("none"), names), ENOENT));
    EXPECT_TRUE(failed_with(dir.list_attributes(leaf("f"), std::span(names).first(2)), ERANGE));
    EXPECT_EQ(detail::calls_seen(call::flistxattr) > 0, missing == ENOSYS);
  }
}

TEST_P(Attributes, AreFoundByNameAndNeverThroughASymlink) {
  make("f f 0\n l l -> f\n p p");
  take(take(fs_handle::pin(dir, leaf("f"))).set_attribute("user.a", bytes_of("xyz")));
  for (const int missing : {0, ENOSYS}) {
    const armed kernel(
        {.which = call::getxattrat, .repeats = detail::fault::repeat::for_ever, .native = missing});
    std::array<std::byte, 8> value;
    const auto found = [&](const char* name, const char* attribute = "user.a") {
      return take(dir.find_attribute(leaf(name), attribute, value));
    };
    EXPECT_EQ(found("f"), 3U);
    EXPECT_EQ(value[2], std::byte{'z'});
    EXPECT_EQ(found("f", "user.none"), std::nullopt);
    EXPECT_EQ(found("l", "trusted.a"), std::nullopt);
    EXPECT_TRUE(failed_with(dir.find_attribute(leaf("none"), "user.a", value), ENOENT));
    EXPECT_TRUE(
        failed_with(dir.find_attribute(leaf("f"), "user.a", std::span(value).first(2)), ERANGE));
    EXPECT_EQ(detail::calls_seen(call::fgetxattr) > 0, missing == ENOSYS);
  }
}

TEST_P(Attributes, AreMadeOrReplacedAsTold) {
  make("f f 0");
  const auto f = take(file_handle::file(dir, leaf("f")));
  const auto one = bytes_of("1");
  EXPECT_TRUE(failed_with(f.set_attribute("user.a", one, creation::open_existing), ENODATA));
  EXPECT_TRUE(failed_with(f.set_attribute("user.a", one, creation::truncate_existing), ENODATA));
  EXPECT_TRUE(succeeded(f.set_attribute("user.a", one, creation::only_if_not_exist)));
  EXPECT_TRUE(
      failed_with(f.set_attribute("user.a", bytes_of("2"), creation::only_if_not_exist), EEXIST));
  EXPECT_EQ(get(f, "user.a"), "1");
  EXPECT_TRUE(succeeded(f.set_attribute("user.a", bytes_of("3"), creation::open_existing)));
  EXPECT_EQ(get(f, "user.a"), "3");
}

TEST_P(Attributes, ThatAreNotThereAreEnodata) {
  make("f f 0");
  const auto f = take(file_handle::file(dir, leaf("f")));
  std::array<std::byte, 8> value;
  const auto missing = f.get_attribute("user.none", value);
  ASSERT_TRUE(failed_with(missing, ENODATA));
  EXPECT_EQ(missing.assume_error().name(), "user.none");
  EXPECT_TRUE(failed_with(f.remove_attribute("user.none"), ENODATA));
}

TEST_P(Attributes, InAShortBufferAreErange) {
  make("f f 0");
  const auto f = take(file_handle::file(dir, leaf("f")));
  take(f.set_attribute("user.name", bytes_of("value")));
  std::array<std::byte, 5> value;
  EXPECT_EQ(take(f.get_attribute("user.name", {})), 5U) << "an empty buffer asks for the size";
  EXPECT_TRUE(failed_with(f.get_attribute("user.name", std::span(value).first(4)), ERANGE));
  EXPECT_EQ(take(f.get_attribute("user.name", value)), 5U);
  std::array<char, 9> names;
  EXPECT_GE(take(f.list_attributes({})), 10U);
  EXPECT_TRUE(failed_with(f.list_attributes(names), ERANGE));
}

TEST_P(Attributes, OfMoreNamesThanTheKernelListsAreE2big) {
  if (!shares()) GTEST_SKIP() << "a file has no room for so many";
  make("f f 0");
  const auto f = take(file_handle::file(dir, leaf("f")));
  for (int i = 0; i < 300; ++i) {
    const std::string name = "user." + std::string(240, 'x') + std::to_string(i);
    take(f.set_attribute(name.c_str(), {}));
  }
  std::vector<char> names(100'000);
  EXPECT_TRUE(failed_with(f.list_attributes(std::span(names).first(65'536)), E2BIG));
  EXPECT_TRUE(failed_with(f.list_attributes(names), E2BIG));
}

TEST_P(Attributes, MayBeEmpty) {
  make("f f 0");
  const auto f = take(file_handle::file(dir, leaf("f")));
  EXPECT_TRUE(succeeded(f.set_attribute("user.empty", {})));
  EXPECT_EQ(get(f, "user.empty"), "");
  EXPECT_TRUE(list(f).contains("user.empty"));
}

TEST_P(Attributes, BelongToTheFileWhateverBecomesOfItsName) {
  make("f f 0\n f other 0");
  const auto f = take(file_handle::file(dir, leaf("f"), {.mode = mode::none}));
  std::filesystem::rename(at("other"), at("f"));
  EXPECT_TRUE(succeeded(f.set_attribute("user.a", bytes_of("mine"))));
  EXPECT_EQ(::getxattr(at("f").c_str(), "user.a", nullptr, 0), -1);
  EXPECT_EQ(get(f, "user.a"), "mine");
}

TEST(AttributesOfProc, AreNotSupported) {
  std::array<std::byte, 8> value;
  EXPECT_TRUE(failed_with(anchor("/proc").get_attribute("user.a", value), ENOTSUP));
  EXPECT_EQ(take(anchor("/proc").find_attribute(leaf("mounts"), "user.a", value)), std::nullopt);
}

} // namespace
} // namespace afio::unit
