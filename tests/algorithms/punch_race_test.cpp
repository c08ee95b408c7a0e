// A writer beside the punching loses no byte; beside a careless one it does. A kill changes
// nothing.
#include "afio/file_handle.hpp"
#include "algorithms/holes/punch_holes.hpp"
#include "algorithms/holes/zero_runs.hpp"
#include "tests/afio/per_file_system.hpp"
#include "tests/algorithms/scene.hpp"
#include "tests/support/pace.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace afio::unit {
namespace {

constexpr std::size_t block = 4'096;
constexpr std::size_t blocks = 64;

std::uint64_t rounds() {
  const char* const asked = std::getenv("AFIO_PUNCH_ROUNDS");
  return asked != nullptr ? std::strtoull(asked, nullptr, 10) : 40'000 / testing::quick_step(4);
}

/// Writes one block after another, in each way that there is, and knows what must be there.
class writer {
public:
  explicit writer(std::string path) : path_(std::move(path)) {
    const int made = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    (void)!::pwrite(made, content_.data(), content_.size(), 0);
    ::close(made);
  }

  ~writer() { release(); }

  void write() {
    const std::size_t at = random_() % blocks * block;
    const bool zeros = random_() % 2 == 0;
    std::string& bytes = block_;
    bytes.assign(block, '\0');
    // One byte is enough to lose.
    if (!zeros) bytes[random_() % block] = static_cast<char>(1 + random_() % 255);
    if (held_ < 0 || random_() % 4 == 0) {
      release();
      held_ = ::open(path_.c_str(), O_RDWR | O_CLOEXEC);
    }
    if (random_() % 4 == 0)
      store(at);
    else
      (void)!::pwrite(held_, bytes.data(), block, static_cast<off_t>(at));
    std::memcpy(content_.data() + at, bytes.data(), block);
    if (random_() % 2 == 0) release();
  }

  /// Whether all is there that was written.
  bool has_all() {
    release();
    std::string there(content_.size(), '?');
    const int file = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    (void)!::pread(file, there.data(), there.size(), 0);
    ::close(file);
    return there == content_;
  }

private:
  /// Through a mapping whose descriptor is closed.
  void store(std::size_t at) {
    void* const mapped =
        ::mmap(nullptr, block, PROT_READ | PROT_WRITE, MAP_SHARED, held_, static_cast<off_t>(at));
    release();
    std::memcpy(mapped, block_.data(), block);
    ::munmap(mapped, block);
  }

  void release() {
    if (held_ >= 0) ::close(held_);
    held_ = -1;
  }

  std::string path_;
  std::string content_ = std::string(blocks * block, '\0');
  std::string block_;
  std::mt19937 random_{1};
  int held_ = -1;
};

struct race_outcome {
  bool lost = false;
  std::uint64_t rounds = 0;
  std::uint64_t bytes = 0; ///< Punched.
  std::uint64_t busy = 0;
};

class PunchRace : public per_file_system {
protected:
  /// Writes for so many rounds while `punch` is done over and over, or until something is lost.
  race_outcome race(std::uint64_t most, const std::function<punch_report()>& punch) {
    writer writes(at("f").native());
    std::atomic<bool> over = false;
    race_outcome came;
    std::thread puncher([&] {
      while (!over) {
        const punch_report report = punch();
        came.bytes += report.bytes;
        came.busy += report.busy;
        EXPECT_EQ(report.failures, 0U);
      }
    });
    while (!came.lost && came.rounds < most) {
      writes.write();
      if (++came.rounds % 16 == 0) came.lost = !writes.has_all();
    }
    over = true;
    puncher.join();
    came.lost = came.lost || !writes.has_all();
    return came;
  }

  result<punch_report> punch_carefully() const {
    punch_options options{.tree = {.threads = 1}, .min_size = block};
    observer nobody;
    return punch_holes(take(fs_handle::pin(dir, leaf("f"))), dir, "f", options, nobody);
  }

  /// As `fallocate --dig-holes` does.
  punch_report punch_carelessly() const {
    auto file = take(file_handle::file(dir, leaf("f"), {.mode = mode::write}));
    static std::vector<std::byte> through(blocks * block);
    zero_runs zeros(file, blocks * block, through, {.least = block, .block = block});
    punch_report report;
    while (const auto run = take(zeros.next())) {
      take(file.punch_hole(*run));
      report.bytes += run->length;
    }
    return report;
  }
};

INSTANTIATE_TEST_SUITE_P(Kinds, PunchRace, all_kinds(), kind_of);

TEST_P(PunchRace, LosesNoByteOfAWriter) {
  const race_outcome came = race(rounds(), [&] {
    const auto done = punch_carefully();
    EXPECT_TRUE(succeeded(done));
    return done ? done.assume_value() : punch_report();
  });
  EXPECT_FALSE(came.lost) << "after " << came.rounds << " rounds";
  EXPECT_GT(came.bytes, 100 * block) << "or there was no race";
  if (!shares()) {
    EXPECT_GT(came.busy, 0U) << "or there was no race";
  }
  std::printf("%llu rounds, %llu blocks punched, %llu times busy\n",
              static_cast<unsigned long long>(came.rounds),
              static_cast<unsigned long long>(came.bytes / block),
              static_cast<unsigned long long>(came.busy));
}

TEST_P(PunchRace, CarelessPunchingLosesBytes) {
  const race_outcome came = race(1'000'000, [&] { return punch_carelessly(); });
  EXPECT_TRUE(came.lost) << "then the test above proves nothing";
  std::printf("lost after %llu rounds\n", static_cast<unsigned long long>(came.rounds));
}

TEST_P(PunchRace, AKillLeavesTheFileAsItReads) {
  const std::string content = std::string(block, 'x') + std::string(31 * block, '\0');
  std::mt19937 random(1);
  std::string whole;
  for (int i = 0; i < 32; ++i) whole += content;
  int in_between = 0;
  for (int i = 0; i < 60; ++i) {
    const int made = ::open(at("f").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ASSERT_EQ(::pwrite(made, whole.data(), whole.size(), 0), static_cast<ssize_t>(whole.size()));
    ::close(made);
    const pid_t child = ::fork();
    if (child == 0) {
      (void)punch_carefully();
      ::_exit(0);
    }
    ::usleep(random() % 3'000);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    std::string there(whole.size() + 1, '?');
    const int file = ::open(at("f").c_str(), O_RDONLY | O_CLOEXEC);
    const ssize_t bytes = ::pread(file, there.data(), there.size(), 0);
    ASSERT_EQ(bytes, static_cast<ssize_t>(whole.size()));
    there.resize(whole.size());
    ASSERT_EQ(there, whole);
    struct stat s;
    ASSERT_EQ(::fstat(file, &s), 0);
    const auto room = static_cast<std::uint64_t>(s.st_blocks) * 512;
    if (room < whole.size() - 31 * block && room > 33 * block) ++in_between;
    ::close(file);
    ASSERT_EQ(names_in(scratch->path()), std::set<std::string>{"f"});
  }
  EXPECT_GT(in_between, 0) << "no kill came while holes were being punched";
}

} // namespace
} // namespace afio::unit
