// afio-clone --series is killed at each of its calls, its calls fail, and the power does: whatever
// has a name of the series is a complete clone, and the next run makes all well. AFIO_POWER_CUTS
// says how often the power fails, AFIO_STEP how many calls to go on by.
#include "tests/algorithms/picture.hpp"
#include "tests/faults/power_cut.hpp"
#include "tests/support/mounts.hpp"
#include "tests/support/own_mounts.hpp" // Else others' namespaces may keep a file system mounted.
#include "tests/support/pace.hpp"
#include "tests/support/scratch.hpp"
#include "tests/support/subprocess.hpp"
#include "tests/support/supervisor.hpp"
#include "tests/support/tree.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>

namespace afio::testing {
namespace {

namespace fs = std::filesystem;

std::uint64_t number(const char* variable, std::uint64_t otherwise) {
  const char* given = std::getenv(variable);
  return given != nullptr ? std::stoull(given) : otherwise;
}

using picture = std::map<std::string, std::string>;
using unit::picture_of;

constexpr const char* first = "2020-01-01T00:00:00Z";
constexpr const char* second = "2020-01-02T00:00:00Z";

/// A source, and a series in which two clones of it have been made.
class backup {
public:
  explicit backup(const fs::path& in) : series_(in / "series") {
    const fs::path s = source();
    make_tree(s,
              "d empty 0700\n f d/same 5000\n f d/e/changes 9000 0600\n f goes 10\n l l -> d\n p "
              "p\n h d/again = d/same");
    fs::create_directory(series_);
    make_old(first);
    std::ofstream(s / "d/e/changes") << "another text";
    make_tree(s, "f of-the-second 700");
    make_old(second);
    std::ofstream(s / "d/e/changes") << "a third text";
    fs::remove(s / "goes");
    make_tree(s, "f new 20000\n f d/new/er 3 0640");
    wanted_ = picture_of(s);
  }

  /// Clones, and lets the newest two stay.
  program clone() const {
    return {.arguments = {fs::absolute(std::getenv("AFIO_CLONE")).string(), "-j1", "--keep=2",
                          "--series", series_.string(), source().string()}};
  }

  supervision counted() const {
    return {.count_from = series_.filename(), .streams = supervision::streams::stopped_at};
  }

  /// What is wrong with what has a name of the series; empty if nothing is.
  std::string damage() const {
    std::string text;
    for (const auto& entry : fs::directory_iterator(series_)) {
      const std::string name = entry.path().filename();
      if (name.starts_with(".afio-")) continue;
      const auto old = old_.find(name);
      const picture& expected = old != old_.end() ? old->second : wanted_;
      if (picture_of(entry.path()) != expected) text += name + " is not what it shall be\n";
    }
    const bool no_clone = !has(first) && !has(second) && !has_new();
    const bool too_early = !has(first) && !has_new();
    if (no_clone || too_early || !has(second)) text += "a clone that shall stay is gone\n";
    if (picture_of(source()) != wanted_) text += "the source is another\n";
    return text;
  }

  bool has(const char* name) const { return fs::exists(series_ / name); }

  bool has_new() const {
    for (const auto& entry : fs::directory_iterator(series_)) {
      const std::string name = entry.path().filename();
      if (!name.starts_with('.') && !old_.contains(name)) return true;
    }
    return false;
  }

  bool has_leftovers() const {
    for (const auto& entry : fs::directory_iterator(series_)) {
      const std::string name = entry.path().filename();
      if (name.starts_with(".afio-") && !name.starts_with(".afio-series.")) return true;
    }
    return false;
  }

