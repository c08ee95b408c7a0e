// A writer beside the replacing loses no edit, and the file that he has not opened gets none;
// beside a careless one he does. AFIO_DEDUPE_ROUNDS says how often.
#include "algorithms/dedupe/dedupe.hpp"
#include "tests/afio/per_file_system.hpp"
#include "tests/algorithms/scene.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <barrier>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace afio::unit {
namespace {

using std::chrono::steady_clock;

std::uint64_t rounds() {
  const char* const asked = std::getenv("AFIO_DEDUPE_ROUNDS");
  return asked != nullptr ? std::strtoull(asked, nullptr, 10) : 700;
}

/// One of the ways to change what a name means.
enum class manner { write, store, truncate_and_write, replace, cut, change_mode };
constexpr int manners = 6;

constexpr const char* name_of(manner how) {
  constexpr std::array names{"write", "store", "O_TRUNC", "replace", "truncate", "chmod"};
  return names[static_cast<std::size_t>(how)];
}

/// Files of equal contents, one of which is edited while they are made one.
class editor {
public:
  explicit editor(std::filesystem::path in) : in_(std::move(in)) {}

  /// New files each time: what is one file already, shares its edits by right.
  void begin() {
    names_ = random_() % 4 == 0 ? "abc" : "ab";
    for (const char name : std::string("abc")) ::unlink(path(name).c_str());
    for (const char name : names_) make(path(name), original_);
    how_ = static_cast<manner>(random_() % manners);
    name_ = names_[random_() % names_.size()];
    edited_ = original_;
    mode_ = 0600 | static_cast<mode_t>(random_() % 64);
    together_.clear();
    // One byte is enough to lose.
    place_ = random_() % edited_.size();
    if (how_ != manner::change_mode) edited_[place_] = static_cast<char>(random_() % 64);
    if (how_ == manner::cut) edited_ = original_.substr(0, place_);
  }

  /// In the middle of it.
  void edit() {
    switch (how_) {
    case manner::write:
      return write(O_WRONLY);
    case manner::store:
      return store();
    case manner::truncate_and_write:
      return write(O_WRONLY | O_TRUNC);
    case manner::replace:
      make(path('n'), edited_);
      (void)::rename(path('n').c_str(), path(name_).c_str());
      return;
    case manner::cut:
      (void)!::truncate(path(name_).c_str(), static_cast<off_t>(place_));
      return look();
    case manner::change_mode:
      (void)::chmod(path(name_).c_str(), mode_);
      return;
    }
  }

  /// What is wrong now that all is quiet; empty if nothing is.
  std::string damage() {
    std::string text;
    for (const char name : names_) {
      const bool has_it = name == name_ || together_.find(name) != std::string::npos;
      const std::string& expected = has_it ? edited_ : original_;
      if (content_of(name) == expected) continue;
      text += std::string(name == name_ ? "lost: " : "another's edit: ") + name + '\n';
    }

    for (const std::string& name : names_in(in_))
      if (name.size() != 1) text += "left: " + name + '\n';
    if (text.empty()) return text;
    return std::string(unit::name_of(how_)) + " by the name " + name_ + " of " + names_ +
           ", one file then with: " + together_ + '\n' + text;
  }

  /// Nothing makes those wait who change metadata.
  bool lost_mode() const {
    struct stat s {};

    return how_ == manner::change_mode && ::stat(path(name_).c_str(), &s) == 0 &&
           (s.st_mode & 07777) != mode_;
  }

  /// It was one with another when it was opened.
  bool opened_one() const noexcept { return !together_.empty(); }

private:
  std::string path(char name) const { return in_.native() + '/' + name; }

