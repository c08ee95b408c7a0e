#include "cli/common/amounts.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <utility>

namespace afio::cli {
namespace {

TEST(Size, IsANumberWithAUnit) {
  const std::pair<const char*, std::uint64_t> cases[] = {{"0", 0},
                                                         {"4096", 4096},
                                                         {"10B", 10},
                                                         {"64K", 64 << 10},
                                                         {"64k", 64 << 10},
                                                         {"64KiB", 64 << 10},
                                                         {"64kb", 64 << 10},
                                                         {"1M", 1 << 20},
                                                         {"2G", 2ULL << 30},
                                                         {"3T", 3ULL << 40},
                                                         {"16383P", 16383ULL << 50},
                                                         {"18446744073709551615", ~0ULL}};
  for (const auto& [text, bytes] : cases) EXPECT_EQ(parse_size(text), bytes) << text;
}

TEST(Size, IsNothingElse) {
  for (const char* text : {"", " ", "K", "B", "-1", "+1", "1.5K", "1e3", "0x10", "1 K", "1K ",
                           "1KK", "1iK", "1BK", "1KBB", "1X", "18446744073709551616", "16384P"})
    EXPECT_FALSE(parse_size(text)) << text;
}

} // namespace
} // namespace afio::cli
