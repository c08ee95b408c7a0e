// Holes are punched where zeros are, and nothing else changes, on each kind of file system.
#include "afio/file_handle.hpp"
#include "algorithms/holes/punch_holes.hpp"
#include "tests/afio/per_file_system.hpp"
#include "tests/algorithms/scene.hpp"
#include "tests/support/content.hpp"
#include "tests/support/leases.hpp"
#include "tests/support/patience.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <string>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace afio::unit {
namespace {

namespace fs = std::filesystem;

class PunchHoles : public per_file_system {
protected:
  /// Pieces of 64 KiB as a text: 'x' what is not zero, '0' zeros that were written, '.' a hole.
  void lay_out(const fs::path& name, std::string_view pieces, std::uint64_t each = piece) const {
    fs::create_directories(at(name).parent_path());
    std::ofstream(at(name)).close();
    fs::resize_file(at(name), pieces.size() * each);
    std::fstream file(at(name), std::ios::in | std::ios::out | std::ios::binary);
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      if (pieces[i] == '.') continue;
      file.seekp(static_cast<std::streamoff>(i * each));
      file << std::string(each, pieces[i] == 'x' ? 'x' : '\0');
    }
    file.close();
    const timespec times[] = {{1'000'000'000, 1}, {1'100'000'000, 2}};
    ASSERT_EQ(::utimensat(AT_FDCWD, at(name).c_str(), times, 0), 0);
  }

  std::string layout_of(const fs::path& name, std::uint64_t each = piece) const {
    const auto file = take(file_handle::file(dir, path_view(name.native())));
    std::string pieces(take(file.size()) / each, '.');
    for (std::uint64_t from = 0;;) {
      const auto data = take(file.next_data(from));
      if (!data) return pieces;
      for (auto i = data->offset / each; i * each < data->end(); ++i) pieces[i] = 'x';
      from = data->end();
    }
  }

  std::string content_of(const fs::path& name) const { return testing::content_of(at(name)); }

  struct stat status_of(const fs::path& name) const {
    struct stat s;
    EXPECT_EQ(::lstat(at(name).c_str(), &s), 0);
    return s;
  }

  punch_report punch() { return take(punch_holes(walk_root{&dir, "t"}, options, told)); }

  /// The file alone.
  result<punch_report> punch(const char* name) {
    return punch_holes(take(fs_handle::pin(dir, leaf(name))), dir, name, options, told);
  }

  static constexpr std::uint64_t piece = 64 << 10;
  punch_options options{.tree = {.threads = 2}, .min_size = piece};
  listener told;
};

INSTANTIATE_TEST_SUITE_P(Kinds, PunchHoles, all_kinds(), kind_of);

