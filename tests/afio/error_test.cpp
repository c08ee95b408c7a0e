#include "afio/call.hpp"
#include "afio/error.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <set>
#include <string>
#include <utility>

namespace afio {
namespace {

TEST(Error, KeepsTheErrnoTheCallAndTheName) {
  const error e(EACCES, call::unlinkat, "name");
  EXPECT_EQ(e.native(), EACCES);
  EXPECT_EQ(e.origin(), call::unlinkat);
  EXPECT_EQ(e.name(), "name");
  EXPECT_EQ(e.code(), std::error_code(EACCES, std::system_category()));
}

TEST(Error, OfAfiosOwnKeepsTheErrnoBehindIt) {
  const error e(errc::raced, call::statx, "name", EIO);
  EXPECT_EQ(e.code(), make_error_code(errc::raced));
  EXPECT_EQ(e.native(), EIO);
  EXPECT_EQ(error(errc::raced, call::verify).native(), 0);
}

TEST(Error, ComparesWithConditionsOfBothKinds) {
  const error native(ENOENT, call::openat);
  EXPECT_TRUE(native == std::errc::no_such_file_or_directory);
  EXPECT_FALSE(native == std::errc::io_error);
  EXPECT_FALSE(native == errc::raced);

  const error own(errc::raced, call::verify, "", ENOENT);
  EXPECT_TRUE(own == errc::raced);
  EXPECT_FALSE(own == errc::boundary);
  EXPECT_FALSE(own == std::errc::no_such_file_or_directory);
}

TEST(Error, NumberOneIsNotTheErrnoOne) {
  EXPECT_NE(error(EPERM, call::verify).code(), error(errc{EPERM}, call::verify).code());
}

TEST(Error, CopiesOutliveTheOriginal) {
  error copy(0, call::none);
  {
    const error original(EIO, call::preadv, std::string(300, 'x'));
    copy = original;
  }
  const error second = copy;
  EXPECT_EQ(second.name(), std::string(300, 'x'));
  EXPECT_EQ(second.native(), EIO);
  EXPECT_EQ(second.origin(), call::preadv);
}

TEST(Error, SurvivesAssignmentToItself) {
  error e(EIO, call::preadv, "name");
  const error& same = e;
  e = same;
  EXPECT_EQ(e.name(), "name");
}

TEST(Error, MovesItsName) {
  error from(EIO, call::preadv, "name");
  const error to = std::move(from);
  EXPECT_EQ(to.name(), "name");
  EXPECT_EQ(from.name(), ""); // NOLINT: as promised of values, still safe to ask
}

TEST(Error, AboutChangesTheNameAlone) {
  const error native = error(EIO, call::preadv, "leaf").about("path/leaf");
  EXPECT_EQ(native.name(), "path/leaf");
  EXPECT_EQ(native.native(), EIO);
  EXPECT_EQ(native.origin(), call::preadv);

  const error own = error(errc::raced, call::verify, "leaf", ESTALE).about("path/leaf");
  EXPECT_TRUE(own == errc::raced);
  EXPECT_EQ(own.native(), ESTALE);
}

TEST(Error, KeepsTheNameByteForByte) {
  const std::string name("a\n\0\xff", 4);
  EXPECT_EQ(error(EIO, call::preadv, name).name(), name);
}

TEST(Error, CutsANameThatNoPathCanHave) {
  EXPECT_EQ(error(EIO, call::preadv, std::string(70'000, 'x')).name().size(), 65'535U);
}

TEST(Error, SaysWhatFailedToPeople) {
  EXPECT_EQ(error(EPERM, call::unlinkat, "name").message(),
            "unlinkat \"name\": Operation not permitted");
  EXPECT_EQ(error(EIO, call::fsync).message(), "fsync: Input/output error");
  EXPECT_EQ(error(errc::raced, call::verify, "name", ENOENT).message(),
            "verify \"name\": Changed into another file meanwhile (No such file or directory)");
}

TEST(Error, MessageCannotSteerATerminal) {
  EXPECT_EQ(error(EPERM, call::unlinkat, "\x1b[2J").message(),
            "unlinkat \"\\x1b[2J\": Operation not permitted");
}

TEST(Errc, EachHasAMessageOfItsOwn) {
  std::set<std::string> messages;
  for (int i = 1; i <= static_cast<int>(errc::check_failed); ++i) {
    messages.insert(make_error_code(errc{i}).message());
  }
  EXPECT_EQ(messages.size(), static_cast<std::size_t>(errc::check_failed));
  EXPECT_FALSE(messages.contains(make_error_code(errc{0}).message()));
}

TEST(Errc, IsAnErrorCode) {
  const std::error_code code = errc::boundary;
  EXPECT_EQ(code.category(), afio_category());
  EXPECT_STREQ(code.category().name(), "afio");
}

TEST(Call, EachHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (int i = 0; i < static_cast<int>(call::count_); ++i) {
    names.insert(name_of(static_cast<call>(i)));
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(call::count_));
  EXPECT_FALSE(names.contains(""));
  EXPECT_FALSE(names.contains(name_of(static_cast<call>(200))));
}

TEST(Call, IsNamedAsStraceDoes) {
  EXPECT_EQ(name_of(call::openat2), "openat2");
  EXPECT_EQ(name_of(call::copy_file_range), "copy_file_range");
  EXPECT_EQ(name_of(call::fchmodat2), "fchmodat2");
  EXPECT_EQ(name_of(call::unlinkat), "unlinkat");
  EXPECT_EQ(name_of(call::verify), "verify");
}

} // namespace
} // namespace afio
