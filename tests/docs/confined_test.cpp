#include "tests/docs/confined.hpp"

#include <gtest/gtest.h>

namespace afio::testing {
namespace {

TEST(Confined, AbsolutePathsAreBelowTheRoot) {
  for (const auto& [written, run] : {
           std::pair("rm /home/a b/c", "rm /R/home/a b/c"),
           std::pair("/usr/bin/x '/etc' \"/etc\"", "/R/usr/bin/x '/R/etc' \"/R/etc\""),
           std::pair("x --to=/etc >/etc/x </y", "x --to=/R/etc >/R/etc/x </R/y"),
           std::pair("x;/y|/z&&/w\n/v", "x;/R/y|/R/z&&/R/w\n/R/v"),
           std::pair("cp {/a,/b} $(ls /c)", "cp {/R/a,/R/b} $(ls /R/c)"),
           std::pair("rm -rf /", "rm -rf /R/"),
           std::pair("P=a:/b //c", "P=a:/R/b /R//c"),
           std::pair("''/etc \"$x\"/etc", "''/R/etc \"$x\"/R/etc"),
           std::pair("\\/etc", "\\/R/etc"),
           std::pair("x >/dev/null 2>/dev/null", "x >/dev/null 2>/dev/null"),
           std::pair("x >/dev/nullx /dev/null/x", "x >/R/dev/nullx /R/dev/null/x"),
           std::pair("a/b */c ~/d ./e x?/f [a-z]/g", "a/b */c ~/d ./e x?/f [a-z]/g"),
           std::pair("--exclude '/build/' --include=/x /y",
                     "--exclude '/build/' --include=/x /R/y"),
           std::pair("a..b {1..9}", "a..b {1..9}"),
       }) {
    EXPECT_EQ(confined(written, "/R"), run);
  }
}

TEST(Confined, WhatMayLeadOutIsRefused) {
  for (const char* written :
       {"cd ..", "rm ../x", "rm a/..", "rm a/../..", "ls ~root/x", "ls ~+/x", "rm $x/y",
        "rm ${x}/y", "rm $(x)/y", "rm `x`/y", "rm x$empty_1/y", "..", "x=.. y"}) {
    EXPECT_THROW(confined(written, "/R"), std::runtime_error) << written;
  }
}

} // namespace
} // namespace afio::testing
