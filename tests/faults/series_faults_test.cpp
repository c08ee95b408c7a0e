// afio-clone --series is killed, fails and loses its power at each of its system calls: what has
// the name of a clone is complete, always. AFIO_SERIES_STEP and AFIO_POWER_CUTS say how many of
// them.
#include "tests/algorithms/picture.hpp"
#include "tests/race/pace.hpp"
#include "tests/support/failed.hpp"
#include "tests/support/mounts.hpp"
#include "tests/support/own_mounts.hpp" // Else others' namespaces may keep a file system mounted.
#include "tests/support/scratch.hpp"
#include "tests/support/subprocess.hpp"
#include "tests/support/supervisor.hpp"
#include "tests/support/tree.hpp"
#include "tests/support/unique_fd.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace afio::testing {
namespace {

namespace fs = std::filesystem;
using picture = std::map<std::string, std::string>;

std::uint64_t number_in(const char* name, std::uint64_t otherwise) {
  const char* given = std::getenv(name);
  return given != nullptr ? std::stoull(given) : otherwise;
}

constexpr const char* first_state = R"(
  f d/a 9000
  f d/b 100 0600
  h d/e/c = d/a
  f d/e/gone 5000
  f changed 70000
  f mode 10 0644
  l l -> d/a
  p p
  d empty 0700
)";

/// A source that has changed since its first clone, and a series with that.
class backup {
public:
  explicit backup(fs::path on) : on_(std::move(on)) {}

  /// Makes both anew, durably.
  void begin() {
    for (const fs::path& old : {source(), series()}) {
      if (fs::exists(old)) remove_by_force(old);
    }
    fs::create_directory(series());
    make_tree(source(), first_state);
    const auto made = run(tool({}));
    if (!made.exited_with(0)) throw std::runtime_error("no first clone: " + describe(made));
    for (const auto& entry : fs::directory_iterator(series())) {
      // As of long ago, so that the next one need not wait for another second.
      if (entry.path().filename().string().starts_with("2")) fs::rename(entry.path(), first());
    }
    first_ = unit::picture_of(first());
    fs::remove(source() / "d/e/gone");
    make_tree(source(), "f d/new 6000");
    std::ofstream(source() / "changed") << "other";
    fs::permissions(source() / "mode", fs::perms(0600));
    now_ = unit::picture_of(source());
    const unique_fd here(checked(::open(on_.c_str(), O_RDONLY | O_CLOEXEC), on_));
    checked(::syncfs(here.get()), on_);
  }

  program tool(const std::vector<std::string>& options) const {
    const char* clone = std::getenv("AFIO_CLONE");
    program command{{fs::absolute(clone), "--series", series(), source(), "-j1"}};
    command.arguments.insert(command.arguments.end(), options.begin(), options.end());
    return command;
  }

  /// Empty, or what is wrong.
  std::string look(bool may_lose_first) const {
    std::string wrong;
    bool has_first = false, has_second = false;
    for (const auto& entry : fs::directory_iterator(series())) {
      const std::string name = entry.path().filename();
      if (name.starts_with(".afio-")) continue;
      const bool is_first = entry.path() == first();
      (is_first ? has_first : has_second) = true;
      if (unit::picture_of(entry.path()) != (is_first ? first_ : now_))
        wrong += name + " is not what was cloned\n";
    }
    const bool kept = has_first || (may_lose_first && has_second);
    if (!kept) wrong += "the first clone is gone\n";
    if (unit::picture_of(source()) != now_) wrong += "the source is another\n";
    return wrong;
  }

  /// Whether one more run mends all.
  bool completes() const {
    if (!run(tool({})).exited_with(0)) return false;
    fs::path last;
    for (const auto& entry : fs::directory_iterator(series())) {
      const std::string name = entry.path().filename();
      if (name.size() > 30 && name.starts_with(".afio-")) return false; // Somebody's leftover.
      if (name.starts_with("2") && entry.path() > last) last = entry.path();
    }
    return unit::picture_of(last) == now_;
  }

  fs::path source() const { return on_ / "source"; }

  fs::path series() const { return on_ / "series"; }

private:
  fs::path first() const { return series() / "2026-01-01T00:00:00Z"; }

  fs::path on_;
  picture first_, now_;
};

class SeriesFaults : public ::testing::Test {
protected:
  void SetUp() override {
    if (const auto reason = no_supervision(); !reason.empty()) GTEST_SKIP() << reason;
  }

