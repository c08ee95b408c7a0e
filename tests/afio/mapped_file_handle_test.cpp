// A file in memory: one truth for reads, writes and maps, and no signal for who asks for none.
#include "afio/mapped_file_handle.hpp"
#include "afio/memory_usage.hpp"
#include "tests/afio/per_file_system.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <string_view>

#include <unistd.h>

namespace afio::unit {
namespace {

const_buffer bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string text_of(const_buffer bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class MappedFile : public per_file_system {
protected:
  mapped_file_handle open(mapping_options options = {}) const {
    return take(mapped_file_handle::mapped_file(
        dir, leaf("f"), {.mode = mode::write, .creation = creation::if_needed}, options));
  }
};

INSTANTIATE_TEST_SUITE_P(Kinds, MappedFile, all_kinds(), kind_of);

TEST_P(MappedFile, WritesGrowTheFileAndReadsPointIntoIt) {
  auto file = open({.reservation = 1 << 20});
  EXPECT_EQ(file.length(), 0U);
  const std::byte* const there = file.address();
  EXPECT_EQ(take(file.write(bytes_of("hello"), 3)), 5U);
  EXPECT_EQ(file.length(), 8U);
  EXPECT_EQ(text_of(file.read(extent{3, 100})), "hello");
  EXPECT_EQ(file.read(extent{3, 5}).data(), there + 3);
  EXPECT_EQ(take(file.write(bytes_of("J"), 3)), 1U);
  char text[8] = {};
  EXPECT_EQ(::pread(file.native().number(), text, 8, 0), 8);
  EXPECT_EQ(std::string_view(text + 3, 5), "Jello");
  take(file.close());
}

TEST_P(MappedFile, FollowsGrowthOnlyWhenAsked) {
  auto file = open();
  auto other = take(file_handle::file(dir, leaf("f"), {.mode = mode::write}));
  const std::string long_text(3 * page_size(), 'x');
  take(other.write(bytes_of(long_text), 0));
  EXPECT_TRUE(file.read(extent{0, 100}).empty());
  EXPECT_EQ(take(file.update_map()), long_text.size());
  EXPECT_EQ(text_of(file.read(extent{0, long_text.size() + 1})), long_text);
}

TEST_P(MappedFile, WhatSomebodyCutsIsAnErrorWhereGuarded) {
  auto file = open({.access = mapped_access::guarded});
  take(file.truncate(4 * page_size()));
  auto other = take(file_handle::file(dir, leaf("f"), {.mode = mode::write}));
  take(other.truncate(page_size()));
  std::byte one[1];
  EXPECT_TRUE(failed_with(file.read(buffer(one), 3 * page_size()), EFAULT));
  EXPECT_EQ(take(file.read(buffer(one), 0)), 1U);
  EXPECT_EQ(take(file.write(bytes_of("again"), 2 * page_size())), 5U);
  EXPECT_EQ(take(other.size()), 2 * page_size() + 5);
}

} // namespace
} // namespace afio::unit