  static void make(const std::string& at, const std::string& content) {
    const int file = ::open(at.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    (void)!::pwrite(file, content.data(), content.size(), 0);
    ::close(file);
  }

  std::string content_of(char name) const {
    std::string there(original_.size() + 1, '?');
    const int file = ::open(path(name).c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return "nothing";
    there.resize(static_cast<std::size_t>(::pread(file, there.data(), there.size(), 0)));
    ::close(file);
    return there;
  }

  void write(int flags) {
    const int file = ::open(path(name_).c_str(), flags | O_CLOEXEC);
    look_at(file);
    const std::size_t from = (flags & O_TRUNC) != 0 ? 0 : place_;
    const std::size_t size = (flags & O_TRUNC) != 0 ? edited_.size() : 1;
    (void)!::pwrite(file, edited_.data() + from, size, static_cast<off_t>(from));
    ::close(file);
  }

  /// Through a mapping whose descriptor is closed.
  void store() {
    const int file = ::open(path(name_).c_str(), O_RDWR | O_CLOEXEC);
    look_at(file);
    void* const mapped =
        ::mmap(nullptr, edited_.size(), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    ::close(file);
    static_cast<char*>(mapped)[place_] = edited_[place_];
    ::munmap(mapped, edited_.size());
  }

  void look() {
    const int file = ::open(path(name_).c_str(), O_PATH | O_CLOEXEC);
    look_at(file);
    ::close(file);
  }

  /// Which of the others are this file.
  void look_at(int file) {
    struct stat mine {
    }, its{};

    (void)::fstat(file, &mine);
    for (const char name : names_) {
      if (name == name_ || ::stat(path(name).c_str(), &its) != 0) continue;
      if (its.st_ino == mine.st_ino) together_ += name;
    }
  }

  std::filesystem::path in_;
  std::string original_ = std::string(3 * 4096, 'o');
  std::mt19937 random_{1};
  std::string names_, edited_, together_;
  manner how_ = manner::write;
  char name_ = 'a';
  std::size_t place_ = 0;
  mode_t mode_ = 0;
};

/// Without sleeping, which takes longer.
void wait(std::chrono::nanoseconds time) {
  const auto from = steady_clock::now();
  while (steady_clock::now() - from < time) continue;
}

struct race_outcome {
  std::string damage; ///< The first.
  std::uint64_t rounds = 0;
  std::uint64_t replaced = 0; ///< Files, in spite of the writer.
  std::uint64_t busy = 0;
  std::uint64_t changed = 0;
  std::uint64_t opened_one = 0;
  std::uint64_t modes_lost = 0;
};

class DedupeRace : public per_file_system {
protected:
  void SetUp() override {
    per_file_system::SetUp();
    options.tree.threads = 1;
  }

  /// One edit a round, at a moment of the replacing that is left to luck.
  race_outcome race(std::uint64_t most, const std::function<dedupe_report(editor&)>& replace,
                    const std::function<void()>& prepare) {
    race_outcome came;
    editor writes(scratch->path());
    std::mt19937 random(2);
    std::barrier meet(2);
    bool over = false;
    std::chrono::nanoseconds aim(50'000), pause(0);
    std::thread writer([&] {
      for (meet.arrive_and_wait(); !over; meet.arrive_and_wait()) {
        wait(pause);
        writes.edit();
        meet.arrive_and_wait();
      }
    });
    while (came.damage.empty() && came.rounds < most) {
      writes.begin();
      prepare();
      pause = aim * static_cast<int>(75 + random() % 50) / 100;
      meet.arrive_and_wait();
      wait(std::chrono::microseconds(50)); // Till the writer is awake.
      const dedupe_report report = replace(writes);
      // Between too early and too late, however fast the machine is.
      if (report.changed != 0)
        aim = std::min<std::chrono::nanoseconds>(aim * 102 / 100, std::chrono::milliseconds(5));
      else if (report.busy == 0)
        aim = std::max<std::chrono::nanoseconds>(aim * 98 / 100, std::chrono::microseconds(1));
      meet.arrive_and_wait();
      ++came.rounds;
      came.replaced += report.files;
      came.busy += report.busy;
      came.changed += report.changed;
      came.opened_one += writes.opened_one() ? 1 : 0;
      came.modes_lost += writes.lost_mode() ? 1 : 0;
      came.damage = writes.damage();
    }
    over = true;
    meet.arrive_and_wait();
    writer.join();
    return came;
  }

  /// What the tool does.
  race_outcome race_with_dedupe() {
    std::optional<dedupe_plan> plan;
    return race(
        rounds(),
        [&](editor&) {
          const dedupe_report report = take(dedupe(*plan, options, told));
          EXPECT_EQ(report.failures, 0U) << told;
          return report;
        },
        [&] {
          plan = take(find_duplicates(std::array{walk_root{&dir, "t"}}, options, told));
        });
  }

  void expect_no_damage(const race_outcome& came) const {
    EXPECT_EQ(came.damage, "") << "after " << came.rounds << " rounds";
    EXPECT_GT(came.replaced, 0U) << "or he came too early";
    EXPECT_GT(came.busy + came.changed + came.opened_one, 0U) << "or too late";
    EXPECT_LE(came.modes_lost, 1 + came.rounds / 1'000);
    std::printf("%llu rounds, %llu files replaced, %llu busy, %llu changed, %llu opened as one, "
                "%llu modes lost\n",
                static_cast<unsigned long long>(came.rounds),
                static_cast<unsigned long long>(came.replaced),
                static_cast<unsigned long long>(came.busy),
                static_cast<unsigned long long>(came.changed),
                static_cast<unsigned long long>(came.opened_one),
                static_cast<unsigned long long>(came.modes_lost));
  }

  dedupe_options options;
  listener told{verbosity::failures};
};

INSTANTIATE_TEST_SUITE_P(Kinds, DedupeRace, all_kinds(), kind_of);

/// Compares, links the one beside the other and renames it over that, as many tools do.
dedupe_report link_carelessly(const std::filesystem::path& in) {
  const std::string kept = in / "a", other = in / "b", aside = in / "x";
  std::array<std::string, 2> contents;
  for (const auto& [path, content] : {std::pair(kept, &contents[0]), {other, &contents[1]}}) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    content->resize(1 << 16);
    content->resize(static_cast<std::size_t>(::pread(file, content->data(), content->size(), 0)));
    ::close(file);
  }
  if (contents[0] != contents[1]) return {.changed = 1};
  (void)!::link(kept.c_str(), aside.c_str());
  (void)::rename(aside.c_str(), other.c_str());
  return {.files = 1};
}

TEST_P(DedupeRace, CarelessLinkingLosesEdits) {
  const race_outcome came = race(
      100'000, [&](editor&) { return link_carelessly(scratch->path()); }, [] {});
  EXPECT_NE(came.damage, "") << "then the tests below prove nothing";
  std::printf("%s after %llu rounds\n", came.damage.c_str(),
              static_cast<unsigned long long>(came.rounds));
}

TEST_P(DedupeRace, LinkingLosesNoEdit) {
  options.by = dedupe_by::linking;
  const race_outcome came = race_with_dedupe();
  expect_no_damage(came);
}

class SharingRace : public DedupeRace {};

INSTANTIATE_TEST_SUITE_P(Kinds, SharingRace,
                         ::testing::Values(file_system::xfs, file_system::btrfs), kind_of);

TEST_P(SharingRace, LosesNoEdit) {
  options.by = dedupe_by::sharing;
  expect_no_damage(race_with_dedupe());
}

} // namespace
} // namespace afio::unit