  static std::uint64_t stops_of(backup& here, const program& what) {
    here.begin();
    const auto run = supervise(what, [](const stop&) { return action::continue_it(); });
    EXPECT_TRUE(run.exited_with(0)) << describe(run);
    return run.stops;
  }

  static std::uint64_t step(std::uint64_t quick) {
    return number_in("AFIO_SERIES_STEP", quick * quick_step(5));
  }

  scratch_directory scratch;
};

TEST_F(SeriesFaults, AKillLeavesCompleteClonesOnly) {
  backup here(scratch.path());
  const program what = here.tool({"--keep", "1"});
  const std::uint64_t stops = stops_of(here, what);
  std::uint64_t runs = 0;
  for (std::uint64_t number = 1; number <= stops; number += step(13)) {
    here.begin();
    const auto run = supervise(what, [&](const stop& s) {
      return s.ordinal == number ? action::kill() : action::continue_it();
    });
    ASSERT_TRUE(run.killed_at) << describe(run);
    ++runs;
    EXPECT_EQ(here.look(true), "") << "killed at " << number << ": " << run.last_stop;
    EXPECT_TRUE(here.completes()) << "killed at " << number;
  }
  std::printf("killed at %llu of %llu calls\n", static_cast<unsigned long long>(runs),
              static_cast<unsigned long long>(stops));
}

TEST_F(SeriesFaults, ACallThatFailsLeavesCompleteClonesOnly) {
  backup here(scratch.path());
  const program what = here.tool({"--keep", "1"});
  const std::uint64_t stops = stops_of(here, what);
  constexpr std::array<int, 4> errors = {EIO, ENOSPC, EACCES, EMFILE};
  std::uint64_t runs = 0, reported = 0;
  for (std::uint64_t number = 1; number <= stops; number += step(13)) {
    here.begin();
    std::string failed;
    const auto run = supervise(what, [&](const stop& s) {
      if (s.ordinal != number) return action::continue_it();
      failed = s.call.name;
      return action::fail_with(errors[number % errors.size()]);
    });
    ++runs;
    reported += run.exit_code != 0;
    EXPECT_FALSE(run.hung) << describe(run);
    // A clone without an entry that could not be read, or without its time, which was told, is one.
    const bool told = run.exit_code != 0 || !run.errors.empty();
    const std::string wrong = here.look(true);
    EXPECT_TRUE(wrong.empty() || (told && wrong.find("first") == wrong.npos))
        << failed << " failed at " << number << ": " << wrong << describe(run);
    EXPECT_TRUE(here.completes()) << failed << " failed at " << number;
  }
  EXPECT_GT(reported, 0U);
  std::printf("failed at %llu of %llu calls, %llu told\n", static_cast<unsigned long long>(runs),
              static_cast<unsigned long long>(stops), static_cast<unsigned long long>(reported));
}

class SeriesPowerCut : public SeriesFaults, public ::testing::WithParamInterface<file_system> {};

INSTANTIATE_TEST_SUITE_P(Kinds, SeriesPowerCut,
                         ::testing::Values(file_system::ext4, file_system::xfs),
                         [](const auto& one) { return name_of(one.param); });

TEST_P(SeriesPowerCut, LeavesCompleteClonesOnly) {
  loop_fs fs(GetParam());
  if (!fs) GTEST_SKIP() << fs.why_not();
  backup here(fs.path());
  const program what = here.tool({"--keep", "1"});
  const std::uint64_t stops = stops_of(here, what);
  const std::uint64_t cuts = number_in("AFIO_POWER_CUTS", 12);
  std::uint64_t second = 0;
  for (std::uint64_t n = 0; n < cuts; ++n) {
    const std::uint64_t number = 1 + n * stops / cuts;
    here.begin();
    const auto run = supervise(what, [&](const stop& s) {
      if (s.ordinal != number) return action::continue_it();
      fs.cut_power();
      return action::kill();
    });
    ASSERT_TRUE(run.killed_at) << describe(run);
    fs.start_again();
    EXPECT_EQ(here.look(true), "") << "cut at " << number << ": " << run.last_stop;
    EXPECT_TRUE(here.completes()) << "cut at " << number;
    ++second;
  }
  EXPECT_EQ(second, cuts);
  std::printf("%s: %llu cuts at %llu calls\n", name_of(GetParam()),
              static_cast<unsigned long long>(cuts), static_cast<unsigned long long>(stops));
}

} // namespace
} // namespace afio::testing
