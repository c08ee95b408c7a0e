// Locks of files and of parts of them: who is excluded, for how long, and what frees them.
#include "afio/file_handle.hpp"
#include "afio/file_lock.hpp"
#include "tests/afio/per_file_system.hpp"
#include "tests/support/failed.hpp"
#include "tests/support/patience.hpp"
#include "tests/support/unique_fd.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

namespace afio::unit {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using std::chrono::system_clock;

constexpr auto shared = lock_kind::shared;
constexpr auto exclusive = lock_kind::exclusive;
constexpr auto once = deadline::in(0s);
/// Longer than any machine stands still: a wait that is to end by itself.
constexpr auto long_enough = deadline::in(10min);
constexpr std::uint64_t biggest_offset = std::numeric_limits<std::int64_t>::max();

/// Whether a handle gets such a lock now. It is given back.
bool gets(file_handle& file, extent part, lock_kind kind) {
  const auto locked = file.lock_file_range(part, kind, once);
  if (!locked && locked.assume_error() != std::errc::timed_out)
    throw std::runtime_error(locked.assume_error().message());
  return locked.has_value();
}

bool gets_all(file_handle& file, lock_kind kind) { return file.lock_file(kind, once).has_value(); }

/// A process of the test's own, which ends with it.
class child {
public:
  /// It does `act`, then exits with what that returns.
  explicit child(const std::function<int()>& act) : id_(testing::checked(::fork(), "fork")) {
    if (id_ == 0) ::_exit(act());
  }

  child(child&& other) noexcept : id_(std::exchange(other.id_, -1)) {}

  ~child() {
    if (id_ > 0) kill();
  }

  void kill() {
    ::kill(id_, SIGKILL);
    (void)ends();
  }

