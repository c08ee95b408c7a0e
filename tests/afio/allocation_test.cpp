// No allocation on any path that is taken once an operation: operator new is ours here, and counts.
#include "afio/directory_handle.hpp"
#include "afio/file_handle.hpp"
#include "afio/file_view.hpp"
#include "afio/mapped_file_handle.hpp"
#include "afio/memory_usage.hpp"
#include "afio/page_map.hpp"
#include "afio/random_name.hpp"
#include "afio/symlink_handle.hpp"
#include "tests/afio/scene.hpp"
#include "tests/support/allocations.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <string>
#include <vector>

namespace afio::unit {
namespace {

using testing::allocations;

std::atomic<bool> memory_is_short = false;

using namespace std::chrono_literals;

/// How often it allocates, and that it succeeds.
template <class F>
::testing::AssertionResult allocates_nothing(F&& act) {
  const auto before = allocations.load();
  const bool good = static_cast<bool>(act());
  const auto count = allocations.load() - before;
  if (!good) return ::testing::AssertionFailure() << "it failed";
  if (count != 0) return ::testing::AssertionFailure() << "it allocated " << count << " times";
  return ::testing::AssertionSuccess();
}

#define EXPECT_NO_ALLOCATION(...)                                                                  \
  EXPECT_TRUE(allocates_nothing([&] { return __VA_ARGS__; })) << #__VA_ARGS__

class Allocation : public scene {
protected:
  // As long as names are, so that no short-string trick hides an allocation.
  const std::string longest_ = std::string(255, 'x');
  const std::string other_ = std::string(255, 'y');
  const leaf_name name_ = leaf(longest_.c_str());
  const leaf_name other_name_ = leaf(other_.c_str());
};

TEST_F(Allocation, IsCounted) {
  EXPECT_FALSE(allocates_nothing([] { return std::make_unique<int>(1) != nullptr; }));
  EXPECT_FALSE(allocates_nothing([&] { return !dir.unlink(leaf("missing")); }));
}

TEST_F(Allocation, NoneToMakeOpenAndCloseAFile) {
  const file_options make{.mode = mode::write, .creation = creation::if_needed};
  EXPECT_NO_ALLOCATION(file_handle::file(dir, name_, make));
  EXPECT_NO_ALLOCATION(file_handle::file(dir, name_, make));
  EXPECT_NO_ALLOCATION(file_handle::file(dir, name_));
  EXPECT_NO_ALLOCATION(file_handle::file(dir, name_, {.mode = mode::none}));
  EXPECT_NO_ALLOCATION(file_handle::file(
      dir, name_, {.mode = mode::write, .creation = creation::truncate_existing}));
  EXPECT_NO_ALLOCATION(file_handle::file(dir, path_view(longest_), make));
  EXPECT_NO_ALLOCATION(file_handle::file(dir, path_view(other_), make));
  EXPECT_NO_ALLOCATION(file_handle::file(
      dir, leaf("new"), {.mode = mode::write, .creation = creation::only_if_not_exist}));
  EXPECT_NO_ALLOCATION(file_handle::unnamed(dir));
  EXPECT_NO_ALLOCATION(file_handle::in_memory());
  auto file = take(file_handle::file(dir, name_, make));
  EXPECT_NO_ALLOCATION(file.clone(mode::append, caching::reads));
  EXPECT_NO_ALLOCATION(file.close());
}

TEST_F(Allocation, NoneToReadWriteAndChangeContents) {
  auto file =
      take(file_handle::file(dir, name_, {.mode = mode::write, .creation = creation::if_needed}));
  auto to = take(
      file_handle::file(dir, other_name_, {.mode = mode::write, .creation = creation::if_needed}));
  std::vector<std::byte> bytes(100'000);
  const std::vector<buffer> into(io_handle::max_buffers, buffer(bytes).first(90));
  const std::vector<const_buffer> from(into.begin(), into.end());
  EXPECT_NO_ALLOCATION(file.write(bytes, 0));
  EXPECT_NO_ALLOCATION(file.write(from, 0));
  EXPECT_NO_ALLOCATION(file.read(bytes, 0));
  EXPECT_NO_ALLOCATION(file.read(into, 0));
  EXPECT_NO_ALLOCATION(file.barrier(barrier_kind::start));
  EXPECT_NO_ALLOCATION(file.barrier(barrier_kind::data));
  EXPECT_NO_ALLOCATION(file.barrier(barrier_kind::all));
  EXPECT_NO_ALLOCATION(file.truncate(200'000));
  EXPECT_NO_ALLOCATION(file.size());
  EXPECT_NO_ALLOCATION(file.next_data(0));
  EXPECT_NO_ALLOCATION(file.next_data(150'000));
  EXPECT_NO_ALLOCATION(file.punch_hole({0, 4096}));
  EXPECT_NO_ALLOCATION(file.zero({0, 4096}));
  EXPECT_NO_ALLOCATION(file_view::map(file, {0, 4096}));
  EXPECT_NO_ALLOCATION(file.clone_extents({0, 100'000}, to, 0));
  EXPECT_NO_ALLOCATION(file.set_append_only(handle::appends::only_at_end));
  EXPECT_NO_ALLOCATION(file.is_append_only());
}

TEST_F(Allocation, NoneToMapAndToUseMaps) {
  auto plain =
      take(file_handle::file(dir, name_, {.mode = mode::write, .creation = creation::if_needed}));
  take(plain.truncate(100'000));
  EXPECT_NO_ALLOCATION(section_handle::section(plain));
  EXPECT_NO_ALLOCATION(section_handle::section(100'000));
  const auto section = take(section_handle::section(plain));
  EXPECT_NO_ALLOCATION(map_handle::map(section, {.flags = map_flags::cow | map_flags::prefault}));
  EXPECT_NO_ALLOCATION(map_handle::map(100'000, {.reservation = 1 << 20}));
  EXPECT_NO_ALLOCATION(map_handle::reserve(100'000));
  auto map = take(map_handle::map(section));
  EXPECT_NO_ALLOCATION(map.zero_memory({1, 50'000}));
  EXPECT_NO_ALLOCATION(map.prefetch({0, 50'000}));
  EXPECT_NO_ALLOCATION(map.advise({0, 50'000}, access_pattern::sequential));
  EXPECT_NO_ALLOCATION(map.advise({0, 50'000}, access_pattern::normal));
  EXPECT_NO_ALLOCATION(map.decommit({0, 50'000}));
  EXPECT_NO_ALLOCATION(map.commit({0, 50'000}));
  EXPECT_NO_ALLOCATION(map.truncate(1 << 20, placement::anywhere));
  EXPECT_NO_ALLOCATION(map.barrier(barrier_kind::data));
  EXPECT_NO_ALLOCATION(map.close());

  std::vector<std::byte> bytes(50'000);
  const std::array<buffer, 2> into{buffer(bytes), buffer(bytes)};
  const std::array<const_buffer, 2> from{bytes, bytes};
  for (const auto access : {mapped_access::guarded, mapped_access::unguarded}) {
    const mapping_options how{.access = access};
    const file_options writes{.mode = mode::write};
    EXPECT_NO_ALLOCATION(mapped_file_handle::mapped_file(dir, name_, writes, how));
    EXPECT_NO_ALLOCATION(mapped_file_handle::mapped_temp_inode(dir, how));
    auto file = take(mapped_file_handle::mapped_file(dir, name_, writes, how));
    EXPECT_NO_ALLOCATION(!file.read(extent{0, 10}).empty());
    EXPECT_NO_ALLOCATION(file.read(buffer(bytes), 0));
    EXPECT_NO_ALLOCATION(file.read(into, 0));
    EXPECT_NO_ALLOCATION(file.write(bytes, 0));
    EXPECT_NO_ALLOCATION(file.write(bytes, 10'000'000));
    EXPECT_NO_ALLOCATION(file.write(from, 0));
    EXPECT_NO_ALLOCATION(file.truncate(100'000));
    EXPECT_NO_ALLOCATION(file.update_map());
    EXPECT_NO_ALLOCATION(file.reserve(1 << 30));
    EXPECT_NO_ALLOCATION(file.close());
  }
}

TEST_F(Allocation, NoneWhereWhatIsMappedIsNotThere) {
  auto plain =
      take(file_handle::file(dir, name_, {.mode = mode::write, .creation = creation::if_needed}));
  take(plain.truncate(100'000));
  auto file = take(mapped_file_handle::mapped_file(dir, name_, {.mode = mode::write},
                                                   {.access = mapped_access::guarded}));
  take(plain.truncate(0));
  std::array<std::byte, 10> bytes{};
  EXPECT_NO_ALLOCATION(failed_with(file.read(buffer(bytes), 0), EFAULT));
  EXPECT_NO_ALLOCATION(file.write(bytes, 50'000));
}

TEST_F(Allocation, NoneToLookAtMemory) {
  const auto map = take(map_handle::map(take(section_handle::section(100'000)),
                                        {.flags = map_flags::cow | map_flags::prefault}));
  std::array<extent, 10> runs;
  std::array<std::uint64_t, 10> sizes;
  EXPECT_NO_ALLOCATION(page_map::open());
  const auto own = take(page_map::open());
  EXPECT_NO_ALLOCATION(own.copied(map, {0, 100'000}, runs));
  EXPECT_NO_ALLOCATION(page_sizes(sizes));
  EXPECT_NO_ALLOCATION(memory_usage_now());
}

TEST_F(Allocation, NoneForALease) {
  auto file =
      take(file_handle::file(dir, name_, {.mode = mode::write, .creation = creation::if_needed}));
  EXPECT_NO_ALLOCATION(file.try_lease(lease::write));
  EXPECT_NO_ALLOCATION(file.holds_lease(lease::write));
  EXPECT_NO_ALLOCATION(file.drop_lease());
  EXPECT_NO_ALLOCATION(file.drop_lease());
  const auto another = take(file_handle::file(dir, name_));
  EXPECT_NO_ALLOCATION(file.try_lease(lease::write));
}

TEST_F(Allocation, NoneForALock) {
  auto file =
      take(file_handle::file(dir, name_, {.mode = mode::write, .creation = creation::if_needed}));
  auto another = take(file.clone(mode::write, caching::all));
  EXPECT_NO_ALLOCATION(file.lock_file(lock_kind::exclusive));
  EXPECT_NO_ALLOCATION(file.lock_file(lock_kind::exclusive, deadline::in(0s)));
  EXPECT_NO_ALLOCATION(file.lock_file_range({1, 2}, lock_kind::shared, deadline::in(1s)));
  auto held = take(file.lock_file_range({1, 2}, lock_kind::exclusive));
  EXPECT_NO_ALLOCATION(!another.lock_file(lock_kind::shared, deadline::in(0s)))
      << "an error about no name";
  EXPECT_NO_ALLOCATION(!another.lock_file(lock_kind::shared, deadline::in(5ms)));
  EXPECT_NO_ALLOCATION(held.unlock());
}

TEST_F(Allocation, NoneToListADirectory) {
  for (int i = 0; i < 100; ++i) {
    take(dir.create_directory(leaf((longest_.substr(0, 250) + std::to_string(i)).c_str())));
  }
  std::array<std::uint64_t, 1024> buffer;
  EXPECT_NO_ALLOCATION(directory_handle::directory(dir));
  EXPECT_NO_ALLOCATION(directory_handle::directory(dir, path_view()));
  const auto directory = take(directory_handle::directory(dir));
  std::size_t count = 0;
  const auto list = [&] {
    for (;;) {
      const auto part = directory.read(std::as_writable_bytes(std::span(buffer)));
      if (!part) return false;
      if (part.assume_value().at_end()) return true;
      for (const directory_entry& entry : part.assume_value()) {
        count += entry.name.view().size() > 250 ? 1 : 0;
      }
    }
  };
  EXPECT_NO_ALLOCATION(list());
  EXPECT_EQ(count, 100U);
  EXPECT_NO_ALLOCATION(directory.seek(0));
  EXPECT_NO_ALLOCATION(directory.barrier());
}

TEST_F(Allocation, NoneToLook) {
  std::array<char, 4096> path;
  stat_t s;
  take(dir.create_directory(name_));
  EXPECT_NO_ALLOCATION(dir.stat());
  EXPECT_NO_ALLOCATION(dir.identity());
  EXPECT_NO_ALLOCATION(dir.statfs());
  EXPECT_NO_ALLOCATION(s.stamp(dir, name_));
  EXPECT_NO_ALLOCATION(dir.current_path(path));
  EXPECT_NO_ALLOCATION(path_handle::path(dir, name_));
  EXPECT_NO_ALLOCATION(path_handle::path(dir, path_view(longest_)));
  EXPECT_NO_ALLOCATION(dir.clone());
  const auto sub = take(path_handle::path(dir, name_));
  EXPECT_NO_ALLOCATION(sub.locate());
}

TEST_F(Allocation, NoneToChangeNames) {
  const auto make = [&](leaf_name name) {
    return take(
        file_handle::file(dir, name, {.mode = mode::write, .creation = creation::if_needed}));
  };
  const auto file = make(name_);
  EXPECT_NO_ALLOCATION(file.relink(dir, name_, dir, other_name_));
  EXPECT_NO_ALLOCATION(file.relink(dir, other_name_, dir, name_, replace::yes));
  (void)make(other_name_);
  EXPECT_NO_ALLOCATION(file.relink(dir, name_, dir, other_name_, replace::exchange));
  EXPECT_NO_ALLOCATION(file.relink(dir, other_name_, dir, name_, replace::yes));
  EXPECT_NO_ALLOCATION(file.link(dir, other_name_));
  EXPECT_NO_ALLOCATION(file.relink(dir, other_name_, dir, name_, replace::yes));
  EXPECT_NO_ALLOCATION(file.set_mode(0640));
  EXPECT_NO_ALLOCATION(file.unlink(dir, name_));
  (void)make(name_);
  EXPECT_NO_ALLOCATION(dir.rename(name_, dir, other_name_, replace::no));
  EXPECT_NO_ALLOCATION(dir.set_mode(other_name_, 0640));
  EXPECT_NO_ALLOCATION(dir.unlink(other_name_));
  EXPECT_NO_ALLOCATION(dir.create_directory(name_));
  EXPECT_NO_ALLOCATION(dir.remove_directory(name_));
  EXPECT_NO_ALLOCATION(symlink_handle::create(dir, name_, longest_));
  EXPECT_NO_ALLOCATION(symlink_handle::symlink(dir, name_));
  EXPECT_NO_ALLOCATION(random_name());
  EXPECT_NO_ALLOCATION(leaf_buffer::from(longest_));
  EXPECT_NO_ALLOCATION(leaf_name::from(longest_.c_str()));
}

TEST_F(Allocation, NoneForExtendedAttributes) {
  const auto file =
      take(file_handle::file(dir, name_, {.mode = mode::write, .creation = creation::if_needed}));
  std::array<std::byte, 64> value{};
  std::array<char, 1024> names;
  if (failed_with(file.set_attribute("user.probe", value), ENOTSUP))
    GTEST_SKIP() << "this file system has no user attributes"; // tmpfs before Linux 6.6
  EXPECT_NO_ALLOCATION(file.set_attribute("user.a-name-that-is-not-short-at-all", value));
  EXPECT_NO_ALLOCATION(file.get_attribute("user.a-name-that-is-not-short-at-all", value));
  EXPECT_NO_ALLOCATION(file.list_attributes(names));
  EXPECT_NO_ALLOCATION(dir.find_attribute(name_, "user.none", value));
  EXPECT_NO_ALLOCATION(file.remove_attribute("user.a-name-that-is-not-short-at-all"));
}

TEST_F(Allocation, NoneWhereAnOlderKernelNeedsAnotherCall) {
  auto file =
      take(file_handle::file(dir, name_, {.mode = mode::write, .creation = creation::if_needed}));
  const auto under = [](call which, int native, auto act) {
    const armed now({.which = which, .native = native});
    return allocates_nothing(act);
  };
  EXPECT_TRUE(under(call::openat2, EPERM, [&] { return file_handle::file(dir, name_); }));
  EXPECT_TRUE(under(call::fchmodat2, ENOSYS, [&] { return dir.set_mode(name_, 0600); }));
  EXPECT_TRUE(under(call::linkat, ENOENT, [&] { return file.link(dir, other_name_); }));
  EXPECT_TRUE(under(call::fallocate, EOPNOTSUPP, [&] { return file.zero({0, 100}); }));
  const auto map = take(map_handle::map(take(section_handle::section(100'000)),
                                        {.flags = map_flags::cow | map_flags::prefault}));
  const auto own = take(page_map::open());
  std::array<extent, 10> runs;
  EXPECT_TRUE(under(call::ioctl, ENOTTY, [&] { return own.copied(map, {0, 100'000}, runs); }));
}

TEST_F(Allocation, WithoutMemoryAnErrorKeepsAllButTheName) {
  testing::may_allocate = [](std::uint64_t) noexcept { return !memory_is_short; };
  memory_is_short = true;
  const auto missing = dir.unlink(leaf("missing"));
  const error copy = missing.assume_error();
  memory_is_short = false;
  EXPECT_TRUE(failed_with(missing, ENOENT));
  EXPECT_EQ(copy.native(), ENOENT);
  EXPECT_EQ(copy.origin(), call::unlinkat);
  EXPECT_EQ(copy.name(), "");
}

} // namespace
} // namespace afio::unit
