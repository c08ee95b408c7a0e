// afio-dedupe is killed at each of its calls, and its calls fail: every name keeps what it reads,
// what is left has a name of the pattern, and the next run makes all well. AFIO_STEP says how many
// calls to go on by.
#include "tests/faults/error_sweep.hpp"
#include "tests/race/scene.hpp"
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
#include <map>
#include <optional>
#include <string>

namespace afio::testing {
namespace {

namespace fs = std::filesystem;

std::uint64_t step(std::uint64_t quick) {
  const char* given = std::getenv("AFIO_STEP");
  return given != nullptr ? std::stoull(given) : quick;
}

fs::path program_in(const char* variable) { return fs::absolute(std::getenv(variable)); }

/// A tree with files of equal contents, and how they are made one.
class duplicates {
public:
  duplicates(const fs::path& in, std::string how) : scratch_(in), how_(std::move(how)) {
    make_tree(root(), R"(
      f a 5000 0640
      d d 0750
      e d/b = a 0640
      h d/b2 = d/b
      d d/e 0711
      e d/e/c = a 0640
      f d/e/long 200000
      e long = d/e/long
      f other 5000
    )");
    before_ = manifest(root());
  }

  program dedupe() const {
    return {.arguments = {program_in("AFIO_DEDUPE"), "-j1", "--progress=never", how_, root()},
            .environment = {"LC_ALL=C", "ASAN_OPTIONS=detect_leaks=0"}};
  }

  supervision counted() const {
    return {.count_from = scratch_.path().filename(), .streams = supervision::streams::stopped_at};
  }

  /// What is wrong with what has a name; empty if nothing is. `said`: of what is left.
  std::string damage(const std::string& said = "") const {
    std::string text;
    const manifest now(root());
    for (const auto& [path, entry] : before_.entries) {
      const auto found = now.entries.find(path);
      if (found == now.entries.end())
        text += path + " is gone\n";
      else if (!same_but_for_links(found->second, entry))
        text += path + " is another\n";
    }
    for (const auto& [path, entry] : now.entries) {
      const std::string name = fs::path(path).filename();
      const bool may_be = is_temporary_name(name) || said.find(name) != std::string::npos;
      if (!before_.entries.contains(path) && !may_be) text += "left: " + path + "\n";
    }
    return text;
  }

  bool has_leftovers() const { return manifest(root()).entries.size() != before_.entries.size(); }

  bool is_untouched() const {
    const manifest now(root());
    return now == before_;
  }

  /// What is equal is one, where it is made so by links.
  bool is_complete() const {
    if (how_ != "--link=hard") return true;
    auto now = manifest(root()).entries;
    const auto are_one = [&](const char* a, const char* b) { return now[a].inode == now[b].inode; };
    return are_one("a", "d/b") && are_one("a", "d/b2") && are_one("a", "d/e/c") &&
           are_one("long", "d/e/long");
  }

  /// What is wrong after one more run that nothing disturbs, and the reaper's.
  std::string damage_after_another_run() const {
    const auto again = run(dedupe());
    std::string text = again.exited_with(0) && is_complete() ? "" : "again: " + describe(again);
    for (const char* folder : {".", "d", "d/e"}) {
      const auto reaped = run({.arguments = {program_in("AFIO_RMTREE"), "--reap",
                                             (root() / folder).lexically_normal()}});
      if (!reaped.exited_with(0)) text += "reaping: " + describe(reaped);
    }
    for (const auto& [path, entry] : manifest(root()).entries)
      if (is_temporary_name(fs::path(path).filename())) text += "not reaped: " + path + "\n";
    return text + damage("afio-kept-");
  }

private:
  fs::path root() const { return scratch_.path() / "t"; }

  scratch_directory scratch_;
  std::string how_;
  manifest before_;
};

/// By links anywhere, or by sharing blocks where the file system can.
class DedupeFaults : public ::testing::TestWithParam<const char*> {
protected:
  void SetUp() override {
    if (const auto reason = no_supervision(); !reason.empty()) GTEST_SKIP() << reason;
    if (!links()) {
      disk_.emplace(file_system::xfs);
      if (!*disk_) GTEST_SKIP() << disk_->why_not();
    }
  }

  static bool links() { return GetParam() == std::string("hard"); }

  duplicates scene() const {
    const fs::path place = disk_ ? disk_->path() : memory_.path();
    return {place, std::string("--link=") + GetParam()};
  }

