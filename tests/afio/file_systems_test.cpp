// Promises that each file system has its own way to keep or to break.
#include "afio/directory_handle.hpp"
#include "afio/file_handle.hpp"
#include "afio/symlink_handle.hpp"
#include "tests/afio/extent_model.hpp"
#include "tests/afio/listing.hpp"
#include "tests/afio/per_file_system.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

namespace afio::unit {
namespace {

namespace fs = std::filesystem;

class OnEach : public per_file_system {
protected:
  file_handle open(const char* name, mode m = mode::write, caching c = caching::all) const {
    return take(file_handle::file(dir, leaf(name),
                                  {.mode = m, .creation = creation::if_needed, .caching = c}));
  }
};

INSTANTIATE_TEST_SUITE_P(Kinds, OnEach, all_kinds(), kind_of);

TEST_P(OnEach, AListingGoesOnExactlyBehindAnyEntry) {
  for (int i = 0; i < 2'000; ++i) {
    touch(at("a-name-of-some-length-" + std::to_string(i)));
  }
  const auto directory = take(directory_handle::directory(dir));
  const auto entries = list_rest(directory, directory_handle::min_buffer);
  ASSERT_EQ(entries.size(), 2'000U);
  EXPECT_EQ(names_of(entries), names_in(scratch->path()));
  const auto another = take(directory_handle::directory(dir));
  for (std::size_t i = 0; i < entries.size(); i += 97) {
    take(another.seek(entries[i].next));
    EXPECT_EQ(
        list_rest(another),
        std::vector<listed>(entries.begin() + static_cast<std::ptrdiff_t>(i) + 1, entries.end()));
  }
  take(another.seek(0));
  EXPECT_EQ(list_rest(another), entries);
}

TEST_P(OnEach, AListingTellsTypes) {
  make("f f 0\n d d\n l l -> f\n p p\n s s\n c c 1 3\n b b 7 0");
  for (const auto& entry : list_rest(take(directory_handle::directory(dir)))) {
    const std::map<std::string, file_type> types = {
        {"f", file_type::regular},     {"d", file_type::directory},
        {"l", file_type::symlink},     {"p", file_type::fifo},
        {"s", file_type::socket},      {"c", file_type::character_device},
        {"b", file_type::block_device}};
    EXPECT_EQ(entry.type, types.at(entry.name)) << entry.name;
  }
}

TEST_P(OnEach, NoDeviceIsEverOpened) {
  make("c c 1 3\n b b 7 0");
  for (const char* name : {"c", "b"}) {
    for (const mode m : {mode::none, mode::read, mode::write}) {
      EXPECT_TRUE(failed_with(file_handle::file(dir, leaf(name), {.mode = m}), EINVAL)) << name;
    }
  }
}

TEST_P(OnEach, RandomLayoutsAgreeWithAModel) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    auto file = open("a");
    take(file.truncate(0));
    extent_model model(seed);
    for (int step = 0; step < 8; ++step) {
      model.change(file);
    }
    ASSERT_TRUE(model.agrees_with(file)) << "seed " << seed;
  }
}

TEST_P(OnEach, ClonedExtentsAgreeWithAModel) {
  const std::uint64_t block = take(dir.statfs()).block_size;
  for (unsigned seed = 0; seed < 100; ++seed) {
    auto from = open("from");
    auto to = open("to");
    take(from.truncate(0));
    take(to.truncate(0));
    extent_model source(seed);
    extent_model target(seed + 1'000);
    for (int step = 0; step < 4; ++step) {
      source.change(from);
      target.change(to);
      source.clone(from, to, target, seed % 2 == 0 ? block : 1);
    }
    ASSERT_TRUE(source.agrees_with(from)) << "seed " << seed;
    ASSERT_TRUE(target.agrees_with(to)) << "seed " << seed;
  }
}

TEST_P(OnEach, CloneSharesWhereItCanAndElseIsRefusedOrACopy) {
  auto from = open("from");
  auto to = open("to");
  const std::vector<std::byte> data(1 << 20, std::byte{7});
  take(from.write(data, 0));
  const armed counting;
  const auto required = from.clone_extents({0, 100 * data.size()}, to, 0, sharing::require);
  if (shares()) {
    EXPECT_EQ(take(result<std::uint64_t>(required)), data.size());
  } else {
    EXPECT_TRUE(failed_with(required, EOPNOTSUPP));
    EXPECT_EQ(take(to.size()), 0U);
    EXPECT_EQ(take(from.clone_extents({0, data.size()}, to, 0)), data.size());
  }
  EXPECT_EQ(detail::calls_seen(call::copy_file_range) == 0, shares());
  EXPECT_EQ(take(to.size()), data.size());
}

TEST_P(OnEach, CloneOfAllSharesWhateverTheSizeOrCannot) {
  auto from = open("from");
  auto to = open("to");
  take(from.write(std::vector<std::byte>(10'001, std::byte{7}), 0));
  const armed counting;
  const auto cloned = from.clone_all(to);
  EXPECT_EQ(detail::calls_seen(call::statx), 0U);
  EXPECT_TRUE(shares() ? succeeded(cloned) : failed_with(cloned, EOPNOTSUPP));
  EXPECT_EQ(take(to.size()), shares() ? 10'001U : 0U);
}

TEST_P(OnEach, CloneOfWhatIsNotAlignedIsACopy) {
  auto from = open("from");
  auto to = open("to");
  const std::vector<std::byte> data(10'000, std::byte{7});
  take(from.write(data, 0));
  if (shares()) {
    EXPECT_TRUE(failed_with(from.clone_extents({1, 100}, to, 0, sharing::require), EINVAL));
  }
  EXPECT_EQ(take(from.clone_extents({1, 100}, to, 3)), 100U);
  EXPECT_EQ(take(to.size()), 103U);
}

TEST_P(OnEach, CloneToAnotherFileSystemIsExdev) {
  const testing::scratch_directory elsewhere;
  auto from = open("from");
  take(from.write(std::array<std::byte, 10>{}, 0));
  auto to = take(file_handle::file(anchor(elsewhere.path()), leaf("to"),
                                   {.mode = mode::write, .creation = creation::if_needed}));
  EXPECT_TRUE(failed_with(from.clone_extents({0, 10}, to, 0, sharing::require), EXDEV));
  EXPECT_TRUE(failed_with(from.clone_extents({0, 10}, to, 0, sharing::prefer), EXDEV));
}

struct cached {
  caching how;
  int flags;
};

TEST_P(OnEach, EachCachingOpensWithItsFlags) {
  for (const auto& [how, flags] :
       {cached{caching::none, O_DIRECT | O_SYNC}, cached{caching::only_metadata, O_DIRECT},
        cached{caching::reads, O_SYNC}, cached{caching::reads_and_metadata, O_DSYNC},
        cached{caching::all, 0}, cached{caching::safety_barriers, 0},
        cached{caching::temporary, 0}}) {
    const auto file = file_handle::unnamed(dir, how);
    if (!file && (flags & O_DIRECT) != 0 && GetParam() == file_system::tmpfs) continue;
    ASSERT_TRUE(succeeded(file));
    const int found = ::fcntl(file.assume_value().native().number(), F_GETFL);
    EXPECT_EQ(found & (O_DIRECT | O_SYNC | O_DSYNC), flags);
  }
}

TEST_P(OnEach, DirectIoWantsAlignment) {
  alignas(4096) static std::array<std::byte, 4096 + 1> bytes;
  if (GetParam() == file_system::tmpfs) GTEST_SKIP() << "tmpfs is memory anyway";
  for (const caching c : {caching::none, caching::only_metadata}) {
    auto file = open("a", mode::write, c);
    const buffer aligned = buffer(bytes).first(4096);
    EXPECT_EQ(take(file.write(aligned, 4096)), 4096U);
    EXPECT_EQ(take(file.read(aligned, 4096)), 4096U);
    if (GetParam() == file_system::btrfs) continue; // It goes through the cache then.
    EXPECT_TRUE(failed_with(file.write(aligned.first(100), 0), EINVAL));
    EXPECT_TRUE(failed_with(file.write(aligned, 1), EINVAL));
    EXPECT_TRUE(failed_with(file.read(aligned, 1), EINVAL));
  }
}

TEST_P(OnEach, ZeroingWithDirectIoIsDoneWhereItHasToBeWritten) {
  if (GetParam() == file_system::tmpfs) GTEST_SKIP() << "tmpfs is memory anyway";
  auto file = open("a", mode::write, caching::only_metadata);
  const armed unsupported({.which = call::fallocate, .native = EOPNOTSUPP});
  EXPECT_TRUE(succeeded(file.zero({4096, 200'704})));
  EXPECT_EQ(take(file.size()), 204'800U);
}

TEST_P(OnEach, AnUnnamedFileCanBeGivenAName) {
  auto file = take(file_handle::unnamed(dir));
  take(file.write(std::array<std::byte, 5>{}, 0));
  EXPECT_TRUE(succeeded(file.link(dir, leaf("a"))));
  EXPECT_EQ(fs::file_size(at("a")), 5U);
}

TEST_P(OnEach, NamesGoByIdentity) {
  make("f a 1\n f b 2\n d d\n d empty\n f full/inside 1");
  const auto a = open("a", mode::none);
  const auto d = take(path_handle::path(dir, leaf("d")));
  EXPECT_TRUE(failed_with(a.unlink(dir, leaf("b")), errc::raced));
  EXPECT_TRUE(failed_with(a.relink(dir, leaf("a"), dir, leaf("b")), EEXIST));
  EXPECT_TRUE(succeeded(a.relink(dir, leaf("a"), dir, leaf("b"), replace::exchange)));
  EXPECT_TRUE(succeeded(a.relink(dir, leaf("b"), d, leaf("c"))));
  EXPECT_TRUE(succeeded(a.link(dir, leaf("h"))));
  EXPECT_TRUE(succeeded(a.relink(dir, leaf("h"), d, leaf("c"), replace::yes)));
  EXPECT_EQ(names_in(at("d")), std::set<std::string>{"c"});
  EXPECT_TRUE(succeeded(a.unlink(d, leaf("c"))));
  const auto full = take(path_handle::path(dir, leaf("full")));
  EXPECT_TRUE(failed_with(full.unlink(dir, leaf("full")), ENOTEMPTY));
  const auto empty = take(path_handle::path(dir, leaf("empty")));
  EXPECT_TRUE(succeeded(empty.unlink(dir, leaf("empty"))));
  EXPECT_EQ(names_in(scratch->path()), (std::set<std::string>{"a", "d", "full"}));
}

TEST_P(OnEach, TimesAreReadBackAsTheFileSystemHasThem) {
  make("f f 0");
  for (const timestamp t : {timestamp{0, 0}, timestamp{-1, 1}, timestamp{-2'147'483'648, 0},
                            timestamp{1'700'000'000, 123'456'789},
                            timestamp{2'147'483'648, 999'999'999}, timestamp{7'000'000'000, 5}}) {
    const ::timespec times[] = {{t.seconds, t.nanoseconds}, {t.seconds, t.nanoseconds}};
    ASSERT_EQ(::utimensat(AT_FDCWD, at("f").c_str(), times, 0), 0);
    struct ::stat expected;
    ASSERT_EQ(::lstat(at("f").c_str(), &expected), 0);
    stat_t s;
    take(s.stamp(dir, leaf("f")));
    EXPECT_EQ(s.modified.seconds, expected.st_mtim.tv_sec);
    EXPECT_EQ(s.modified.nanoseconds, expected.st_mtim.tv_nsec);
    EXPECT_EQ(s.modified, t);
  }
}

TEST_P(OnEach, ImmutableFilesAreKnownAndStay) {
  make("f f 5");
  const auto file = open("f", mode::read);
  const auto set_flags = [&](int flags) {
    return ::ioctl(file.native().number(), FS_IOC_SETFLAGS, &flags) == 0;
  };
  if (!set_flags(FS_IMMUTABLE_FL)) GTEST_SKIP() << std::strerror(errno);
  EXPECT_TRUE(take(file.stat()).has_attribute(attribute::immutable));
  EXPECT_FALSE(take(file.stat()).has_attribute(attribute::append_only));
  EXPECT_TRUE(failed_with(file.unlink(dir, leaf("f")), EPERM));
  EXPECT_TRUE(failed_with(dir.unlink(leaf("f")), EPERM));
  EXPECT_TRUE(failed_with(file.relink(dir, leaf("f"), dir, leaf("g")), EPERM));
  EXPECT_EQ(names_in(scratch->path()), std::set<std::string>{"f"});
  ASSERT_TRUE(set_flags(0));
  EXPECT_FALSE(take(file.stat()).has_attribute(attribute::immutable));
}

} // namespace
} // namespace afio::unit
