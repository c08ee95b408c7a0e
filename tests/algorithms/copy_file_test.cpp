// One file: by each way, over what has its name, and with each call failing.
#include "algorithms/copy_file/copy_file.hpp"
#include "tests/afio/per_file_system.hpp"
#include "tests/afio/scene.hpp"
#include "tests/support/content.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <set>
#include <string>

#include <fcntl.h>
#include <unistd.h>

namespace afio::unit {
namespace {

using namespace algorithms;
namespace fs = std::filesystem;

using testing::content_of;

struct deaf final : loss_listener {
  void lost(aspect, const error&) noexcept override {}
};

class CopyFile : public per_file_system {
protected:
  result<copied_file> copy(const char* from, const char* to,
                           const copy_file_options& options = {}) {
    deaf told;
    return copy_file(dir, leaf(from), dir, leaf(to), options, told);
  }

  std::set<std::string> names() const { return names_in(scratch->path()); }
};

INSTANTIATE_TEST_SUITE_P(Kinds, CopyFile, all_kinds(), kind_of);

const copy_file_options no_sharing{.reflink = reflink::never};

TEST_P(CopyFile, SharesBlocksWhereTheFileSystemCan) {
  make("f f 400000");
  EXPECT_EQ(take(copy("f", "t")).how == copied_by::sharing, shares());
  EXPECT_EQ(content_of(at("t")), content_of(at("f")));
}

TEST_P(CopyFile, GoesThroughABufferWhereTheKernelRefuses) {
  make("f f 1048577");
  const armed refused({.which = call::copy_file_range,
                       .repeats = detail::fault::repeat::for_ever,
                       .native = EXDEV});
  EXPECT_EQ(take(copy("f", "t", no_sharing)).how, copied_by::buffer);
  EXPECT_EQ(content_of(at("t")), content_of(at("f")));
}

TEST_P(CopyFile, CopiesNothingButRegularFiles) {
  make("d d\n l l -> f\n p p\n s s\n f f 3");
  EXPECT_TRUE(failed_with(copy("d", "t"), EISDIR));
  EXPECT_TRUE(failed_with(copy("l", "t"), ELOOP));
  EXPECT_TRUE(failed_with(copy("p", "t"), EINVAL));
  EXPECT_TRUE(failed_with(copy("s", "t"), EINVAL));
  EXPECT_TRUE(failed_with(copy("none", "t"), ENOENT));
  EXPECT_TRUE(failed_with(copy("f", "d"), EISDIR));
  EXPECT_EQ(names(), (std::set<std::string>{"d", "f", "l", "p", "s"}));
}

// A sysfs file says that it has a page, and no blocks.
TEST_P(CopyFile, OfAFileThatIsMadeUpTakesWhatCanBeRead) {
  const fs::path made_up = "/sys/devices/system/cpu/online";
  if (!fs::exists(made_up)) GTEST_SKIP() << "there is no " << made_up;
  const path_handle cpus = anchor(made_up.parent_path());
  deaf told;
  const copy_file_options verified{.verify = copy_file_options::verify::contents};
  EXPECT_TRUE(succeeded(copy_file(cpus, leaf("online"), dir, leaf("t"), verified, told)));
  EXPECT_EQ(content_of(at("t")), content_of(made_up));
}

TEST_P(CopyFile, ReplacesASymlinkAndNotWhatItNames) {
  make("f f 10\n f victim 4\n l t -> victim");
  const std::string before = content_of(at("victim"));
  EXPECT_TRUE(take(copy("f", "t")).replaced);
  EXPECT_FALSE(fs::is_symlink(at("t")));
  EXPECT_EQ(content_of(at("t")), content_of(at("f")));
  EXPECT_EQ(content_of(at("victim")), before);
}

/// Writes to the file without a name that is open in the directory.
void spoil_the_copy(const fs::path& in) {
  for (const auto& open : fs::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const std::string target = fs::read_symlink(open.path(), gone);
    if (!target.starts_with(in.native()) || !target.ends_with("(deleted)")) continue;
    const int fd = ::open(open.path().c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0) continue;
    (void)!::pwrite(fd, "\xff\xfe", 2, 0);
    ::close(fd);
  }
}

TEST_P(CopyFile, VerifyFindsADifferenceAndPublishesNothing) {
  make("f f 10");
  copy_file_options options = no_sharing;
  options.verify = copy_file_options::verify::contents;
  const just_before verified(call::pread64, 2, [&] { spoil_the_copy(scratch->path()); });
  EXPECT_TRUE(failed_with(copy("f", "t", options), errc::differs));
  EXPECT_EQ(verified.times(), 1);
  EXPECT_EQ(names(), (std::set<std::string>{"f"}));
}

TEST_P(CopyFile, WithoutUnnamedFilesARandomNameDoes) {
  make("f f 10");
  unsigned done = 0;
  for (const call which : {call::openat, call::openat2}) {
    bool met = true; // Until there are no more such calls: one that fails may be the last.
    for (std::uint64_t nth = 1; met; ++nth) {
      bool copied = false;
      {
        const armed none({.which = which, .nth = nth, .native = EOPNOTSUPP});
        copied = copy("f", "t", no_sharing).has_value();
      }
      met = detail::calls_seen(which) >= nth;
      if (copied) {
        EXPECT_EQ(content_of(at("t")), content_of(at("f")));
        if (met) ++done;
        fs::remove(at("t"));
      }
      EXPECT_EQ(names(), (std::set<std::string>{"f"})) << name_of(which) << ' ' << nth;
    }
  }
  EXPECT_GE(done, 1U);
}

TEST_P(CopyFile, WhicheverCallFailsTheNameIsOldOrNewAndNothingIsLeft) {
  make("f f 10\n f old 5");
  const std::string source = content_of(at("f")), old = content_of(at("old"));
  unsigned failed = 0;
  for (const call which : {call::openat, call::openat2, call::statx, call::pread64, call::pwrite64,
                           call::linkat, call::renameat2, call::fchmodat2, call::utimensat,
                           call::flistxattr, call::dup, call::close}) {
    bool met = true; // Until there are no more such calls: one that fails may be the last.
    for (std::uint64_t nth = 1; met; ++nth) {
      fs::copy_file(at("old"), at("t"), fs::copy_options::overwrite_existing);
      bool copied = false;
      {
        const armed broken({.which = which, .nth = nth, .native = EIO});
        copied = copy("f", "t", no_sharing).has_value();
      }
      met = detail::calls_seen(which) >= nth;
      failed += copied ? 0 : 1;
      EXPECT_EQ(content_of(at("t")), copied ? source : old) << name_of(which) << ' ' << nth;
      EXPECT_EQ(names(), (std::set<std::string>{"f", "old", "t"})) << name_of(which) << ' ' << nth;
    }
  }
  EXPECT_GT(failed, 5U);
}

} // namespace
} // namespace afio::unit