  std::uint64_t stops() const {
    const duplicates d = scene();
    const auto run = supervise(
        d.dedupe(), [](const stop&) { return action::continue_it(); }, d.counted());
    EXPECT_TRUE(run.exited_with(0)) << describe(run);
    EXPECT_EQ(d.damage(), "");
    EXPECT_FALSE(d.has_leftovers());
    EXPECT_TRUE(d.is_complete());
    return run.stops;
  }

private:
  scratch_directory memory_;
  std::optional<loop_fs> disk_;
};

INSTANTIATE_TEST_SUITE_P(By, DedupeFaults, ::testing::Values("hard", "reflink"),
                         [](const auto& one) { return std::string(one.param); });

TEST_P(DedupeFaults, AKillLeavesEveryNameWithWhatItReads) {
  std::uint64_t untouched = 0, leftovers = 0, complete = 0, runs = 0;
  const std::uint64_t all = stops();
  for (std::uint64_t n = 1; n <= all; n += step(quick_step(11))) {
    const duplicates d = scene();
    const stop_handler handler = [n](const stop& here) {
      return here.ordinal == n ? action::kill() : action::continue_it();
    };
    const auto run = supervise(d.dedupe(), handler, d.counted());
    SCOPED_TRACE("killed at stop " + std::to_string(n) + ", " + run.last_stop);
    ASSERT_TRUE(run.killed_at) << describe(run);
    ++runs;
    EXPECT_EQ(d.damage(), "");
    untouched += d.is_untouched() ? 1 : 0;
    leftovers += d.has_leftovers() ? 1 : 0;
    complete += d.is_complete() ? 1 : 0;
    EXPECT_EQ(d.damage_after_another_run(), "");
  }
  std::printf("%llu stops, killed %llu times: %llu untouched, %llu leftovers, %llu complete\n",
              static_cast<unsigned long long>(all), static_cast<unsigned long long>(runs),
              static_cast<unsigned long long>(untouched),
              static_cast<unsigned long long>(leftovers),
              static_cast<unsigned long long>(complete));
  EXPECT_GT(complete, 0U);
  EXPECT_EQ(leftovers > 0, links());
  EXPECT_EQ(untouched < runs, links());
}

TEST_P(DedupeFaults, ACallThatFailsChangesNothingThatANameReads) {
  std::uint64_t told = 0, complete = 0, runs = 0;
  const std::uint64_t all = stops();
  const auto errors = likely_errors();
  const std::uint64_t by = step((links() ? 5 : 12) * quick_step(11));
  for (std::uint64_t i = 0; i < errors.size() * all; i += by) {
    const std::uint64_t n = 1 + i / errors.size();
    const int error = errors[i % errors.size()];
    const duplicates d = scene();
    std::string failed;
    const stop_handler handler = [&](const stop& here) {
      if (here.ordinal != n) return action::continue_it();
      failed = here.call.name;
      return action::fail_with(error);
    };
    const auto run = supervise(d.dedupe(), handler, d.counted());
    SCOPED_TRACE(failed + ", stop " + std::to_string(n) + ", " + strerrorname_np(error));
    ++runs;
    EXPECT_FALSE(run.hung || run.signal != 0) << describe(run);
    EXPECT_EQ(d.damage(run.errors), "") << describe(run);
    EXPECT_EQ(run.errors.empty(), run.exit_code == 0) << describe(run);
    // These two say that another file is there, or a mount, which is rightly left alone.
    const bool left_alone = error == ELOOP || error == EXDEV;
    EXPECT_TRUE(run.exit_code != 0 || d.is_complete() || left_alone) << describe(run);
    const bool by_stdio = failed == "write"; // No handler of the tool's interrupts it.
    EXPECT_TRUE(run.exit_code == 0 || error != EINTR || by_stdio) << describe(run);
    told += run.exit_code != 0 ? 1 : 0;
    complete += d.is_complete() ? 1 : 0;
    EXPECT_EQ(d.damage_after_another_run(), "") << describe(run);
  }
  std::printf("%llu stops, %llu calls failed: %llu told, %llu complete\n",
              static_cast<unsigned long long>(all), static_cast<unsigned long long>(runs),
              static_cast<unsigned long long>(told), static_cast<unsigned long long>(complete));
  EXPECT_GT(told, runs / 8);
  EXPECT_LT(told, runs);
}

} // namespace
} // namespace afio::testing
