// Sharing of what is equal, and where the file system keeps what it shares.
#include "afio/file_handle.hpp"
#include "afio/physical_extents.hpp"
#include "tests/afio/per_file_system.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <vector>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace afio::unit {
namespace {

constexpr std::uint64_t mebibyte = 1 << 20;

class Extents : public per_file_system {
protected:
  file_handle open(const char* name, mode m = mode::write) const {
    return take(file_handle::file(dir, leaf(name), {.mode = m, .creation = creation::if_needed}));
  }

  /// A file of so many bytes, none of which is zero and all of which are on the device.
  file_handle filled(const char* name, std::uint64_t bytes) const {
    auto file = open(name);
    std::vector<std::byte> content(bytes);
    for (std::size_t i = 0; i < bytes; ++i) content[i] = std::byte(1 + (i * 2'654'435'761U >> 24));
    take(file.write(content, 0));
    take(file.barrier(barrier_kind::all));
    return file;
  }

  static std::vector<std::byte> content_of(const file_handle& file) {
    std::vector<std::byte> content(take(file.size()));
    content.resize(take(file.read(content, 0)));
    return content;
  }

  static std::vector<physical_extent> told(const file_handle& file, extent part) {
    std::vector<physical_extent> extents(100);
    extents.resize(take(physical_extents(file, part, extents)).size());
    return extents;
  }

  static bool any(const std::vector<physical_extent>& extents, extent_flags flag) {
    return std::any_of(extents.begin(), extents.end(),
                       [&](const physical_extent& e) { return has(e.flags, flag); });
  }
};

constexpr extent everything{0, ~std::uint64_t{0}};

INSTANTIATE_TEST_SUITE_P(Kinds, Extents, all_kinds(), kind_of);

TEST_P(Extents, OfEqualBytesAreShared) {
  if (!shares()) GTEST_SKIP() << "shares nothing";
  const auto from = filled("from", 20 * mebibyte + 5);
  const auto to = filled("to", 20 * mebibyte + 5);
  const auto before = content_of(to);
  const stat_t was = take(to.stat());
  EXPECT_EQ(take(from.share_equal({0, 20 * mebibyte + 5}, to, 0)), 20 * mebibyte + 5);
  EXPECT_EQ(content_of(to), before);
  EXPECT_TRUE(unchanged(was, take(to.stat())));
  const auto mine = told(from, everything), its = told(to, everything);
  ASSERT_FALSE(mine.empty());
  ASSERT_FALSE(its.empty());
  EXPECT_EQ(mine.front().physical, its.front().physical);
  EXPECT_TRUE(has(its.front().flags, extent_flags::shared));
}

TEST_P(Extents, OfDifferentBytesAreNotSharedAndNobodyReadsAnythingElse) {
  if (!shares()) GTEST_SKIP() << "shares nothing";
  const auto from = filled("from", 20 * mebibyte);
  auto to = filled("to", 20 * mebibyte);
  take(to.write(std::array<std::byte, 1>{}, 17 * mebibyte));
  const auto before = content_of(to);
  EXPECT_EQ(take(from.share_equal({0, 20 * mebibyte}, to, 0)), 16 * mebibyte)
      << "the first piece is equal";
  EXPECT_EQ(take(from.share_equal({16 * mebibyte, 4 * mebibyte}, to, 16 * mebibyte)), 0U);
  EXPECT_EQ(content_of(to), before);
}

TEST_P(Extents, OfZerosAreSharedWithAHoleAndGiveTheirRoomBack) {
  if (!shares()) GTEST_SKIP() << "shares nothing";
  auto hole = take(file_handle::unnamed(dir));
  take(hole.truncate(2 * mebibyte));
  auto to = filled("to", 4 * mebibyte);
  take(to.write(std::vector<std::byte>(2 * mebibyte), mebibyte));
  take(to.barrier(barrier_kind::all));
  const auto before = content_of(to);
  EXPECT_EQ(take(hole.share_equal({0, 2 * mebibyte}, to, mebibyte)), 2 * mebibyte);
  EXPECT_EQ(content_of(to), before);
  const auto first = take(to.next_data(0));
  ASSERT_TRUE(first);
  EXPECT_EQ(*first, (extent{0, mebibyte}));
  const auto second = take(to.next_data(first->end()));
  ASSERT_TRUE(second);
  EXPECT_EQ(*second, (extent{3 * mebibyte, mebibyte}));
}

TEST_P(Extents, AreSharedWithAFileOpenForReadingByWhoMayWriteIt) {
  if (!shares()) GTEST_SKIP() << "shares nothing";
  (void)filled("from", mebibyte);
  (void)filled("to", mebibyte);
  const auto from = open("from", mode::read), to = open("to", mode::read);
  EXPECT_EQ(take(from.share_equal({0, mebibyte}, to, 0)), mebibyte);
  take(to.set_owner(12'345, 12'345));
  take(to.set_mode(0644));
  const auto as_user = [&](uid_t user) {
    const pid_t other = ::fork();
    if (other == 0) {
      if (::setresuid(user, user, user) != 0) ::_exit(2);
      const auto shared = from.share_equal({0, mebibyte}, to, 0);
      ::_exit(shared ? 0 : shared.assume_error().native());
    }
    int status = -1;
    EXPECT_EQ(::waitpid(other, &status, 0), other);
    return WEXITSTATUS(status);
  };
  EXPECT_EQ(as_user(12'345), 0) << "its owner";
  EXPECT_EQ(as_user(12'346), EPERM) << "somebody else";
}

TEST_P(Extents, ThatCannotBeSharedAreToldWhy) {
  const std::uint64_t bytes = 64 * 1'024;
  const auto from = filled("from", bytes);
  const auto to = filled("to", bytes);
  if (!shares()) {
    EXPECT_TRUE(failed_with(from.share_equal({0, bytes}, to, 0), EOPNOTSUPP));
    return;
  }
  const testing::scratch_directory elsewhere;
  const auto far = take(file_handle::file(anchor(elsewhere.path()), leaf("to"),
                                          {.mode = mode::write, .creation = creation::if_needed}));
  EXPECT_TRUE(failed_with(from.share_equal({0, bytes}, far, 0), EXDEV));
  EXPECT_TRUE(failed_with(from.share_equal({1, 4'096}, to, 1), EINVAL)) << "not aligned";
  EXPECT_TRUE(failed_with(from.share_equal({0, 2 * bytes}, to, 0), EINVAL)) << "beyond the end";
  EXPECT_TRUE(failed_with(from.share_equal({0, 1}, to, std::uint64_t{1} << 63), EINVAL));
  EXPECT_EQ(take(from.share_equal({0, 0}, to, 0)), 0U);
  for (const int native : {EIO, ENOSPC, EPERM, ETXTBSY}) {
    const armed fails({.which = call::ioctl, .native = native});
    EXPECT_TRUE(failed_with(from.share_equal({0, bytes}, to, 0), native));
  }
}

// --------------------------------------------------------------------------------- where they are

TEST_P(Extents, AreToldWithTheirPlaces) {
  auto file = filled("f", mebibyte);
  take(file.truncate(4 * mebibyte));
  take(file.write(std::vector<std::byte>(mebibyte, std::byte{1}), 3 * mebibyte));
  take(file.barrier(barrier_kind::all));
  if (GetParam() == file_system::tmpfs) {
    std::array<physical_extent, 1> none;
    EXPECT_TRUE(failed_with(physical_extents(file, everything, none), EOPNOTSUPP));
    return;
  }
  const auto extents = told(file, everything);
  std::uint64_t bytes = 0, end = 0;
  for (const physical_extent& e : extents) {
    EXPECT_GE(e.where.offset, end);
    EXPECT_NE(e.physical, 0U);
    EXPECT_TRUE(e.where.end() <= mebibyte || e.where.offset >= 3 * mebibyte);
    end = e.where.end();
    bytes += e.where.length;
    EXPECT_EQ(has(e.flags, extent_flags::last), e == extents.back());
  }
  EXPECT_EQ(bytes, 2 * mebibyte);
  EXPECT_TRUE(told(file, {mebibyte, mebibyte}).empty()) << "a hole";
  EXPECT_FALSE(any(extents, extent_flags::shared));
  EXPECT_FALSE(any(extents, extent_flags::unwritten));
}

TEST_P(Extents, AreToldInAsManyPartsAsTheBufferWants) {
  if (GetParam() == file_system::tmpfs) GTEST_SKIP() << "tells nothing";
  auto file = open("f");
  for (std::uint64_t i = 0; i < 200; ++i) {
    take(file.write(std::array<std::byte, 4'096>{std::byte{1}}, i * 65'536));
  }
  take(file.barrier(barrier_kind::all));
  std::vector<physical_extent> whole(1'000);
  whole.resize(take(physical_extents(file, everything, whole)).size());
  EXPECT_GE(whole.size(), 200U);
  std::vector<physical_extent> pieces;
  std::array<physical_extent, 7> buffer;
  std::uint64_t from = 0;
  for (;;) {
    const auto some = take(physical_extents(file, {from, everything.length - from}, buffer));
    pieces.insert(pieces.end(), some.begin(), some.end());
    if (some.size() < buffer.size()) break;
    from = some.back().where.end();
  }
  EXPECT_EQ(pieces, whole);
}

TEST_P(Extents, ThatWereOnlyAllocatedAreUnwritten) {
  if (GetParam() == file_system::tmpfs) GTEST_SKIP() << "tells nothing";
  const auto file = open("f");
  ASSERT_EQ(::fallocate(file.native().number(), 0, 0, mebibyte), 0);
  take(open("f").barrier(barrier_kind::all));
  const auto extents = told(file, everything);
  ASSERT_FALSE(extents.empty());
  for (const physical_extent& e : extents) EXPECT_TRUE(has(e.flags, extent_flags::unwritten));
}

TEST_P(Extents, OfAnEmptyFileAreNone) {
  if (GetParam() == file_system::tmpfs) GTEST_SKIP() << "tells nothing";
  EXPECT_TRUE(told(open("f"), everything).empty());
  std::array<physical_extent, 1> one;
  EXPECT_TRUE(take(physical_extents(open("f"), {0, 0}, one)).empty());
  EXPECT_TRUE(take(physical_extents(filled("g", 10), everything, {})).empty());
}

TEST_P(Extents, AreNotInventedWhereTheCallFails) {
  const auto file = filled("f", 10);
  std::array<physical_extent, 1> one;
  const armed fails({.which = call::ioctl, .native = EIO});
  EXPECT_TRUE(failed_with(physical_extents(file, everything, one), EIO));
}

} // namespace
} // namespace afio::unit
