#include "afio/file_handle.hpp"
#include "tests/afio/scene.hpp"
#include "tests/support/content.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <sys/stat.h>

namespace afio::unit {
namespace {

namespace fs = std::filesystem;
using list = std::set<std::string>;

const_buffer bytes_of(std::string_view text) {
  return std::as_bytes(std::span<const char>(text.data(), text.size()));
}

std::string read_all(const file_handle& file) {
  std::string text(take(file.size()), '\0');
  const auto bytes = take(file.read(std::as_writable_bytes(std::span<char>(text)), 0));
  text.resize(bytes);
  return text;
}

/// The flags that the kernel knows an open descriptor by.
int flags_of(const handle& open) {
  std::ifstream info("/proc/self/fdinfo/" + std::to_string(open.native().number()));
  std::string word;
  while (info >> word) {
    if (word == "flags:" && info >> word) return std::stoi(word, nullptr, 8);
  }
  throw std::runtime_error("no flags in fdinfo");
}

// ------------------------------------------------------------------------------------------ open

class Open : public scene {
protected:
  result<file_handle> open(const char* name, mode m, creation c) const {
    return file_handle::file(dir, leaf(name), {.mode = m, .creation = c});
  }
};

TEST_F(Open, ReadsAndWritesAsItsModeSays) {
  make("f a 3");
  auto reads = take(open("a", mode::read, creation::open_existing));
  auto writes = take(open("a", mode::write, creation::open_existing));
  auto appends = take(open("a", mode::append, creation::open_existing));
  auto names_it = take(open("a", mode::none, creation::open_existing));
  std::array<std::byte, 1> one{};

  EXPECT_TRUE(succeeded(reads.read(one, 0)));
  EXPECT_TRUE(failed_with(reads.write(one, 0), EBADF));
  EXPECT_TRUE(succeeded(writes.read(one, 0)));
  EXPECT_TRUE(succeeded(writes.write(one, 0)));
  EXPECT_TRUE(failed_with(appends.read(one, 0), EBADF));
  EXPECT_TRUE(succeeded(appends.write(one, 0)));
  EXPECT_EQ(fs::file_size(scratch / "a"), 4U);
  EXPECT_TRUE(failed_with(names_it.read(one, 0), EBADF));
  EXPECT_EQ(take(names_it.size()), 4U);
}

TEST_F(Open, OfAnExistingFile) {
  for (const mode m : {mode::read, mode::write, mode::append}) {
    make("f a 3");
    EXPECT_EQ(take(take(open("a", m, creation::open_existing)).size()), 3U);
    EXPECT_EQ(take(take(open("a", m, creation::if_needed)).size()), 3U);
    const auto exists = open("a", m, creation::only_if_not_exist);
    ASSERT_TRUE(failed_with(exists, EEXIST));
    EXPECT_EQ(exists.assume_error().name(), "a");
    fs::remove(scratch / "a");
  }
}

TEST_F(Open, OfAMissingFile) {
  for (const mode m : {mode::read, mode::write, mode::append}) {
    for (const creation c : {creation::open_existing, creation::truncate_existing}) {
      const auto missing = open("a", m, c);
      ASSERT_TRUE(failed_with(missing, ENOENT));
      EXPECT_EQ(missing.assume_error().name(), "a");
    }
    for (const creation c : {creation::if_needed, creation::only_if_not_exist}) {
      EXPECT_EQ(take(take(open("a", m, c)).size()), 0U);
      EXPECT_TRUE(fs::remove(scratch / "a"));
    }
  }
}

TEST_F(Open, TruncatesWhereItCan) {
  make("f a 3");
  for (const mode m : {mode::none, mode::read}) {
    const auto refused = open("a", m, creation::truncate_existing);
    ASSERT_TRUE(failed_with(refused, EINVAL));
    EXPECT_EQ(refused.assume_error().name(), "a");
    EXPECT_EQ(fs::file_size(scratch / "a"), 3U);
  }
  for (const mode m : {mode::write, mode::append}) {
    make("f b 3");
    EXPECT_EQ(take(take(open("b", m, creation::truncate_existing)).size()), 0U);
    fs::remove(scratch / "b");
  }
}

TEST_F(Open, ThatOnlyNamesMakesNothing) {
  EXPECT_TRUE(failed_with(open("a", mode::none, creation::only_if_not_exist), EINVAL));
  EXPECT_TRUE(failed_with(open("a", mode::none, creation::if_needed), EINVAL));
  EXPECT_EQ(names(), list{});
}

TEST_F(Open, TakesAFileThatIsMadeMeanwhile) {
  const just_before making(call::openat2, 2, [&] { make("f a 3"); });
  EXPECT_EQ(take(take(open("a", mode::read, creation::if_needed)).size()), 3U);
  ASSERT_EQ(making.times(), 1);
}

TEST_F(Open, MakesAFileThatIsRemovedMeanwhile) {
  // Made by someone else before ours and gone when it is looked for again.
  int made = 0;
  const just_before making(
      call::openat2, 2,
      [&] {
        if (++made == 1) make("f a 3");
        if (made == 2) fs::remove(scratch / "a");
      },
      detail::fault::repeat::for_ever);
  EXPECT_EQ(take(take(open("a", mode::write, creation::if_needed)).size()), 0U);
  EXPECT_EQ(made, 3);
}

TEST_F(Open, MakesPrivateFilesUnlessToldOtherwise) {
  const mode_t before = ::umask(027);
  const auto own = take(open("own", mode::write, creation::if_needed));
  const auto open_to_all = take(file_handle::file(
      dir, leaf("all"),
      {.mode = mode::write, .creation = creation::only_if_not_exist, .permissions = 0666}));
  ::umask(before);
  EXPECT_EQ(take(own.stat()).mode, 0600);
  EXPECT_EQ(take(open_to_all.stat()).mode, 0640);
}

TEST_F(Open, NeverFollowsASymlink) {
  make("f target 3\n l l -> target\n l dangling -> nothing");
  for (const char* name : {"l", "dangling"}) {
    for (const mode m : {mode::none, mode::read, mode::write}) {
      EXPECT_TRUE(failed_with(open(name, m, creation::open_existing), ELOOP)) << name;
      EXPECT_TRUE(failed_with(open(name, m, creation::if_needed), ELOOP)) << name;
    }
    EXPECT_TRUE(failed_with(open(name, mode::write, creation::truncate_existing), ELOOP)) << name;
    EXPECT_TRUE(failed_with(open(name, mode::write, creation::only_if_not_exist), EEXIST)) << name;
  }
  EXPECT_EQ(fs::file_size(scratch / "target"), 3U);
  EXPECT_EQ(names(), (list{"target", "l", "dangling"}));
}

TEST_F(Open, NeverOpensWhatIsNotARegularFile) {
  make("p fifo\n s socket\n d directory");
  for (const char* name : {"fifo", "socket", "directory"}) {
    const int expected = name == std::string_view("directory") ? EISDIR : EINVAL;
    for (const mode m : {mode::none, mode::read, mode::write, mode::append}) {
      for (const creation c : {creation::open_existing, creation::if_needed}) {
        const armed counting;
        const auto refused = open(name, m, c);
        ASSERT_TRUE(failed_with(refused, expected)) << name;
        EXPECT_EQ(refused.assume_error().name(), name);
        EXPECT_EQ(detail::calls_seen(call::openat2), 1U) << "looked at by O_PATH";
        EXPECT_EQ(detail::calls_seen(call::openat), 0U) << "and never opened";
      }
    }
  }
}

TEST_F(Open, NeverOpensADevice) {
  const auto dev = anchor("/dev");
  for (const mode m : {mode::read, mode::write}) {
    const armed counting;
    EXPECT_TRUE(failed_with(file_handle::file(dev, leaf("null"), {.mode = m}), EINVAL));
    EXPECT_EQ(detail::calls_seen(call::openat), 0U);
  }
}

TEST_F(Open, DoesNotBlockOnAFifoThatTakesThePlaceOfAFile) {
  make("f a 3\n p fifo");
  // The anchor is the file; whatever has the name by then, that file is opened.
  const just_before reopening(call::openat, 1,
                              [&] { fs::rename(scratch / "fifo", scratch / "a"); });
  const auto file = take(open("a", mode::read, creation::open_existing));
  ASSERT_EQ(reopening.times(), 1);
  EXPECT_EQ(take(file.size()), 3U);
}

TEST_F(Open, NamesTheFileInEveryError) {
  make("f a 3");
  const armed fails({.which = call::openat, .native = EIO});
  const auto refused = open("a", mode::read, creation::open_existing);
  ASSERT_TRUE(failed_with(refused, EIO));
  EXPECT_EQ(refused.assume_error().name(), "a");
}

TEST_F(Open, OfASeenFileTakesOneLookUp) {
  make("f a 3");
  const armed counting;
  const opened_file a = take(file_handle::seen(dir, leaf("a")));
  EXPECT_EQ(detail::calls_seen(call::openat2), 1U);
  EXPECT_EQ(a.status.size, 3U);
  EXPECT_EQ(a.status.id, take(a.file.identity()));
}

TEST_F(Open, OfASeenFileNeitherBlocksNorReadsWhatHasTakenItsPlace) {
  make("p fifo\n s socket\n d directory\n f target 3\n l symlink -> target");
  const auto opens = [&](const char* name) { return file_handle::seen(dir, leaf(name)); };
  EXPECT_TRUE(failed_with(opens("fifo"), EINVAL));
  EXPECT_TRUE(failed_with(opens("socket"), ENXIO));
  EXPECT_TRUE(failed_with(opens("directory"), EISDIR));
  EXPECT_TRUE(failed_with(opens("symlink"), ELOOP));
  EXPECT_TRUE(failed_with(opens("missing"), ENOENT));
  EXPECT_TRUE(failed_with(file_handle::seen(anchor("/dev"), leaf("null")), EINVAL));
}

TEST_F(Open, OfASeenFileLeavesItsTimeOfAccessWhereAsked) {
  make("f a 3");
  for (const auto t : {access_time::update, access_time::keep}) {
    const auto a = take(file_handle::seen(dir, leaf("a"), crossing::same_mount, t));
    EXPECT_EQ((flags_of(a.file) & O_NOATIME) != 0, t == access_time::keep);
  }
}

class OpenPath : public scene {
protected:
  result<file_handle> open(std::string_view path, creation c, mode m = mode::write) const {
    return file_handle::file(dir, path_view(path), {.mode = m, .creation = c});
  }
};

TEST_F(OpenPath, FollowsSymlinks) {
  make("f d/target 3\n l to_d -> d\n l l -> to_d/target");
  for (const creation c : {creation::open_existing, creation::if_needed}) {
    EXPECT_EQ(take(take(open("l", c)).size()), 3U);
    EXPECT_EQ(take(take(open("to_d/target", c)).size()), 3U);
    EXPECT_EQ(take(take(open("./to_d/../d/target", c)).size()), 3U);
  }
  EXPECT_TRUE(failed_with(open("l", creation::only_if_not_exist), EEXIST));
  EXPECT_EQ(take(take(open("l", creation::truncate_existing)).size()), 0U);
  EXPECT_EQ(fs::file_size(scratch / "d/target"), 0U);
}

TEST_F(OpenPath, MakesAFileInItsDirectory) {
  make("d d\n l to_d -> d");
  EXPECT_TRUE(succeeded(open("d/a", creation::if_needed)));
  EXPECT_TRUE(succeeded(open("to_d/b", creation::only_if_not_exist)));
  EXPECT_TRUE(succeeded(open((scratch / "d/c").string(), creation::if_needed)));
  EXPECT_EQ(names_in(scratch / "d"), (list{"a", "b", "c"}));
  EXPECT_TRUE(failed_with(open("none/a", creation::if_needed), ENOENT));
}

TEST_F(OpenPath, MakesNothingThroughASymlinkThatLeadsNowhere) {
  make("l dangling -> nothing");
  EXPECT_TRUE(failed_with(open("dangling", creation::if_needed), ELOOP));
  EXPECT_TRUE(failed_with(open("dangling", creation::only_if_not_exist), EEXIST));
  EXPECT_TRUE(failed_with(open("dangling", creation::open_existing), ENOENT));
  EXPECT_EQ(names(), list{"dangling"});
}

TEST_F(OpenPath, WithASlashBehindItIsNotAFile) {
  make("f a 3\n d d\n l to_a -> a");
  EXPECT_TRUE(failed_with(open("a/", creation::open_existing), ENOTDIR));
  EXPECT_TRUE(failed_with(open("to_a/", creation::open_existing), ENOTDIR));
  EXPECT_TRUE(failed_with(open("a/", creation::if_needed), ENOTDIR));
  EXPECT_TRUE(failed_with(open("d/", creation::if_needed), EISDIR));
  EXPECT_TRUE(failed_with(open("new/", creation::if_needed), EISDIR));
  EXPECT_TRUE(failed_with(open("new/", creation::only_if_not_exist), EISDIR));
  EXPECT_EQ(names(), (list{"a", "d", "to_a"}));
}

TEST_F(OpenPath, NeverOpensWhatIsNotARegularFile) {
  make("p fifo\n s socket\n d directory\n l to_fifo -> fifo");
  for (const char* path : {"fifo", "socket", "to_fifo", "/dev/null"}) {
    const armed counting;
    EXPECT_TRUE(failed_with(open(path, creation::open_existing, mode::read), EINVAL)) << path;
    EXPECT_EQ(detail::calls_seen(call::openat), 1U) << "looked at by O_PATH, never opened";
  }
  EXPECT_TRUE(failed_with(open("directory", creation::open_existing), EISDIR));
  EXPECT_TRUE(failed_with(open("", creation::open_existing), ENOENT));
}

// ----------------------------------------------------------------------------------------- clone

using Clone = scene;

TEST_F(Clone, IsTheSameFileWithAModeOfItsOwn) {
  make("f a 3");
  const auto names_it = take(file_handle::file(dir, leaf("a"), {.mode = mode::none}));
  fs::rename(scratch / "a", scratch / "renamed");
  for (const mode m : {mode::none, mode::read, mode::write, mode::append}) {
    const auto copy = names_it.clone(m, caching::all);
    ASSERT_TRUE(succeeded(copy));
    EXPECT_EQ(take(copy.assume_value().identity()), take(names_it.identity()));
    EXPECT_EQ(take(copy.assume_value().is_append_only()), m == mode::append);
  }
}

TEST_F(Clone, HasACachingOfItsOwn) {
  make("f a 3");
  const auto file = take(file_handle::file(dir, leaf("a")));
  const auto copy = take(file.clone(mode::write, caching::reads));
  EXPECT_EQ(copy.caching(), caching::reads);
  EXPECT_EQ(file.caching(), caching::all);
  EXPECT_EQ(flags_of(copy) & O_SYNC, O_SYNC);
}

TEST_F(Clone, ReachesAFileWhoseNameIsGone) {
  make("f a 3");
  const auto file = take(file_handle::file(dir, leaf("a"), {.mode = mode::none}));
  fs::remove(scratch / "a");
  EXPECT_EQ(read_all(take(file.clone(mode::read, caching::all))).size(), 3U);
}

// --------------------------------------------------------------------------------------- unnamed

using Unnamed = scene;

TEST_F(Unnamed, HasNoNameAndIsPrivate) {
  const auto file = take(file_handle::unnamed(dir));
  EXPECT_EQ(names(), list{});
  EXPECT_EQ(take(file.stat()).links, 0U);
  EXPECT_EQ(take(file.stat()).mode, 0600);
  EXPECT_EQ(file.caching(), caching::temporary);
}

TEST_F(Unnamed, CanBeGivenAName) {
  auto file = take(file_handle::unnamed(dir, caching::all));
  take(file.write(bytes_of("text"), 0));
  EXPECT_TRUE(succeeded(file.link(dir, leaf("a"))));
  EXPECT_EQ(testing::content_of(scratch / "a"), "text");
}

// --------------------------------------------------------------------------------------- caching

struct cached {
  caching how;
  int flags;
  bool durable_truncate;
};

constexpr int sync_flags = O_DIRECT | O_SYNC | O_DSYNC;

class Caching : public scene, public ::testing::WithParamInterface<cached> {
protected:
  void SetUp() override {
    // tmpfs knows O_DIRECT since Linux 6.6; file_systems_test has others.
    const auto probe = file_handle::unnamed(dir, GetParam().how);
    if (!probe && probe.assume_error().native() == EINVAL)
      GTEST_SKIP() << "no direct input and output on this file system";
  }
};

TEST_P(Caching, OpensWithTheFlagsThatItPromises) {
  make("f existing 3");
  const auto [how, flags, durable] = GetParam();
  const auto options = [how = how](mode m, creation c) {
    return file_options{.mode = m, .creation = c, .caching = how};
  };
  const auto existing =
      take(file_handle::file(dir, leaf("existing"), options(mode::read, creation::open_existing)));
  const auto made =
      take(file_handle::file(dir, leaf("made"), options(mode::write, creation::if_needed)));
  const auto unnamed = take(file_handle::unnamed(dir, how));
  const auto appends =
      take(file_handle::file(dir, leaf("made"), options(mode::append, creation::open_existing)));
  for (const file_handle* file : {&existing, &made, &unnamed, &appends}) {
    EXPECT_EQ(flags_of(*file) & sync_flags, flags);
    EXPECT_EQ(file->caching(), how);
  }
  EXPECT_EQ(flags_of(existing) & O_ACCMODE, O_RDONLY);
  EXPECT_EQ(flags_of(made) & O_ACCMODE, O_RDWR);
  EXPECT_EQ(flags_of(unnamed) & O_ACCMODE, O_RDWR);
  EXPECT_EQ(flags_of(appends) & (O_ACCMODE | O_APPEND), O_WRONLY | O_APPEND);
}

TEST_P(Caching, TruncateIsDurableWherePromised) {
  make("f a 3");
  auto file =
      take(file_handle::file(dir, leaf("a"), {.mode = mode::write, .caching = GetParam().how}));
  const armed counting;
  take(file.truncate(1));
  EXPECT_EQ(detail::calls_seen(call::fsync), GetParam().durable_truncate ? 1U : 0U);
}

TEST_P(Caching, OnlySafetyBarriersWaitAtClose) {
  make("f a 3");
  auto file =
      take(file_handle::file(dir, leaf("a"), {.mode = mode::write, .caching = GetParam().how}));
  const armed counting;
  take(file.close());
  EXPECT_EQ(detail::calls_seen(call::fsync), GetParam().how == caching::safety_barriers ? 1U : 0U);
  EXPECT_EQ(detail::calls_seen(call::close), 1U);
}

INSTANTIATE_TEST_SUITE_P(Seven, Caching,
                         ::testing::Values(cached{caching::none, O_DIRECT | O_SYNC, true},
                                           cached{caching::only_metadata, O_DIRECT, false},
                                           cached{caching::reads, O_SYNC, true},
                                           cached{caching::reads_and_metadata, O_DSYNC, false},
                                           cached{caching::all, 0, false},
                                           cached{caching::safety_barriers, 0, true},
                                           cached{caching::temporary, 0, false}));

using SafetyBarriers = scene;

TEST_F(SafetyBarriers, CloseReportsWhatWasLostAndClosesNevertheless) {
  make("f a 3");
  const file_options options{.mode = mode::write, .caching = caching::safety_barriers};
  auto file = take(file_handle::file(dir, leaf("a"), options));
  const armed fails({.which = call::fsync, .native = EIO});
  const auto closed = file.close();
  ASSERT_TRUE(failed_with(closed, EIO));
  EXPECT_EQ(closed.assume_error().origin(), call::fsync);
  EXPECT_FALSE(file.is_open());
}

TEST_F(SafetyBarriers, CloseOfOneThatOnlyNamesIsNoError) {
  make("f a 3");
  const file_options options{.mode = mode::none, .caching = caching::safety_barriers};
  auto file = take(file_handle::file(dir, leaf("a"), options));
  EXPECT_TRUE(succeeded(file.close()));
  EXPECT_TRUE(succeeded(file.close()));
}

TEST_F(SafetyBarriers, TruncateReportsThatItIsNotDurable) {
  make("f a 3");
  const file_options options{.mode = mode::write, .caching = caching::safety_barriers};
  auto file = take(file_handle::file(dir, leaf("a"), options));
  const armed fails({.which = call::fsync, .native = EIO});
  EXPECT_TRUE(failed_with(file.truncate(0), EIO));
}

// -------------------------------------------------------------------------------------- truncate

using Truncate = scene;

TEST_F(Truncate, CutsAndGrowsWithAHole) {
  auto file = take(
      file_handle::file(dir, leaf("a"), {.mode = mode::write, .creation = creation::if_needed}));
  take(file.write(bytes_of("text"), 0));
  EXPECT_TRUE(succeeded(file.truncate(2)));
  EXPECT_EQ(read_all(file), "te");
  EXPECT_TRUE(succeeded(file.truncate(4)));
  EXPECT_EQ(read_all(file), std::string("te\0\0", 4)) << "what was cut does not come back";

  EXPECT_TRUE(succeeded(file.truncate(1 << 30)));
  EXPECT_EQ(take(file.size()), 1U << 30);
  EXPECT_LT(take(file.stat()).allocated, 1U << 20);
}

TEST_F(Truncate, BeyondWhatAFileCanBeIsAnError) {
  make("f a 3");
  auto file = take(file_handle::file(dir, leaf("a"), {.mode = mode::write}));
  EXPECT_TRUE(failed_with(file.truncate(std::uint64_t{1} << 63), EINVAL));
  EXPECT_TRUE(failed_with(file.truncate(~std::uint64_t{0}), EINVAL));
  EXPECT_EQ(take(file.size()), 3U);
}

TEST_F(Truncate, OfAFileOpenForReadingIsRefused) {
  make("f a 3");
  auto file = take(file_handle::file(dir, leaf("a")));
  EXPECT_TRUE(failed_with(file.truncate(0), EINVAL));
  EXPECT_EQ(take(file.size()), 3U);
}

} // namespace
} // namespace afio::unit