  /// What it exits with; -1 if it was killed.
  int ends() {
    int status = -1;
    ::waitpid(std::exchange(id_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

private:
  pid_t id_;
};

/// By which a process tells another one that it has come so far.
class word {
public:
  word() { testing::checked(::pipe2(ends_.data(), O_CLOEXEC), "pipe"); }

  word(const word&) = delete;

  ~word() {
    for (const int end : ends_) ::close(end);
  }

  void give() const { testing::checked(::write(ends_[1], "!", 1), "write"); }

  void await() const {
    char it = 0;
    testing::checked(::read(ends_[0], &it, 1), "read");
  }

private:
  std::array<int, 2> ends_;
};

class FileLock : public per_file_system {
protected:
  void SetUp() override {
    per_file_system::SetUp();
    if (!IsSkipped()) make("f f 100");
  }

  file_handle open(mode m = mode::write) const {
    return take(file_handle::file(dir, leaf("f"), {.mode = m}));
  }

  std::string path() const { return at("f").native(); }
};

INSTANTIATE_TEST_SUITE_P(Kinds, FileLock, all_kinds(), kind_of);

// -------------------------------------------------------------------------------- who is excluded

TEST_P(FileLock, SharedGoesWithSharedAndExclusiveWithNone) {
  auto one = open(), other = open();
  {
    const auto held = take(one.lock_file(shared));
    EXPECT_TRUE(held.owns_lock());
    EXPECT_TRUE(gets_all(other, shared));
    EXPECT_FALSE(gets_all(other, exclusive));
  }
  {
    const auto held = take(one.lock_file(exclusive));
    EXPECT_FALSE(gets_all(other, shared));
    EXPECT_FALSE(gets_all(other, exclusive));
    take(other.truncate(10)); // It hinders only those who lock.
  }
  EXPECT_TRUE(gets_all(other, exclusive));
}

TEST_P(FileLock, OfARangeIsOfThoseBytesAlone) {
  auto one = open(), other = open();
  const auto held = take(one.lock_file_range({10, 10}, exclusive));
  EXPECT_TRUE(gets(other, {0, 10}, exclusive)) << "they touch";
  EXPECT_TRUE(gets(other, {20, 10}, exclusive)) << "they touch";
  EXPECT_FALSE(gets(other, {0, 11}, shared));
  EXPECT_FALSE(gets(other, {19, 1}, shared));
  EXPECT_FALSE(gets(other, {12, 3}, shared));
  EXPECT_FALSE(gets_all(other, shared));
}

TEST_P(FileLock, MayBeBehindTheEnd) {
  auto one = open(), other = open();
  const extent last{biggest_offset - 1, 1};
  const auto held = take(one.lock_file_range(last, exclusive));
  EXPECT_FALSE(gets(other, last, shared));
  EXPECT_TRUE(gets(other, {0, last.offset}, exclusive));
  EXPECT_EQ(take(one.size()), 100U);
}

TEST_P(FileLock, OfTheWholeFileIsOfWhateverItBecomes) {
  auto one = open(), other = open();
  const auto held = take(one.lock_file(exclusive));
  take(other.truncate(1 << 20));
  EXPECT_FALSE(gets(other, {(1 << 20) - 1, 1}, shared));
  EXPECT_FALSE(gets(other, {biggest_offset - 1, 1}, shared));
}

TEST_P(FileLock, IsTheHandlesAndACloneHasItsOwn) {
  auto one = open();
  const auto held = take(one.lock_file(exclusive));
  EXPECT_TRUE(gets(one, {1, 1}, exclusive)) << "it has it already";
  auto clone = take(one.clone(mode::write, caching::all));
  const auto again = take(one.lock_file(exclusive));
  EXPECT_FALSE(gets_all(clone, shared));
}

TEST_P(FileLock, OutlivesTheClosingOfAnotherHandleOfTheFile) {
  const auto another_process_locks = [&] {
    return child([&] {
             auto its = open();
             return gets_all(its, exclusive) ? 1 : 0;
           }).ends() == 1;
  };
  // What POSIX locks do: any close of the file in the process frees them.
  {
    const testing::unique_fd raw(testing::checked(::open(path().c_str(), O_RDWR | O_CLOEXEC), "f"));

    struct flock all {};

    all.l_type = F_WRLCK;
    testing::checked(::fcntl(raw.get(), F_SETLK, &all), "lock");
    EXPECT_FALSE(another_process_locks()) << "the other kind of lock is excluded, too";
    ::close(::open(path().c_str(), O_RDONLY | O_CLOEXEC));
    EXPECT_TRUE(another_process_locks());
  }
  auto mine = open();
  const auto held = take(mine.lock_file(exclusive));
  take(open().close());
  ::close(::open(path().c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_FALSE(another_process_locks());
}

// ------------------------------------------------------------------------------- what is replaced

TEST_P(FileLock, OfTheSameHandleIsReplacedWhereItIsTakenAnew) {
  auto one = open(), other = open();
  const auto all = take(one.lock_file_range({0, 100}, exclusive));
  auto middle = take(one.lock_file_range({40, 20}, shared));
  EXPECT_TRUE(gets(other, {40, 20}, shared));
  EXPECT_FALSE(gets(other, {40, 20}, exclusive));
  EXPECT_FALSE(gets(other, {39, 1}, shared));
  EXPECT_FALSE(gets(other, {60, 1}, shared));
  take(middle.unlock());
  EXPECT_TRUE(gets(other, {40, 20}, exclusive)) << "it is gone, although the other guard is there";
  EXPECT_FALSE(gets(other, {39, 1}, shared));
  EXPECT_FALSE(gets(other, {60, 1}, shared));
}

TEST_P(FileLock, BecomesExclusiveWhenItIsAloneAndStaysSharedUntilThen) {
  auto one = open(), other = open();
  auto mine = take(one.lock_file(shared));
  {
    const auto its = take(other.lock_file(shared));
    EXPECT_TRUE(failed_with(one.lock_file(exclusive, deadline::in(5ms)), ETIMEDOUT));
    EXPECT_FALSE(gets_all(other, exclusive)) << "what it had, it keeps";
  }
  auto more = take(one.lock_file(exclusive, once));
  mine.release();
  EXPECT_FALSE(gets_all(other, shared));
  mine = take(one.lock_file(shared, once));
  more.release();
  EXPECT_TRUE(gets_all(other, shared));
  EXPECT_FALSE(gets_all(other, exclusive));
}

TEST_P(FileLock, OfTwoWhoBothWantMoreIsAnEndlessWaitButForADeadline) {
  auto one = open(), other = open();
  auto mine = take(one.lock_file(shared)), its = take(other.lock_file(shared));
  std::jthread gives_up([&] {
    EXPECT_TRUE(failed_with(other.lock_file(exclusive, deadline::in(50ms)), ETIMEDOUT));
    take(its.unlock());
  });
  EXPECT_TRUE(succeeded(one.lock_file(exclusive)));
}

// ----------------------------------------------------------------------------------- what it waits

TEST_P(FileLock, WaitsUntilItsDeadline) {
  auto one = open(), other = open();
  const auto held = take(one.lock_file(exclusive));
  const auto start = steady_clock::now();
  const auto refused = other.lock_file_range({1, 1}, shared, deadline::in(30ms));
  EXPECT_GE(steady_clock::now() - start, 30ms);
  ASSERT_TRUE(failed_with(refused, ETIMEDOUT));
  EXPECT_EQ(refused.assume_error().origin(), call::fcntl);

  const auto moment = system_clock::now() + 30ms;
  EXPECT_TRUE(failed_with(other.lock_file(shared, deadline::at(moment)), ETIMEDOUT));
  EXPECT_GE(system_clock::now(), moment);
}

TEST_P(FileLock, IsTriedOnceWhereThereIsNoTime) {
  auto one = open(), other = open();
  for (const deadline limit : {once, deadline::in(-1s), deadline::at(system_clock::now() - 1h)}) {
    const auto held = take(one.lock_file(exclusive, limit));
    const armed counting;
    EXPECT_TRUE(failed_with(other.lock_file(shared, limit), ETIMEDOUT));
    EXPECT_EQ(detail::calls_seen(call::fcntl), 1U);
  }
}

TEST_P(FileLock, IsTakenWhenItsHolderLetsGo) {
  auto one = open(), other = open();
  const armed counting;
  for (const deadline limit :
       {long_enough, deadline::at(system_clock::now() + 10min), deadline::never()}) {
    auto held = take(one.lock_file(exclusive));
    std::atomic<bool> has_it = false;
    const auto before = detail::calls_seen(call::fcntl);
    std::jthread waits([&] {
      const auto its = take(other.lock_file(exclusive, limit));
      has_it = true;
    });
    // With a limit it looks again and again; without one, it is in the kernel by then.
    while (detail::calls_seen(call::fcntl) < before + (limit.unlimited() ? 1 : 5)) {
      std::this_thread::sleep_for(1ms);
    }
    std::this_thread::sleep_for(20ms);
    EXPECT_FALSE(has_it);
    EXPECT_EQ(detail::calls_seen(call::fcntl) == before + 1, limit.unlimited());
    take(held.unlock());
    waits.join();
    EXPECT_TRUE(has_it);
  }
}

/// How often this process was interrupted.
std::atomic<int> interruptions = 0;

TEST_P(FileLock, IsWaitedForOnAfterASignal) {
  // Without SA_RESTART, so that the call in the kernel ends.
  struct sigaction counting {
  }, before{};

  counting.sa_handler = [](int) { ++interruptions; };
  ASSERT_EQ(::sigaction(SIGUSR1, &counting, &before), 0);
  auto one = open(), other = open();
  for (const deadline limit : {long_enough, deadline::never()}) {
    auto held = take(one.lock_file(exclusive));
    std::atomic<bool> has_it = false;
    std::jthread waits([&] {
      const auto its = take(other.lock_file(exclusive, limit));
      has_it = true;
    });
    for (const int all = interruptions + 20; interruptions < all;) {
      ::pthread_kill(waits.native_handle(), SIGUSR1);
      std::this_thread::sleep_for(1ms);
    }
    EXPECT_FALSE(has_it);
    take(held.unlock());
    waits.join();
    EXPECT_TRUE(has_it);
  }
  ::sigaction(SIGUSR1, &before, nullptr);
  const armed interrupted({.which = call::fcntl, .native = EINTR});
  EXPECT_TRUE(gets_all(one, exclusive));
}

// ------------------------------------------------------------------------------------- the guard

TEST_P(FileLock, IsUnlockedOnceByWhoHasTheGuard) {
  auto one = open(), other = open();
  file_lock none;
  EXPECT_FALSE(none.owns_lock());
  EXPECT_TRUE(succeeded(none.unlock()));

  auto first = take(one.lock_file_range({0, 1}, exclusive));
  file_lock moved(std::move(first));
  EXPECT_FALSE(first.owns_lock());
  EXPECT_TRUE(succeeded(first.unlock()));
  EXPECT_FALSE(gets(other, {0, 1}, shared));

  moved = take(one.lock_file_range({1, 1}, exclusive));
  EXPECT_TRUE(gets(other, {0, 1}, exclusive)) << "what it held before is unlocked";
  EXPECT_FALSE(gets(other, {1, 1}, exclusive));
  EXPECT_TRUE(succeeded(moved.unlock()));
  EXPECT_FALSE(moved.owns_lock());
  EXPECT_TRUE(gets(other, {1, 1}, exclusive));
}

TEST_P(FileLock, ReleasedStaysUntilTheHandleIsClosed) {
  auto one = open(), other = open();
  take(one.lock_file(exclusive)).release();
  EXPECT_FALSE(gets_all(other, shared));
  take(one.close());
  EXPECT_TRUE(gets_all(other, exclusive));
}

TEST_P(FileLock, FollowsAHandleThatMoves) {
  auto one = open(), other = open();
  std::optional<file_lock> held = take(one.lock_file(exclusive));
  const file_handle moved = std::move(one);
  EXPECT_FALSE(gets_all(other, shared));
  held.reset();
  EXPECT_TRUE(gets_all(other, exclusive));
}

TEST_P(FileLock, IsKeptByAGuardThatCouldNotUnlock) {
  auto one = open(), other = open();
  std::optional<file_lock> held = take(one.lock_file(exclusive));
  {
    const armed fails({.which = call::fcntl, .native = ENOLCK});
    EXPECT_TRUE(failed_with(held->unlock(), ENOLCK));
  }
  EXPECT_TRUE(held->owns_lock());
  EXPECT_FALSE(gets_all(other, shared));
  held.reset();
  EXPECT_TRUE(gets_all(other, exclusive));
}

// ------------------------------------------------------------------------------------- processes

TEST_P(FileLock, IsFreedByAKill) {
  for (const deadline limit : {deadline::never(), long_enough}) {
    auto mine = open();
    const word locked;
    child holder([&] {
      auto its = open();
      take(its.lock_file(exclusive, limit)).release();
      locked.give();
      for (;;) ::pause();
      return 0;
    });
    locked.await();
    EXPECT_FALSE(gets_all(mine, shared));
    holder.kill();
    EXPECT_TRUE(gets_all(mine, exclusive));
  }
}

TEST_P(FileLock, IsKeptByAChildThatWasForked) {
  auto mine = open(), other = open();
  take(mine.lock_file(exclusive)).release();
  child heir([] {
    for (;;) ::pause();
    return 0;
  });
  take(mine.close());
  EXPECT_FALSE(gets_all(other, shared));
  heir.kill();
  EXPECT_TRUE(gets_all(other, exclusive));
}

/// Adds 1 to the number in the file, giving others the chance to come between.
void increment(file_handle& file) {
  std::array<std::uint64_t, 1> number{};
  take(file.read(std::as_writable_bytes(std::span(number)), 0));
  ::sched_yield();
  ++number[0];
  take(file.write(std::as_bytes(std::span(number)), 0));
}

TEST_P(FileLock, LetsSeveralProcessesCountWithoutALoss) {
  constexpr std::uint64_t processes = 4, rounds = 250;
  // How many counts are lost where each is made so.
  const auto lost = [&](const std::function<void(file_handle&)>& count) {
    auto file = open();
    take(file.truncate(0));
    take(file.truncate(8));
    {
      std::vector<child> all;
      for (std::uint64_t i = 0; i < processes; ++i) {
        all.emplace_back([&] {
          auto its = open();
          for (std::uint64_t round = 0; round < rounds; ++round) count(its);
          return 0;
        });
      }
      for (child& each : all) EXPECT_EQ(each.ends(), 0);
    }
    std::array<std::uint64_t, 1> number{};
    take(file.read(std::as_writable_bytes(std::span(number)), 0));
    return processes * rounds - number[0];
  };

  for (const deadline limit : {deadline::never(), long_enough}) {
    EXPECT_EQ(lost([&](file_handle& file) {
                const auto held = take(file.lock_file_range({0, 8}, exclusive, limit));
                increment(file);
              }),
              0U);
  }
  testing::patience left(30s);
  while (lost(increment) == 0) ASSERT_FALSE(left.is_over()) << "without locks, none was lost";
}

// ---------------------------------------------------------------------------------------- refusals

TEST_P(FileLock, NeedsAHandleThatDoesAsMuch) {
  auto reader = open(mode::read), appends = open(mode::append), names = open(mode::none);
  for (const deadline limit : {once, deadline::never()}) {
    EXPECT_TRUE(succeeded(reader.lock_file(shared, limit)));
    EXPECT_TRUE(failed_with(reader.lock_file(exclusive, limit), EBADF));
    EXPECT_TRUE(succeeded(appends.lock_file(exclusive, limit)));
    EXPECT_TRUE(failed_with(appends.lock_file_range({0, 1}, shared, limit), EBADF));
    EXPECT_TRUE(failed_with(names.lock_file(shared, limit), EBADF));
    EXPECT_TRUE(failed_with(file_handle().lock_file(shared, limit), EBADF));
  }
}

TEST_P(FileLock, IsOfBytesThatAFileCanHave) {
  auto one = open(), other = open();
  const armed counting;
  for (const extent part : {extent{}, extent{100, 0}, extent{biggest_offset, 1},
                            extent{1, biggest_offset}, extent{~std::uint64_t{0}, 2},
                            extent{2, ~std::uint64_t{0}}, extent{biggest_offset + 1, 1}}) {
    EXPECT_TRUE(failed_with(one.lock_file_range(part, exclusive), EINVAL));
  }
  EXPECT_EQ(detail::calls_seen(call::fcntl), 0U);
  EXPECT_TRUE(gets(other, {0, biggest_offset}, exclusive));
}

TEST_P(FileLock, ReportsWhatElseIsWrong) {
  auto file = open();
  for (const deadline limit : {once, deadline::never()}) {
    for (const int native : {ENOLCK, EOPNOTSUPP, EIO, EACCES}) {
      const armed fails({.which = call::fcntl, .native = native});
      EXPECT_TRUE(failed_with(file.lock_file(exclusive, limit), native));
    }
  }
}

} // namespace
} // namespace afio::unit