TEST_P(PunchHoles, GivesTheRoomOfZerosBackAndChangesNothingElse) {
  constexpr std::string_view pieces = "x00x..0.xxxx0";
  lay_out("d/f", pieces);
  const auto content = content_of("d/f");
  const struct stat before = status_of("d/f");
  const punch_report report = punch();
  EXPECT_EQ(report.files, 1U);
  EXPECT_EQ(report.punched, 1U);
  EXPECT_EQ(report.bytes, 4 * piece);
  EXPECT_EQ(report.busy, 0U);
  EXPECT_EQ(report.failures, 0U);
  EXPECT_EQ(layout_of("d/f"), "x..x....xxxx.");
  EXPECT_EQ(content_of("d/f"), content);
  const struct stat after = status_of("d/f");
  EXPECT_LE(after.st_blocks, before.st_blocks - static_cast<blkcnt_t>(4 * piece / 512));
  EXPECT_EQ(after.st_mtim.tv_sec, before.st_mtim.tv_sec);
  EXPECT_EQ(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
  EXPECT_EQ(after.st_size, before.st_size);
  EXPECT_EQ(after.st_mode, before.st_mode);
  if (shares()) {
    EXPECT_EQ(after.st_ctim.tv_nsec, before.st_ctim.tv_nsec) << "the kernel changes no time";
  }
  ASSERT_EQ(told.events.size(), 1U);
  EXPECT_EQ(told.events[0].path, "t/d/f");
  EXPECT_EQ(told.events[0].bytes, 4 * piece);
  EXPECT_EQ(names_in(scratch->path()), std::set<std::string>{"d"}) << "nothing is left behind";
}

TEST_P(PunchHoles, SecondTimeThereIsNothingToDo) {
  lay_out("f", "x00x");
  EXPECT_EQ(punch().punched, 1U);
  const struct stat before = status_of("f");
  EXPECT_EQ(punch().punched, 0U);
  EXPECT_EQ(status_of("f").st_ctim.tv_nsec, before.st_ctim.tv_nsec);
}

TEST_P(PunchHoles, RehearsalTellsTheSameAndChangesNothing) {
  lay_out("f", "x00x0");
  const struct stat before = status_of("f");
  options.doing = punch_options::doing::rehearse;
  EXPECT_EQ(punch().bytes, 3 * piece);
  EXPECT_EQ(status_of("f").st_blocks, before.st_blocks);
  EXPECT_EQ(status_of("f").st_ctim.tv_nsec, before.st_ctim.tv_nsec);
  options.doing = punch_options::doing::work;
  EXPECT_EQ(punch().bytes, 3 * piece);
}

TEST_P(PunchHoles, LeavesShorterRunsAndWhatWasOnlyAllocatedAlone) {
  lay_out("short", "x0x00x");
  options.min_size = 2 * piece;
  const auto allocated = take(file_handle::file(
      dir, leaf("allocated"), {.mode = mode::write, .creation = creation::if_needed}));
  ASSERT_EQ(::fallocate(allocated.native().number(), 0, 0, 4 * piece), 0);
  const auto blocks = status_of("allocated").st_blocks;
  EXPECT_EQ(punch().bytes, 2 * piece);
  EXPECT_EQ(layout_of("short"), "xxx..x");
  EXPECT_EQ(status_of("allocated").st_blocks, blocks);
}

TEST_P(PunchHoles, WorksOnLargeFilesWithASecondThread) {
  constexpr std::uint64_t each = 1 << 20;
  std::string pieces;
  for (int i = 0; i < 60; ++i) pieces += i % 3 == 0 ? 'x' : '0';
  // As much as the images of these tests have room for.
  if (GetParam() != file_system::xfs) pieces.resize(GetParam() == file_system::btrfs ? 40 : 20);
  lay_out("f", pieces, each);
  const auto content = content_of("f");
  const punch_report report = punch();
  EXPECT_EQ(report.failures, 0U) << told;
  std::replace(pieces.begin(), pieces.end(), '0', '.');
  EXPECT_EQ(layout_of("f", each), pieces);
  EXPECT_EQ(content_of("f"), content);
  EXPECT_EQ(status_of("f").st_mtim.tv_sec, 1'100'000'000);
}

TEST_P(PunchHoles, NamesOfOneInodeAreOneFile) {
  lay_out("a/f", "x0");
  fs::create_directory(at("b"));
  for (const char* name : {"a/g", "b/h"}) fs::create_hard_link(at("a/f"), at(name));
  const punch_report report = punch();
  EXPECT_EQ(report.files, 1U);
  EXPECT_EQ(report.punched, 1U);
  EXPECT_EQ(told.events.size(), 1U);
}

TEST_P(PunchHoles, NothingButRegularFilesIsOpened) {
  make("p p\n s s\n c c 1 3\n b b 7 0\n l l -> ../outside\n d d");
  lay_out("f", "x0");
  const punch_report report = punch();
  EXPECT_EQ(report.files, 1U);
  EXPECT_EQ(report.failures, 0U) << told;
  EXPECT_TRUE(failed_with(punch("p"), EINVAL));
  EXPECT_TRUE(failed_with(punch("l"), ELOOP));
  EXPECT_TRUE(failed_with(punch("d"), EISDIR));
}

TEST_P(PunchHoles, MountsAreCrossedOnlyIfThatIsAskedFor) {
  lay_out("mounted/f", "x0");
  fs::create_directory(at("d"));
  lay_out("d/f", "x0");
  lay_out("other", "x0");
  const testing::mounted over = testing::mounted::bind(at("mounted"), at("d"));
  const testing::mounted file = testing::mounted::bind(at("other"), at("other"));
  punch_report report = punch();
  EXPECT_EQ(report.punched, 1U) << "what is below by its own name";
  EXPECT_EQ(told.paths_of(event_kind::punched), std::vector<std::string>{"t/mounted/f"});
  EXPECT_EQ(report.failures, 0U) << told;
  options.tree.mounts = crossing::any_mount;
  report = punch();
  EXPECT_EQ(report.punched, 1U);
  EXPECT_EQ(told.paths_of(event_kind::punched),
            (std::vector<std::string>{"t/mounted/f", "t/other"}));
}

// ------------------------------------------------------------------------------------------- use

TEST_P(PunchHoles, FileInUseIsLeftAloneUnlessTheKernelCompares) {
  lay_out("f", "x00x");
  lay_out("idle", "x00x");
  lay_out("nothing", "xxx");
  const auto reader = take(file_handle::file(dir, leaf("f")));
  const auto harmless = take(file_handle::file(dir, leaf("nothing")));
  const punch_report report = punch();
  EXPECT_EQ(report.failures, 0U) << told;
  EXPECT_EQ(report.busy, shares() ? 0U : 1U);
  EXPECT_EQ(report.punched, shares() ? 2U : 1U);
  EXPECT_EQ(layout_of("f"), shares() ? "x..x" : "xxxx");
  EXPECT_EQ(layout_of("idle"), "x..x");
  if (shares()) return;
  ASSERT_EQ(told.skips.size(), 1U);
  EXPECT_EQ(told.skips[0].path, "t/f");
  EXPECT_EQ(told.skips[0].why.native(), EBUSY);
  EXPECT_EQ(take(punch("f")).busy, 1U);
}

TEST_P(PunchHoles, MappedFileIsInUseThoughItsDescriptorIsClosed) {
  lay_out("f", "x00x");
  const int file = ::open(at("f").c_str(), O_RDWR | O_CLOEXEC);
  void* const mapped = ::mmap(nullptr, piece, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  ASSERT_NE(mapped, MAP_FAILED);
  ::close(file);
  EXPECT_EQ(punch().busy, shares() ? 0U : 1U);
  ::munmap(mapped, piece);
}

TEST_P(PunchHoles, BusyFileIsTriedAgainForSoLong) {
  if (shares()) GTEST_SKIP() << "no file is busy";
  lay_out("f", "x00x");
  std::optional<file_handle> reader = take(file_handle::file(dir, leaf("f")));
  options.retry = deadline::in(std::chrono::seconds(30));
  const just_before third_try(call::fcntl, 6, [&] { reader.reset(); });
  const punch_report report = punch();
  EXPECT_EQ(third_try.times(), 1);
  EXPECT_EQ(report.busy, 0U);
  EXPECT_EQ(report.punched, 1U);
}

TEST_P(PunchHoles, WhoComesMeanwhileIsLetInAndLosesNothing) {
  if (shares()) GTEST_SKIP() << "nobody is kept out";
  lay_out("f", "x0x0x0x0");
  std::thread writer;
  // Before the second hole: it waits until the lease is given back.
  const just_before punching(call::fallocate, 2, [&] {
    writer = std::thread([&] {
      const int file = ::open(at("f").c_str(), O_WRONLY | O_CLOEXEC);
      const std::string bytes(piece, 'w');
      for (const auto i : {3, 5, 7}) {
        EXPECT_EQ(::pwrite(file, bytes.data(), piece, static_cast<off_t>(i * piece)),
                  static_cast<ssize_t>(piece));
      }
      ::close(file);
    });
    for (testing::patience left(std::chrono::seconds(20));
         !testing::is_wanted_back(status_of("f")) && !left.is_over();)
      ::usleep(1'000);
  });
  const punch_report report = punch();
  writer.join();
  EXPECT_EQ(punching.times(), 1);
  EXPECT_EQ(report.busy, 1U);
  EXPECT_EQ(report.bytes, 2 * piece) << "what was begun is told";
  ASSERT_EQ(told.skips.size(), 1U);
  const std::string w(piece, 'w'), x(piece, 'x'), zero(piece, '\0');
  EXPECT_EQ(content_of("f"), x + zero + x + w + x + w + x + w);
}

TEST_P(PunchHoles, LocksOfALeaseHolderAreBusyNotFailures) {
  lay_out("f", "x0");
  auto other = take(file_handle::file(dir, leaf("f"), {.mode = mode::write}));
  ASSERT_TRUE(take(other.try_lease(lease::write)));
  const punch_report report = punch();
  EXPECT_EQ(report.busy, 1U);
  EXPECT_EQ(report.failures, 0U) << told;
}

// ---------------------------------------------------------------------------------------- errors

TEST_P(PunchHoles, WhatCannotBeDoneIsToldAndTheRestIsDone) {
  lay_out("a", "x0");
  lay_out("b", "x0");
  options.tree.threads = 1;
  {
    listener heard;
    options.doing = punch_options::doing::rehearse;
    const armed fails({.which = call::pread64, .native = EIO});
    const auto report = take(punch_holes(walk_root{&dir, "t"}, options, heard));
    EXPECT_EQ(report.failures, 1U);
    EXPECT_EQ(report.punched, 1U);
    EXPECT_EQ(heard.failure_alone().what, operation::punch);
    EXPECT_EQ(heard.failure_alone().why.native(), EIO);
  }
  options.doing = punch_options::doing::work;
  const armed fails({.which = shares() ? call::ioctl : call::fallocate, .native = EIO});
  const auto report = punch();
  EXPECT_EQ(report.failures, 1U);
  EXPECT_EQ(report.punched, 1U);
  EXPECT_EQ(status_of("a").st_mtim.tv_sec, 1'100'000'000);
  EXPECT_EQ(status_of("b").st_mtim.tv_sec, 1'100'000'000);
}

TEST_P(PunchHoles, LeaseIsTheWayWhereSharingIsRefused) {
  for (const int native : {EINVAL, EXDEV, EPERM, ENOSPC, EOPNOTSUPP}) {
    lay_out("f", "x00x");
    const armed fails({.which = call::ioctl, .native = native});
    EXPECT_EQ(punch().punched, 1U) << native << told;
    EXPECT_EQ(layout_of("f"), "x..x");
    EXPECT_EQ(status_of("f").st_mtim.tv_sec, 1'100'000'000);
  }
}

TEST_P(PunchHoles, NothingIsPunchedWhereThereAreNoLeases) {
  if (shares()) GTEST_SKIP() << "needs none";
  lay_out("f", "x00x");
  const armed fails({.which = call::fcntl, .nth = 2, .native = EINVAL});
  EXPECT_EQ(punch().failures, 1U);
  EXPECT_EQ(layout_of("f"), "xxxx");
}

TEST_P(PunchHoles, ImmutableFilesAreFailuresOfTheirOwn) {
  lay_out("f", "x00x");
  lay_out("g", "x00x");
  if (!set_immutable(at("f"), true)) GTEST_SKIP() << "no such flag here";
  EXPECT_EQ(punch().punched, 1U);
  EXPECT_EQ(told.failed_paths(), std::vector<std::string>{"t/f"});
  EXPECT_EQ(layout_of("f"), "xxxx");
  set_immutable(at("f"), false);
}

TEST_P(PunchHoles, NoFileLosesItsPrivileges) {
  lay_out("able", "x00x");
  lay_out("suid", "x00x");
  lay_out("plain", "x00x");
  // Version 2, effective; CAP_NET_BIND_SERVICE.
  constexpr unsigned char able[20] = {1, 0, 0, 2, 0, 4};
  ASSERT_EQ(::setxattr(at("able").c_str(), "security.capability", able, sizeof(able), 0), 0);
  ASSERT_EQ(::chmod(at("suid").c_str(), 06755), 0);
  const punch_report report = punch();
  unsigned char after[20] = {};
  EXPECT_EQ(::getxattr(at("able").c_str(), "security.capability", after, sizeof(after)), 20);
  EXPECT_TRUE(std::ranges::equal(after, able));
  EXPECT_EQ(status_of("suid").st_mode & 07777, 06755U);
  EXPECT_EQ(layout_of("plain"), "x..x");
  if (shares()) { // Which changes no metadata.
    EXPECT_EQ(report.punched, 3U);
    EXPECT_EQ(report.failures, 0U) << told;
    return;
  }
  EXPECT_EQ(report.punched, 1U);
  EXPECT_EQ(report.failures, 2U);
  EXPECT_EQ(told.failed_paths(), (std::vector<std::string>{"t/able", "t/suid"}));
  for (const auto& one : told.failures) EXPECT_EQ(one.why, errc::refused);
  for (const char* name : {"able", "suid"}) EXPECT_EQ(layout_of(name), "xxxx");
}

TEST_P(PunchHoles, StopsWhenAsked) {
  lay_out("f", "x00x");
  std::stop_source stop;
  options.tree.stop = stop.get_token();
  stop.request_stop();
  EXPECT_EQ(punch().stopped, stopped::by_request);
  EXPECT_EQ(take(punch("f")).stopped, stopped::by_request);
  EXPECT_EQ(layout_of("f"), "xxxx");
}

} // namespace
} // namespace afio::unit
