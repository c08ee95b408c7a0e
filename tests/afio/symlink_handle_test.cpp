#include "afio/symlink_handle.hpp"
#include "tests/afio/scene.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include <unistd.h>

namespace afio::unit {
namespace {

namespace fs = std::filesystem;
using namespace std::string_view_literals;
using list = std::set<std::string>;

class SymlinkHandle : public scene {
protected:
  static std::string target_of(const symlink_handle& link) {
    std::array<char, 4096> buffer;
    return std::string(take(link.read(buffer)));
  }
};

TEST_F(SymlinkHandle, IsTheSymlinkItself) {
  make("f target 5\n l l -> target\n l dangling -> nothing\n l loop -> loop");
  for (const auto& [name, target] :
       {std::pair("l", "target"), std::pair("dangling", "nothing"), std::pair("loop", "loop")}) {
    const auto link = take(symlink_handle::symlink(dir, leaf(name)));
    EXPECT_EQ(target_of(link), target);
    EXPECT_EQ(take(link.stat()).type, file_type::symlink);
    EXPECT_EQ(take(link.stat()).size, std::string_view(target).size());
  }
}

TEST_F(SymlinkHandle, OpensNothingElse) {
  make("f f 0\n d d\n p p\n s s");
  for (const char* name : {"f", "d", "p", "s"}) {
    const auto refused = symlink_handle::symlink(dir, leaf(name));
    ASSERT_TRUE(failed_with(refused, EINVAL)) << name;
    EXPECT_EQ(refused.assume_error().name(), name);
  }
  EXPECT_TRUE(failed_with(symlink_handle::symlink(dir, leaf("none")), ENOENT));
}

TEST_F(SymlinkHandle, StaysTheSameWhateverBecomesOfItsName) {
  make("l l -> first");
  const auto link = take(symlink_handle::symlink(dir, leaf("l")));
  fs::remove(scratch / "l");
  fs::create_symlink("second", scratch / "l");
  EXPECT_EQ(target_of(link), "first");
}

TEST_F(SymlinkHandle, MakesOne) {
  const auto link = take(symlink_handle::create(dir, leaf("l"), "../a b/\xff"));
  EXPECT_EQ(target_of(link), "../a b/\xff");
  EXPECT_EQ(fs::read_symlink(scratch / "l"), "../a b/\xff");
}

TEST_F(SymlinkHandle, MakesTheLongestAndNotLonger) {
  const std::string longest(4095, 'x');
  EXPECT_EQ(target_of(take(symlink_handle::create(dir, leaf("l"), longest))), longest);
  EXPECT_TRUE(failed_with(symlink_handle::create(dir, leaf("m"), longest + "x"), ENAMETOOLONG));
  EXPECT_TRUE(failed_with(symlink_handle::create(dir, leaf("m"), ""), ENOENT));
  EXPECT_TRUE(failed_with(symlink_handle::create(dir, leaf("m"), "a\0b"sv), EINVAL));
  EXPECT_EQ(names(), list{"l"});
}

TEST_F(SymlinkHandle, DoesNotReplace) {
  make("f f 3\n l l -> old");
  EXPECT_TRUE(failed_with(symlink_handle::create(dir, leaf("f"), "new"), EEXIST));
  EXPECT_TRUE(failed_with(symlink_handle::create(dir, leaf("l"), "new"), EEXIST));
  EXPECT_EQ(fs::read_symlink(scratch / "l"), "old");
  EXPECT_EQ(fs::file_size(scratch / "f"), 3U);
}

TEST_F(SymlinkHandle, NeverCutsATargetWithoutSayingSo) {
  make("l l -> target");
  const auto link = take(symlink_handle::symlink(dir, leaf("l")));
  std::array<char, 16> buffer;
  EXPECT_EQ(take(link.read(std::span(buffer).first(7))), "target");
  for (const std::size_t size : {6, 1, 0}) {
    EXPECT_TRUE(failed_with(link.read(std::span(buffer).first(size)), ENAMETOOLONG)) << size;
  }
}

class SymlinkRace : public scene {
protected:
  /// What create() says when this happens between making the symlink and opening it.
  result<symlink_handle> create_while(const std::function<void()>& act) {
    const just_before opening(call::openat2, 1, act);
    auto made = symlink_handle::create(dir, leaf("l"), "mine");
    EXPECT_EQ(opening.times(), 1);
    return made;
  }
};

TEST_F(SymlinkRace, AnotherTargetIsNoticed) {
  const auto made = create_while([&] {
    fs::remove(scratch / "l");
    fs::create_symlink("theirs", scratch / "l");
  });
  EXPECT_TRUE(failed_with(made, errc::raced));
}

TEST_F(SymlinkRace, AnotherKindOfFileIsNoticed) {
  const auto made = create_while([&] {
    fs::remove(scratch / "l");
    make("p l");
  });
  EXPECT_TRUE(failed_with(made, errc::raced));
}

TEST_F(SymlinkRace, ThatItIsGoneIsNoticed) {
  const auto made = create_while([&] { fs::remove(scratch / "l"); });
  EXPECT_TRUE(failed_with(made, errc::raced));
  EXPECT_EQ(made.assume_error().native(), ENOENT);
}

TEST_F(SymlinkRace, AnErrorIsNotTakenForARace) {
  const armed fails({.which = call::openat2, .native = EMFILE});
  EXPECT_TRUE(failed_with(symlink_handle::create(dir, leaf("l"), "mine"), EMFILE));
}

} // namespace
} // namespace afio::unit
