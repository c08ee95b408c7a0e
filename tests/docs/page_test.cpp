#include "tests/docs/page.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace afio::testing {
namespace {

TEST(Page, BlocksHaveWhatIsSaidBeforeThem) {
  const auto found = blocks_in("# A\n\n```sh\nx\ny\n```\n```\nprinted\n```\n"
                               "<!-- setup: mkdir a\ntouch b -->\n\n```console\n$ z\n```\n"
                               "<!-- not run: needs cron -->\n<!-- afresh: c -->\n```sh\n```\n"
                               "[p.cpp](q/p.cpp):\n\n```cpp\nint\n```\n"
                               "<!-- part of: q/r.cpp -->\n```cpp\n```\n<!-- else -->\n");
  ASSERT_EQ(found.size(), 6U);
  EXPECT_EQ(found[0].info, "sh");
  EXPECT_EQ(found[0].text, "x\ny\n");
  EXPECT_EQ(found[0].line, 3U);
  EXPECT_EQ(found[1].info, "");
  EXPECT_EQ(found[1].text, "printed\n");
  EXPECT_EQ(found[2].setup, "mkdir a\ntouch b");
  EXPECT_FALSE(found[2].afresh);
  EXPECT_EQ(found[3].not_run, "needs cron");
  EXPECT_EQ(found[3].setup, "c");
  EXPECT_TRUE(found[3].afresh);
  EXPECT_EQ(found[4].file, "q/p.cpp");
  EXPECT_EQ(found[5].part_of, "q/r.cpp");
  EXPECT_EQ(found[5].file, "");
}

TEST(Page, WhatIsSaidAboutNothingIsAnError) {
  EXPECT_THROW(blocks_in("<!-- setup: x -->\ntext\n```sh\n```\n"), std::runtime_error);
  EXPECT_THROW(blocks_in("<!-- not run: x -->\n"), std::runtime_error);
  EXPECT_THROW(blocks_in("<!-- setup: x\n"), std::runtime_error);
  EXPECT_THROW(blocks_in("```sh\nx\n"), std::runtime_error);
}

TEST(Page, NoBlockIsOverlooked) {
  EXPECT_THROW(blocks_in("- x\n  ```sh\n  y\n  ```\n"), std::runtime_error);
  EXPECT_THROW(blocks_in("~~~sh\ny\n~~~\n"), std::runtime_error);
}

} // namespace
} // namespace afio::testing
