#include "afio/directory_handle.hpp"
#include "afio/file_handle.hpp"
#include "afio/handle.hpp"
#include "tests/afio/scene.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <string>
#include <type_traits>
#include <utility>

#include <fcntl.h>

namespace afio::unit {
namespace {

static_assert(!std::is_copy_constructible_v<file_handle>);
static_assert(!std::is_copy_assignable_v<file_handle>);
static_assert(std::is_nothrow_move_constructible_v<file_handle>);
static_assert(std::is_nothrow_move_assignable_v<file_handle>);
static_assert(!std::is_polymorphic_v<file_handle>);

using Handle = scene;

TEST_F(Handle, IsNotOpenUntilItOpensSomething) {
  file_handle file;
  EXPECT_FALSE(file.is_open());
  EXPECT_TRUE(succeeded(file.close()));
}

TEST_F(Handle, OwnsOneDescriptor) {
  make("f a 0");
  const auto before = testing::open_descriptors().size();
  {
    const auto file = take(file_handle::file(dir, leaf("a")));
    EXPECT_EQ(testing::open_descriptors().size(), before + 1);
  }
  EXPECT_EQ(testing::open_descriptors().size(), before);
}

TEST_F(Handle, IsNotInheritedByOtherPrograms) {
  make("f a 0");
  const auto file = take(file_handle::file(dir, leaf("a")));
  for (const handle* each : {static_cast<const handle*>(&dir), static_cast<const handle*>(&file)}) {
    EXPECT_EQ(::fcntl(each->native().number(), F_GETFD), FD_CLOEXEC);
  }
  const auto copy = take(dir.clone());
  EXPECT_EQ(::fcntl(copy.native().number(), F_GETFD), FD_CLOEXEC);
}

TEST_F(Handle, MovesItsDescriptor) {
  make("f a 0");
  auto from = take(file_handle::file(dir, leaf("a")));
  const auto to = std::move(from);
  EXPECT_FALSE(from.is_open()); // NOLINT: what is tested
  EXPECT_TRUE(to.is_open());
}

TEST_F(Handle, ClosesWhatItHeldWhenAnotherIsMovedIntoIt) {
  make("f a 0\n f b 1");
  auto to = take(file_handle::file(dir, leaf("a")));
  auto from = take(file_handle::file(dir, leaf("b")));
  const auto before = testing::open_descriptors().size();
  to = std::move(from);
  EXPECT_EQ(testing::open_descriptors().size(), before - 1);
  EXPECT_FALSE(from.is_open()); // NOLINT: what is tested
  EXPECT_EQ(take(to.size()), 1U);
}

TEST_F(Handle, SurvivesMovingIntoItself) {
  make("f a 1");
  auto file = take(file_handle::file(dir, leaf("a")));
  auto& same = file;
  file = std::move(same);
  EXPECT_EQ(take(file.size()), 1U);
}

TEST_F(Handle, CloseReportsWhatCloseReportsAndClosesNevertheless) {
  make("f a 0");
  auto file = take(file_handle::file(dir, leaf("a")));
  const armed fails({.which = call::close, .native = EIO});
  const auto closed = file.close();
  ASSERT_TRUE(failed_with(closed, EIO));
  EXPECT_EQ(closed.assume_error().origin(), call::close);
  EXPECT_FALSE(file.is_open());
}

TEST_F(Handle, CloseIsNotRepeatedAfterASignal) {
  make("f a 0");
  auto file = take(file_handle::file(dir, leaf("a")));
  const armed interrupted({.which = call::close, .native = EINTR});
  EXPECT_TRUE(succeeded(file.close()));
  EXPECT_EQ(detail::calls_seen(call::close), 1U);
}

TEST_F(Handle, CloseTwiceIsOnce) {
  make("f a 0");
  auto file = take(file_handle::file(dir, leaf("a")));
  EXPECT_TRUE(succeeded(file.close()));
  const armed counting;
  EXPECT_TRUE(succeeded(file.close()));
  EXPECT_EQ(detail::calls_seen(call::close), 0U);
}

TEST_F(Handle, SaysWhetherItOnlyAppends) {
  make("f a 0");
  auto file = take(file_handle::file(dir, leaf("a"), {.mode = mode::write}));
  EXPECT_FALSE(take(file.is_append_only()));
  EXPECT_TRUE(succeeded(file.set_append_only(handle::appends::only_at_end)));
  EXPECT_TRUE(take(file.is_append_only()));
  EXPECT_TRUE(succeeded(file.set_append_only(handle::appends::anywhere)));
  EXPECT_FALSE(take(file.is_append_only()));

  const auto appending = take(file_handle::file(dir, leaf("a"), {.mode = mode::append}));
  EXPECT_TRUE(take(appending.is_append_only()));
}

TEST_F(Handle, ThatOnlyNamesCannotBeMadeToAppend) {
  make("f a 0");
  auto file = take(file_handle::file(dir, leaf("a"), {.mode = mode::none}));
  EXPECT_FALSE(take(file.is_append_only()));
  EXPECT_TRUE(failed_with(file.set_append_only(handle::appends::only_at_end), ENOTSUP));
}

class CurrentPath : public scene {
protected:
  std::string path_of(const handle& open) { return std::string(take(open.current_path(buffer_))); }

private:
  std::array<char, 4096> buffer_;
};

TEST_F(CurrentPath, IsWhereTheFileIs) {
  make("f a/b 0");
  const auto file = take(file_handle::file(dir, path_view("a/b")));
  EXPECT_EQ(path_of(file), scratch / "a/b");
  EXPECT_EQ(path_of(dir), scratch.path());
}

TEST_F(CurrentPath, FollowsRenamesOfTheFileAndOfItsParents) {
  make("f a/b 0");
  const auto file = take(file_handle::file(dir, path_view("a/b")));
  std::filesystem::rename(scratch / "a/b", scratch / "a/c");
  EXPECT_EQ(path_of(file), scratch / "a/c");
  std::filesystem::rename(scratch / "a", scratch / "d");
  EXPECT_EQ(path_of(file), scratch / "d/c");
}

TEST_F(CurrentPath, TellsThatTheNameIsGone) {
  make("f a 0\n d d");
  const auto file = take(file_handle::file(dir, leaf("a")));
  const auto sub = take(path_handle::path(dir, leaf("d")));
  std::filesystem::remove(scratch / "a");
  std::filesystem::remove(scratch / "d");
  EXPECT_EQ(path_of(file), (scratch / "a").string() + " (deleted)");
  EXPECT_EQ(path_of(sub), (scratch / "d").string() + " (deleted)");
}

TEST_F(CurrentPath, KeepsEveryByte) {
  std::string name;
  for (int byte = 1; byte < 256; ++byte) {
    if (byte != '/') name += static_cast<char>(byte);
  }
  const auto path = (scratch / name).string();
  take(dir.create_directory(leaf(name.c_str())));
  EXPECT_EQ(path_of(take(path_handle::path(dir, leaf(name.c_str())))), path);
}

TEST_F(CurrentPath, NeverCutsWithoutSayingSo) {
  const std::size_t size = scratch.path().native().size();
  std::array<char, 4096> buffer;
  const std::span<char> whole(buffer);
  EXPECT_EQ(take(dir.current_path(whole.first(size + 1))), scratch.path().native());
  for (const std::size_t shorter : {size, size - 1, std::size_t{1}, std::size_t{0}}) {
    EXPECT_TRUE(failed_with(dir.current_path(whole.first(shorter)), ENAMETOOLONG)) << shorter;
  }
}

TEST_F(CurrentPath, BeyondPathMaxIsAnError) {
  const std::string name(250, 'x');
  auto deepest = take(dir.clone());
  for (int i = 0; i < 17; ++i) {
    take(deepest.create_directory(leaf(name.c_str())));
    deepest = take(path_handle::path(deepest, leaf(name.c_str())));
  }
  std::array<char, 8192> buffer;
  EXPECT_TRUE(failed_with(deepest.current_path(buffer), ENAMETOOLONG));
}

TEST_F(CurrentPath, OfTheWorkingDirectoryFollowsIt) {
  const auto before = std::filesystem::current_path();
  const auto& here = path_handle::working_directory();
  std::filesystem::current_path(scratch.path());
  EXPECT_EQ(path_of(here), scratch.path());
  std::filesystem::current_path("/");
  EXPECT_EQ(path_of(here), "/");
  std::filesystem::current_path(before);
}

TEST_F(CurrentPath, OfAHandleThatIsNotOpenIsAnError) {
  const file_handle file;
  std::array<char, 64> buffer;
  EXPECT_FALSE(file.current_path(buffer));
}

} // namespace
} // namespace afio::unit