  /// What is wrong after one more run that nothing disturbs.
  std::string damage_after_another_run() {
    set_back();
    const auto again = run(clone());
    if (!again.exited_with(0)) return describe(again);
    std::string text;
    std::size_t clones = 0;
    for (const auto& entry : fs::directory_iterator(series_)) {
      const std::string name = entry.path().filename();
      if (name.starts_with('.')) continue;
      ++clones;
      const bool is_old = name.starts_with("2020");
      if (!is_old && picture_of(entry.path()) != wanted_) text += name + " is not the source\n";
    }
    if (clones != 2) text += std::to_string(clones) + " clones\n";
    if (has_leftovers()) text += "leftovers\n";
    return text;
  }

private:
  fs::path source() const { return source_.path() / "s"; }

  /// A clone that was just made gets an old name: the next one need not wait for a new second.
  void set_back() const {
    for (const auto& entry : fs::directory_iterator(series_)) {
      const std::string now = entry.path().filename();
      if (!now.starts_with('.') && !old_.contains(now))
        fs::rename(entry, series_ / "2020-01-03T00:00:00Z");
    }
  }

  void make_old(const char* name) {
    program what = clone();
    what.arguments[2] = "--keep=9";
    const auto made = run(what);
    if (!made.exited_with(0)) throw std::runtime_error(describe(made));
    for (const auto& entry : fs::directory_iterator(series_)) {
      const std::string now = entry.path().filename();
      if (!now.starts_with('.') && !now.starts_with("2020")) fs::rename(entry, series_ / name);
    }
    old_.emplace(name, picture_of(series_ / name));
  }

  scratch_directory source_;
  fs::path series_;
  std::map<std::string, picture> old_;
  picture wanted_;
};

class SeriesFaults : public ::testing::Test {
protected:
  void SetUp() override {
    if (const auto reason = no_supervision(); !reason.empty()) GTEST_SKIP() << reason;
  }

  static std::uint64_t stops() {
    const scratch_directory scratch;
    const backup b(scratch.path());
    const auto run = supervise(
        b.clone(), [](const stop&) { return action::continue_it(); }, b.counted());
    EXPECT_TRUE(run.exited_with(0)) << describe(run);
    EXPECT_EQ(b.damage(), "");
    EXPECT_FALSE(b.has(first));
    return run.stops;
  }

