// Every call that an operation makes fails once and for ever: the error comes out whole, no
// descriptor leaks, nothing is lost.
#include "afio/detail/fault.hpp"
#include "afio/directory_handle.hpp"
#include "afio/file_handle.hpp"
#include "afio/file_view.hpp"
#include "afio/mapped_file_handle.hpp"
#include "afio/memory_usage.hpp"
#include "afio/page_map.hpp"
#include "afio/random_name.hpp"
#include "afio/symlink_handle.hpp"
#include "tests/afio/listing.hpp"
#include "tests/afio/scene.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

namespace afio::unit {
namespace {

using namespace std::chrono_literals;
using detail::calls_seen;
using detail::fault;
using repeat = fault::repeat;

// ------------------------------------------------------------------------------------ the faults

class Fault : public scene {
protected:
  /// How many of `count` stats fail while `f` is armed, as a text of '.' and 'F'.
  std::string stats(const fault& f, int count) const {
    const armed now(f);
    std::string outcome;
    for (int i = 0; i < count; ++i) {
      outcome += dir.stat() ? '.' : 'F';
    }
    return outcome;
  }
};

TEST_F(Fault, FailsTheNthCallOnceOrForEver) {
  EXPECT_EQ(stats({.which = call::statx, .nth = 3, .native = EIO}, 5), "..F..");
  EXPECT_EQ(stats({.which = call::statx, .nth = 3, .repeats = repeat::for_ever, .native = EIO}, 5),
            "..FFF");
}

TEST_F(Fault, LeavesOtherCallsAlone) {
  EXPECT_EQ(stats({.which = call::fstatfs, .repeats = repeat::for_ever, .native = EIO}, 3), "...");
}

TEST_F(Fault, CountsFromWhereItWasArmed) {
  EXPECT_EQ(stats({}, 3), "...");
  EXPECT_EQ(calls_seen(call::statx), 3U);
  EXPECT_EQ(stats({.which = call::statx, .nth = 1, .native = EIO}, 1), "F");
  EXPECT_EQ(calls_seen(call::statx), 1U);
  EXPECT_EQ(calls_seen(call::fstatfs), 0U);
}

TEST_F(Fault, StopsJustBeforeTheCall) {
  const just_before looking(call::statx, 2, [&] { make("f f 5"); });
  stat_t s;
  EXPECT_TRUE(failed_with(s.stamp(dir, leaf("f")), ENOENT));
  EXPECT_EQ(looking.times(), 0);
  EXPECT_TRUE(succeeded(s.stamp(dir, leaf("f"))));
  EXPECT_EQ(looking.times(), 1);
}

TEST_F(Fault, FailedCallsAreNotMade) {
  make("f f 0");
  const armed fails({.which = call::unlinkat, .native = EIO});
  EXPECT_TRUE(failed_with(dir.unlink(leaf("f")), EIO));
  EXPECT_EQ(names(), std::set<std::string>{"f"});
}

TEST_F(Fault, CountsTheCallsOfAllThreadsTogether) {
  const armed counting;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([this] {
        for (int i = 0; i < 1'000; ++i) {
          (void)dir.stat();
        }
      });
    }
  }
  EXPECT_EQ(calls_seen(call::statx), 4'000U);
}

// ------------------------------------------------------------------------------------- the sweep

struct operation {
  const char* name;
  const char* tree;
  /// Opens what it needs, calls `begin` and then acts.
  result<void> (*act)(const path_handle& dir, const std::function<void()>& begin);
};

std::ostream& operator<<(std::ostream& out, const operation& shown) { return out << shown.name; }

file_handle file_at(const path_handle& dir, const char* name, mode m = mode::write) {
  return take(file_handle::file(dir, leaf(name), {.mode = m}));
}

path_handle directory_at(const path_handle& dir, const char* name) {
  return take(path_handle::path(dir, leaf(name)));
}

using begin_fn = const std::function<void()>&;

const operation operations[] = {
    {"PathByPath", "d d",
     [](const path_handle& dir, begin_fn begin) -> result<void> {
       begin();
       AFIO_TRY(path_handle::path(dir, path_view("d")));
       return success();
     }},
    {"PathByLeaf", "d d",
     [](const path_handle& dir, begin_fn begin) -> result<void> {
       begin();
       AFIO_TRY(path_handle::path(dir, leaf("d")));
       return success();
     }},
    {"PathClone", "",
     [](const path_handle& dir, begin_fn begin) -> result<void> {
       begin();
       AFIO_TRY(dir.clone());
       return success();
     }},
    {"PathUnlink", "f f 1",
     [](const path_handle& dir, begin_fn begin) -> result<void> {
       begin();
       return dir.unlink(leaf("f"));
     }},
    {"PathRemoveDirectory", "d d",
     [](const path_handle& dir, begin_fn begin) -> result<void> {
       begin();
       return dir.remove_directory(leaf("d"));
     }},
    {"PathRename", "f f 1",
     [](const path_handle& dir, begin_fn begin) -> result<void> {
       begin();
       return dir.rename(leaf("f"), dir, leaf("g"), replace::no);
     }},
    {"PathCreateDirectory", "",
     [](const path_handle& dir, begin_fn begin) -> result<void> {
       begin();
       return dir.create_directory(leaf("d"));
     }},
    {"PathSetMode", "f f 1",
     [](const path_handle& dir, begin_fn begin) -> result<void> {
       begin();
       return dir.set_mode(leaf("f"), 0700);
     }},
    {"PathCreateNode", "",
     [](const path_handle& dir, begin_fn begin) -> result<void> {
       begin();
       return dir.create_node(leaf("p"), file_type::fifo, 0600);
     }},
    {"DirectorySyncFileSystem", "",
     [](const path_handle& dir, begin_fn begin) -> result<void> {
       AFIO_TRY(const auto directory, directory_handle::directory(dir));
       begin();
       return directory.sync_file_system();
     }},
    {"DirectoryList", "f f 1\n f g 1",
     [](const path_handle& dir, begin_fn begin) -> result<void> {
       begin();
       AFIO_TRY(const auto directory, directory_handle::directory(dir));
       const listing_buffer buffer;
       for (;;) {
         AFIO_TRY(const auto part, directory.read(buffer));
         if (part.at_end()) break;
       }
       AFIO_TRY(directory.seek(0));
       return directory.barrier();
     }},
    {"DirectoryByLeaf", "d d",
     [](const path_handle& dir, begin_fn begin) -> result<void> {
       begin();
       AFIO_TRY(directory_handle::directory(dir, leaf("d")));
       return success();
     }},
    {"SymlinkRead", "l l -> target",
     [](const path_handle& dir, begin_fn begin) -> result<void> {
       begin();
       AFIO_TRY(const auto link, symlink_handle::symlink(dir, leaf("l")));
       std::array<char, 4096> buffer;
       AFIO_TRY(link.read(buffer));
       return success();
     }},
    {"SymlinkCreate", "",
     [](const path_handle& dir, begin_fn begin) -> result<void> {
       begin();
       AFIO_TRY(symlink_handle::create(dir, leaf("l"), "target"));
       return success();
     }},
    {"FileOpen", "f f 1",
     [](const path_handle& dir, begin_fn begin) -> result<void> {
       begin();
       AFIO_TRY(file_handle::file(dir, leaf("f")));
       return success();
     }},
    {"FileOpenByPath", "f f 1",
     [](const path_handle& dir, begin_fn begin) -> result<void> {
       begin();
       AFIO_TRY(file_handle::file(dir, path_view("f"), {.creation = creation::if_needed}));
       return success();
     }},
    {"FileMake", "",
     [](const path_handle& dir, begin_fn begin) -> result<void> {
       begin();
       AFIO_TRY(file_handle::file(dir, path_view("f"),
                                  {.mode = mode::write, .creation = creation::if_needed}));
       return success();
     }},
    {"FileTruncateExisting", "f f 1",
     [](const path_handle& dir, begin_fn begin) -> result<void> {
       begin();
       AFIO_TRY(file_handle::file(dir, leaf("f"),
                                  {.mode = mode::write, .creation = creation::truncate_existing}));
       return success();
     }},
    {"FileUnnamedLink", "",
     [](const path_handle& dir, begin_fn begin) -> result<void> {
       begin();
       AFIO_TRY(auto file, file_handle::unnamed(dir));
       return file.link(dir, leaf("f"));
     }},
    {"FileClone", "f f 1",
     [](const path_handle& dir, begin_fn begin) -> result<void> {
       const auto file = file_at(dir, "f", mode::none);
       begin();
       AFIO_TRY(file.clone(mode::read, caching::all));
       return success();
     }},
    {"FileLock", "f f 1",
     [](const path_handle& dir, begin_fn begin) -> result<void> {
       auto file = file_at(dir, "f");
       begin();
       AFIO_TRY(file_lock whole, file.lock_file(lock_kind::exclusive));
       AFIO_TRY(file_lock part, file.lock_file_range({0, 1}, lock_kind::shared, deadline::in(0s)));
       AFIO_TRY(part.unlock());
       return whole.unlock();
     }},
    {"FileLease", "f f 1",
     [](const path_handle& dir, begin_fn begin) -> result<void> {
       auto file = file_at(dir, "f");
       begin();
       AFIO_TRY(file.try_lease(lease::write));
       AFIO_TRY(file.holds_lease(lease::write));
       return file.drop_lease();
     }},
    {"FileClose", "f f 1",
     [](const path_handle& dir, begin_fn begin) -> result<void> {
       auto file = take(file_handle::file(
           dir, leaf("f"), {.mode = mode::write, .caching = caching::safety_barriers}));
       begin();
       return file.close();
     }},
    {"FileContents", "f f 5000",
     [](const path_handle& dir, begin_fn begin) -> result<void> {
       auto file = file_at(dir, "f");
       std::array<std::byte, 10> bytes{};
       const std::array<buffer, 2> into{bytes, bytes};
       const std::array<const_buffer, 2> from{bytes, bytes};
       begin();
       AFIO_TRY(file.read(bytes, 0));
       AFIO_TRY(file.read(into, 0));
       AFIO_TRY(file.write(bytes, 0));
       AFIO_TRY(file.write(from, 0));
       AFIO_TRY(file.truncate(100));
       AFIO_TRY(file.next_data(0));
       AFIO_TRY(file.punch_hole({0, 10}));
       AFIO_TRY(file.barrier(barrier_kind::start));
       AFIO_TRY(file.barrier(barrier_kind::data));
       return file.barrier(barrier_kind::all);
     }},
    {"FileView", "f f 5000",
     [](const path_handle& dir, begin_fn begin) -> result<void> {
       const auto file = file_at(dir, "f");
       begin();
       AFIO_TRY(file_view::map(file, {100, 4900}));
       return success();
     }},
    {"MappedFile", "f f 5000",
     [](const path_handle& dir, begin_fn begin) -> result<void> {
       std::array<std::byte, 10> bytes{};
       begin();
       AFIO_TRY(auto file, mapped_file_handle::mapped_file(
                               dir, leaf("f"), {.mode = mode::write},
                               {.flags = map_flags::prefault | map_flags::barrier_on_close,
                                .access = mapped_access::guarded}));
       AFIO_TRY(file.write(bytes, 100'000));
       AFIO_TRY(file.write(bytes, 4995));
       AFIO_TRY(file.truncate(200'000));
       AFIO_TRY(file.reserve(1 << 20));
       AFIO_TRY(file.update_map());
       return file.close();
     }},
    {"Section", "f f 5000",
     [](const path_handle& dir, begin_fn begin) -> result<void> {
       const auto file = file_at(dir, "f");
       begin();
       AFIO_TRY(auto section, section_handle::section(file));
       AFIO_TRY(section.truncate(10'000));
       AFIO_TRY(auto map, map_handle::map(section));
       AFIO_TRY(map.zero_memory({0, 8192}));
       AFIO_TRY(map.barrier(barrier_kind::start));
       AFIO_TRY(map.barrier(barrier_kind::data));
       AFIO_TRY(map.decommit({0, 8192}));
       AFIO_TRY(map.commit({0, 8192}));
       AFIO_TRY(map.prefetch({0, 8192}));
       AFIO_TRY(map.prefault({0, 8192}));
       AFIO_TRY(map.advise({0, 8192}, access_pattern::random));
       AFIO_TRY(section_handle::section(1));
       return success();
     }},
    {"MemoryOfItsOwn", "",
     [](const path_handle&, begin_fn begin) -> result<void> {
       begin();
       AFIO_TRY(auto map, map_handle::map(1 << 20, {.reservation = 1 << 21}));
       AFIO_TRY(map.truncate(1 << 16, placement::in_place));
       AFIO_TRY(map.truncate(1 << 17, placement::in_place));
       AFIO_TRY(map.truncate(1 << 22, placement::anywhere));
       AFIO_TRY(map.do_not_store({0, 8192}));
       AFIO_TRY(map.decommit({0, 8192}));
       AFIO_TRY(map_handle::reserve(1));
       return success();
     }},
    {"MemoryAsItIs", "f f 5000",
     [](const path_handle& dir, begin_fn begin) -> result<void> {
       const auto map = take(map_handle::map(take(section_handle::section(file_at(dir, "f"))),
                                             {.flags = map_flags::cow}));
       std::array<extent, 4> runs;
       std::array<std::uint64_t, 4> sizes;
       begin();
       AFIO_TRY(const auto own, page_map::open());
       AFIO_TRY(own.copied(map, {0, 5000}, runs));
       AFIO_TRY(memory_usage_now());
       AFIO_TRY(page_sizes(sizes));
       return success();
     }},
    {"FileCloneExtents", "f f 5000\n f g 0",
     [](const path_handle& dir, begin_fn begin) -> result<void> {
       const auto from = file_at(dir, "f");
       auto to = file_at(dir, "g");
       begin();
       AFIO_TRY(from.clone_extents({0, 5000}, to, 0));
       return success();
     }},
    {"HandleFlags", "f f 1",
     [](const path_handle& dir, begin_fn begin) -> result<void> {
       auto file = file_at(dir, "f");
       begin();
       AFIO_TRY(file.set_append_only(handle::appends::only_at_end));
       AFIO_TRY(file.is_append_only());
       return success();
     }},
    {"HandleCurrentPath", "",
     [](const path_handle& dir, begin_fn begin) -> result<void> {
       std::array<char, 4096> buffer;
       begin();
       AFIO_TRY(dir.current_path(buffer));
       return success();
     }},
    {"FsStat", "",
     [](const path_handle& dir, begin_fn begin) -> result<void> {
       begin();
       AFIO_TRY(dir.stat());
       AFIO_TRY(dir.identity());
       AFIO_TRY(dir.statfs());
       return success();
     }},
    {"FsLocate", "f f 1",
     [](const path_handle& dir, begin_fn begin) -> result<void> {
       const auto file = file_at(dir, "f");
       begin();
       AFIO_TRY(file.locate());
       return success();
     }},
    {"FsUnlink", "f f 1\n f other 1",
     [](const path_handle& dir, begin_fn begin) -> result<void> {
       const auto file = file_at(dir, "f");
       begin();
       return file.unlink(dir, leaf("f"));
     }},
    {"FsUnlinkDirectory", "d d",
     [](const path_handle& dir, begin_fn begin) -> result<void> {
       const auto d = directory_at(dir, "d");
       begin();
       return d.unlink(dir, leaf("d"));
     }},
    {"FsUnlinkLocated", "f f 1",
     [](const path_handle& dir, begin_fn begin) -> result<void> {
       const auto file = file_at(dir, "f");
       begin();
       return file.unlink();
     }},
    {"FsRelink", "f f 1\n d d",
     [](const path_handle& dir, begin_fn begin) -> result<void> {
       const auto file = file_at(dir, "f");
       const auto to = directory_at(dir, "d");
       begin();
       return file.relink(dir, leaf("f"), to, leaf("g"));
     }},
    {"FsRelinkReplacing", "f f 1\n h g = f",
     [](const path_handle& dir, begin_fn begin) -> result<void> {
       const auto file = file_at(dir, "f");
       begin();
       return file.relink(dir, leaf("f"), dir, leaf("g"), replace::yes);
     }},
    {"FsRelinkExchanging", "f f 1\n f g 2",
     [](const path_handle& dir, begin_fn begin) -> result<void> {
       const auto file = file_at(dir, "f");
       begin();
       return file.relink(dir, leaf("f"), dir, leaf("g"), replace::exchange);
     }},
    {"FsLink", "f f 1",
     [](const path_handle& dir, begin_fn begin) -> result<void> {
       const auto file = file_at(dir, "f");
       begin();
       return file.link(dir, leaf("g"));
     }},
    {"FsSetMode", "f f 1",
     [](const path_handle& dir, begin_fn begin) -> result<void> {
       const auto file = file_at(dir, "f");
       begin();
       return file.set_mode(0700);
     }},
    {"FsPin", "f f 1",
     [](const path_handle& dir, begin_fn begin) -> result<void> {
       begin();
       AFIO_TRY(fs_handle::pin(dir, leaf("f")));
       return success();
     }},
    {"FsPinTarget", "f f 1\nl l -> f",
     [](const path_handle& dir, begin_fn begin) -> result<void> {
       begin();
       AFIO_TRY(fs_handle::pin_target(dir, leaf("l")));
       return success();
     }},
    {"FsSetOwner", "f f 1",
     [](const path_handle& dir, begin_fn begin) -> result<void> {
       const auto file = file_at(dir, "f");
       begin();
       return file.set_owner(fs_handle::no_owner, fs_handle::no_owner);
     }},
    {"FsSetTimes", "f f 1",
     [](const path_handle& dir, begin_fn begin) -> result<void> {
       const auto file = file_at(dir, "f");
       begin();
       return file.set_times({1, 2}, {3, 4});
     }},
    {"FsAttributes", "f f 1",
     [](const path_handle& dir, begin_fn begin) -> result<void> {
       const auto file = file_at(dir, "f");
       std::array<std::byte, 1> value{};
       begin();
       AFIO_TRY(dir.list_attributes(leaf("f"), {}));
       AFIO_TRY(dir.find_attribute(leaf("f"), "user.none", {}));
       AFIO_TRY(file.list_attributes({}));
       AFIO_TRY(file.set_attribute("user.a", value));
       AFIO_TRY(file.get_attribute("user.a", value));
       return file.remove_attribute("user.a");
     }},
    {"FileInMemory", "",
     [](const path_handle&, begin_fn begin) -> result<void> {
       begin();
       AFIO_TRY(file_handle::in_memory());
       return success();
     }},
    {"RandomName", "",
     [](const path_handle&, begin_fn begin) -> result<void> {
       begin();
       AFIO_TRY(random_name());
       return success();
     }},
};

std::vector<call> all_calls() {
  std::vector<call> all;
  all.reserve(static_cast<std::size_t>(call::count_));
  for (int i = 1; i < static_cast<int>(call::verify); ++i) {
    all.push_back(static_cast<call>(i));
  }
  return all;
}

/// The inodes of a tree, one for each name.
std::multiset<std::uint64_t> inodes_in(const std::filesystem::path& root) {
  std::multiset<std::uint64_t> inodes;
  for (const auto& [name, entry] : testing::manifest(root).entries) {
    inodes.insert(entry.inode.inode);
  }
  return inodes;
}

bool has_private_names(const std::filesystem::path& root) {
  const auto entries = testing::manifest(root).entries;
  return std::any_of(entries.begin(), entries.end(), [](const auto& entry) {
    return is_random_name(std::filesystem::path(entry.first).filename().native());
  });
}

class EachCall : public ::testing::TestWithParam<operation> {
protected:
  struct run {
    result<void> outcome;
    std::map<call, std::uint64_t> made;
    bool leftovers = false;
    bool lost = false;
  };

  /// The operation on a fresh tree, under a fault.
  static run act(const fault& f) {
    const testing::descriptor_guard guard;
    const testing::scratch_directory scratch;
    testing::make_tree(scratch.path(), GetParam().tree);
    const auto before = inodes_in(scratch.path());
    auto outcome = GetParam().act(anchor(scratch.path()), [&] { detail::arm(f); });
    detail::disarm();
    run r{std::move(outcome), {}};
    for (const call each : all_calls()) {
      if (calls_seen(each) != 0) r.made[each] = calls_seen(each);
    }
    const auto after = inodes_in(scratch.path());
    r.leftovers = has_private_names(scratch.path());
    r.lost = !std::includes(after.begin(), after.end(), before.begin(), before.end());
    return r;
  }
};

INSTANTIATE_TEST_SUITE_P(Operations, EachCall, ::testing::ValuesIn(operations),
                         [](const auto& each) { return each.param.name; });

/// The one call that tidies up after the operation is done.
bool comes_after_the_act(const operation& o, call which) {
  return which == call::unlinkat && std::string_view(o.name) == "FsRelinkReplacing";
}

TEST_P(EachCall, FailingOnceIsReportedAndLosesNothing) {
  const run good = act({});
  if (!good.outcome && good.outcome.assume_error() == std::errc::not_supported)
    GTEST_SKIP() << good.outcome.assume_error().message(); // attributes on tmpfs before Linux 6.6
  ASSERT_TRUE(succeeded(good.outcome));
  ASSERT_FALSE(good.made.empty());
  EXPECT_FALSE(good.leftovers);
  for (const auto& [which, count] : good.made) {
    for (std::uint64_t nth = 1; nth <= count; ++nth) {
      for (const int native : {EIO, ENOSPC, EACCES, ENOMEM}) {
        SCOPED_TRACE(std::string(name_of(which)) + " " + std::to_string(nth));
        const run bad = act({.which = which, .nth = nth, .native = native});
        ASSERT_TRUE(failed_with(bad.outcome, native));
        EXPECT_EQ(bad.outcome.assume_error().origin(), which);
        EXPECT_FALSE(bad.lost);
        EXPECT_EQ(bad.leftovers, comes_after_the_act(GetParam(), which));
      }
    }
  }
}

TEST_P(EachCall, FailingForEverIsReportedAndLosesNothing) {
  for (const auto& [which, count] : act({}).made) {
    for (std::uint64_t nth = 1; nth <= count; ++nth) {
      SCOPED_TRACE(std::string(name_of(which)) + " " + std::to_string(nth));
      const run bad = act({.which = which, .nth = nth, .repeats = repeat::for_ever, .native = EIO});
      ASSERT_TRUE(failed_with(bad.outcome, EIO));
      EXPECT_EQ(bad.outcome.assume_error().origin(), which);
      EXPECT_FALSE(bad.lost);
    }
  }
}

TEST_P(EachCall, InterruptedIsMadeAgain) {
  for (const auto& [which, count] : act({}).made) {
    for (std::uint64_t nth = 1; nth <= count; ++nth) {
      SCOPED_TRACE(std::string(name_of(which)) + " " + std::to_string(nth));
      EXPECT_TRUE(succeeded(act({.which = which, .nth = nth, .native = EINTR}).outcome));
    }
  }
}

TEST(EachCallOfAfio, IsReachedByOneOfTheOperations) {
  // Not to be reached where user attributes cannot be set.
  std::set<call> reached = {call::fgetxattr, call::fremovexattr};
  for (const operation& o : operations) {
    const testing::scratch_directory scratch;
    testing::make_tree(scratch.path(), o.tree);
    (void)o.act(anchor(scratch.path()), [] { detail::arm({}); });
    detail::disarm();
    for (const call each : all_calls()) {
      if (calls_seen(each) != 0) reached.insert(each);
    }
  }
  for (const call each : all_calls()) {
    EXPECT_TRUE(reached.contains(each)) << name_of(each);
  }
}

} // namespace
} // namespace afio::unit