  static std::uint64_t step(std::uint64_t quick) { return number("AFIO_STEP", quick); }
};

TEST_F(SeriesFaults, AKillLeavesOnlyCompleteClones) {
  std::uint64_t published = 0, leftovers = 0, superseded = 0, runs = 0;
  const std::uint64_t all = stops();
  for (std::uint64_t n = 1; n <= all; n += step(quick_step(11))) {
    SCOPED_TRACE("killed at stop " + std::to_string(n) + " of " + std::to_string(all));
    const scratch_directory scratch;
    backup b(scratch.path());
    const stop_handler handler = [n](const stop& here) {
      return here.ordinal == n ? action::kill() : action::continue_it();
    };
    const auto run = supervise(b.clone(), handler, b.counted());
    ASSERT_TRUE(run.killed_at) << describe(run);
    ++runs;
    EXPECT_EQ(b.damage(), "") << run.last_stop;
    published += b.has_new() ? 1 : 0;
    leftovers += b.has_leftovers() ? 1 : 0;
    superseded += b.has(first) ? 0 : 1;
    EXPECT_EQ(b.damage_after_another_run(), "") << run.last_stop;
  }
  std::printf("killed %llu times: %llu published, %llu leftovers, %llu superseded\n",
              static_cast<unsigned long long>(runs), static_cast<unsigned long long>(published),
              static_cast<unsigned long long>(leftovers),
              static_cast<unsigned long long>(superseded));
  EXPECT_GT(published, 0U);
  EXPECT_LT(published, runs);
  EXPECT_GT(leftovers, 0U);
  EXPECT_GT(superseded, 0U);
}

TEST_F(SeriesFaults, ACallThatFailsTouchesNoOldClone) {
  std::uint64_t told = 0, runs = 0;
  const std::uint64_t all = stops();
  for (const int error : {EIO, ENOSPC, EACCES, EMFILE}) {
    for (std::uint64_t n = 1 + static_cast<std::uint64_t>(error) % 3; n <= all;
         n += step(3 * quick_step(11))) {
      SCOPED_TRACE("errno " + std::to_string(error) + " at stop " + std::to_string(n));
      const scratch_directory scratch;
      backup b(scratch.path());
      std::string failed;
      const stop_handler handler = [&](const stop& here) {
        if (here.ordinal != n) return action::continue_it();
        failed = here.call.name;
        return action::fail_with(error);
      };
      const auto run = supervise(b.clone(), handler, b.counted());
      ++runs;
      EXPECT_FALSE(run.hung || run.signal != 0) << failed << describe(run);
      told += run.exit_code != 0 ? 1 : 0;
      // What could not be cloned or kept was said; if not cloned, nothing is superseded.
      const bool complete = run.errors.empty() || !b.has_new();
      EXPECT_EQ(complete ? b.damage() : "", "") << failed << describe(run);
      const bool not_kept = run.errors.find("cannot keep") != std::string::npos;
      EXPECT_TRUE(b.has(second));
      EXPECT_TRUE(b.has(first) || not_kept || b.damage().empty()) << failed << describe(run);
      EXPECT_EQ(b.damage_after_another_run(), "") << failed << describe(run);
    }
  }
  std::printf("%llu calls failed, %llu told\n", static_cast<unsigned long long>(runs),
              static_cast<unsigned long long>(told));
  EXPECT_GT(told, runs / 4);
  EXPECT_LT(told, runs);
}

class SeriesPowerCut : public ::testing::TestWithParam<file_system> {
protected:
  void SetUp() override {
    if (const auto reason = no_supervision(); !reason.empty()) GTEST_SKIP() << reason;
    if (const loop_fs fs(GetParam()); !fs) GTEST_SKIP() << fs.why_not();
  }
};

INSTANTIATE_TEST_SUITE_P(Kinds, SeriesPowerCut,
                         ::testing::Values(file_system::ext4, file_system::xfs),
                         [](const auto& one) { return name_of(one.param); });

TEST_P(SeriesPowerCut, LeavesOnlyCompleteClones) {
  const std::uint64_t cuts = number("AFIO_POWER_CUTS", 200 / quick_step(8));
  loop_fs disk(GetParam());
  std::uint64_t published = 0, superseded = 0, stops = 0;
  for (std::uint64_t cut = 0; cut <= cuts; ++cut) {
    const fs::path place = disk / "place";
    fs::create_directory(place);
    backup b(place);
    make_durable(disk.path());
    const std::uint64_t n = cut == 0 ? 0 : 1 + (cut - 1) * stops / cuts;
    SCOPED_TRACE("cut at stop " + std::to_string(n) + " of " + std::to_string(stops));
    const stop_handler handler = [&](const stop& here) {
      if (here.ordinal != n) return action::continue_it();
      make_a_file_durable(disk / "bystander");
      disk.cut_power();
      return action::kill();
    };
    const auto run = supervise(b.clone(), handler, b.counted());
    if (cut == 0) {
      stops = run.stops; // The first one is undisturbed.
    } else {
      ASSERT_TRUE(run.killed_at) << describe(run);
      disk.start_again();
      EXPECT_EQ(b.damage(), "") << run.last_stop;
      published += b.has_new() ? 1 : 0;
      superseded += b.has(first) ? 0 : 1;
      EXPECT_EQ(b.damage_after_another_run(), "") << run.last_stop;
    }
    remove_by_force(place);
  }
  std::printf("%s: %llu cuts: %llu published, %llu superseded\n", name_of(GetParam()),
              static_cast<unsigned long long>(cuts), static_cast<unsigned long long>(published),
              static_cast<unsigned long long>(superseded));
  EXPECT_GT(published, 0U);
  EXPECT_LT(published, cuts);
}

} // namespace
} // namespace afio::testing
