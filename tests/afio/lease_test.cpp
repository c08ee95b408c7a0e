// Leases: who has a file open is found out, and who opens it later is not missed.
#include "afio/file_handle.hpp"
#include "tests/afio/per_file_system.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <optional>
#include <string>

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace afio::unit {
namespace {

/// Another process that opens a file, as programs do: it waits for a lease.
class other_process {
public:
  other_process(const std::string& path, int flags) {
    if (::pipe2(pipe_, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
    id_ = ::fork();
    if (id_ != 0) return;
    ::close(pipe_[0]);
    const int opened = ::open(path.c_str(), flags | O_CLOEXEC);
    const bool done = opened >= 0 && (flags == O_RDONLY || ::pwrite(opened, "!", 1, 0) == 1);
    const char word = done ? 'y' : 'n';
    (void)!::write(pipe_[1], &word, 1);
    ::_exit(0);
  }

  other_process(const other_process&) = delete;

  ~other_process() {
    ::kill(id_, SIGKILL);
    ::waitpid(id_, nullptr, 0);
    ::close(pipe_[0]);
    ::close(pipe_[1]);
  }

  /// Whether it has done what it came for, after so long at the most.
  bool is_done(int milliseconds) {
    ::pollfd readable{pipe_[0], POLLIN, 0};
    char word = 0;
    return ::poll(&readable, 1, milliseconds) == 1 && ::read(pipe_[0], &word, 1) == 1 &&
           word == 'y';
  }

private:
  pid_t id_ = -1;
  int pipe_[2];
};

class Lease : public per_file_system {
protected:
  void SetUp() override {
    per_file_system::SetUp();
    if (!IsSkipped()) make("f f 100");
  }

  file_handle open(mode m) const { return take(file_handle::file(dir, leaf("f"), {.mode = m})); }

  std::string path() const { return at("f").native(); }

  /// Waits until somebody wants what the lease keeps.
  static bool is_wanted(const file_handle& file, lease kind) {
    for (int i = 0; i < 5'000; ++i) {
      if (!take(file.holds_lease(kind))) return true;
      ::usleep(1'000);
    }
    return false;
  }
};

INSTANTIATE_TEST_SUITE_P(Kinds, Lease, all_kinds(), kind_of);

TEST_P(Lease, IsHeldUntilItIsDroppedOrTheHandleClosed) {
  auto file = open(mode::read);
  EXPECT_FALSE(take(file.holds_lease(lease::read)));
  EXPECT_TRUE(take(file.try_lease(lease::read)));
  EXPECT_TRUE(take(file.holds_lease(lease::read)));
  EXPECT_FALSE(take(file.holds_lease(lease::write)));
  const auto another = take(file.clone(mode::read, caching::all));
  EXPECT_FALSE(take(another.holds_lease(lease::read))) << "it is the handle's own";
  EXPECT_TRUE(succeeded(file.drop_lease()));
  EXPECT_FALSE(take(file.holds_lease(lease::read)));
  EXPECT_TRUE(succeeded(file.drop_lease())) << "there is none any more";
  EXPECT_TRUE(take(file.try_lease(lease::read)));
  take(file.close());
  other_process writer(path(), O_WRONLY);
  EXPECT_TRUE(writer.is_done(10'000));
}

TEST_P(Lease, OfReadersGoTogetherAndThatOfAWriterIsAlone) {
  auto one = open(mode::read), other = open(mode::read);
  EXPECT_TRUE(take(one.try_lease(lease::read)));
  EXPECT_TRUE(take(other.try_lease(lease::read)));
  EXPECT_FALSE(take(one.try_lease(lease::write)));
  EXPECT_TRUE(take(one.holds_lease(lease::read))) << "what it had, it keeps";
  take(other.close());
  EXPECT_TRUE(take(one.try_lease(lease::write)));
  EXPECT_TRUE(take(one.holds_lease(lease::write)));
  EXPECT_TRUE(take(one.holds_lease(lease::read))) << "it is more than that";
}

TEST_P(Lease, IsRefusedWhileSomebodyElseCouldWrite) {
  auto reader = open(mode::read);
  {
    const auto writer = open(mode::write);
    EXPECT_FALSE(take(reader.try_lease(lease::read)));
    EXPECT_FALSE(take(reader.try_lease(lease::write)));
  }
  EXPECT_TRUE(take(reader.try_lease(lease::read)));
}

TEST_P(Lease, IsRefusedWhileTheFileIsMappedThoughItsDescriptorIsClosed) {
  auto reader = open(mode::read);
  const int file = ::open(path().c_str(), O_RDWR | O_CLOEXEC);
  void* const mapped = ::mmap(nullptr, 1, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  ASSERT_NE(mapped, MAP_FAILED);
  ::close(file);
  EXPECT_FALSE(take(reader.try_lease(lease::read)));
  ::munmap(mapped, 1);
  EXPECT_TRUE(take(reader.try_lease(lease::read)));
}

TEST_P(Lease, OfAWriterIsRefusedWhileAnybodyElseReads) {
  auto writer = open(mode::write);
  EXPECT_FALSE(take(writer.try_lease(lease::read))) << "this handle itself writes";
  {
    const auto reader = open(mode::read);
    EXPECT_FALSE(take(writer.try_lease(lease::write)));
  }
  const auto pinned = open(mode::none);
  EXPECT_TRUE(take(writer.try_lease(lease::write))) << "a handle that only names it is no reader";
}

TEST_P(Lease, MakesAWriterWaitAndTellsOfIt) {
  auto file = open(mode::read);
  ASSERT_TRUE(take(file.try_lease(lease::read)));
  other_process reader(path(), O_RDONLY);
  EXPECT_TRUE(reader.is_done(10'000));
  EXPECT_TRUE(take(file.holds_lease(lease::read)));
  // This process has no handler of any signal, and lives on.
  other_process writer(path(), O_WRONLY);
  ASSERT_TRUE(is_wanted(file, lease::read));
  EXPECT_FALSE(writer.is_done(100));
  EXPECT_FALSE(take(file.holds_lease(lease::read))) << "it stays wanted";
  take(file.drop_lease());
  EXPECT_TRUE(writer.is_done(10'000));
}

TEST_P(Lease, OfAWriterMakesReadersWait) {
  auto file = open(mode::write);
  ASSERT_TRUE(take(file.try_lease(lease::write)));
  other_process reader(path(), O_RDONLY);
  ASSERT_TRUE(is_wanted(file, lease::write));
  EXPECT_FALSE(reader.is_done(100));
  take(file.drop_lease()); // To close it would not do: a child that was forked has it, too.
  EXPECT_TRUE(reader.is_done(10'000));
}

TEST_P(Lease, IsAskedBackByAnOpenThatDoesNotWait) {
  auto file = open(mode::write);
  ASSERT_TRUE(take(file.try_lease(lease::write)));
  EXPECT_TRUE(failed_with(file_handle::file(dir, leaf("f")), EAGAIN));
  EXPECT_FALSE(take(file.holds_lease(lease::write)));
}

TEST_P(Lease, IsAskedBackByWhoTruncatesTheFileByItsName) {
  auto file = open(mode::read);
  ASSERT_TRUE(take(file.try_lease(lease::read)));
  const pid_t other = ::fork();
  if (other == 0) ::_exit(::truncate(path().c_str(), 0) == 0 ? 0 : 1);
  EXPECT_TRUE(is_wanted(file, lease::read));
  EXPECT_EQ(take(file.size()), 100U);
  take(file.drop_lease());
  int status = -1;
  EXPECT_EQ(::waitpid(other, &status, 0), other);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(take(file.size()), 0U);
}

/// The signals that this process got, none of which it has asked for.
std::array<volatile std::sig_atomic_t, 65> signals{};

TEST_P(Lease, IsToldBySigurgAloneHowManyEverCome) {
  const auto count = [](int signal) { signals[static_cast<std::size_t>(signal)] = 1; };

  struct sigaction counting {};

  counting.sa_handler = count;

  struct sigaction io_before {
  }, urgent_before{};

  ASSERT_EQ(::sigaction(SIGIO, &counting, &io_before), 0);
  ASSERT_EQ(::sigaction(SIGURG, &counting, &urgent_before), 0);
  for (int i = 0; i < 100; ++i) {
    auto file = open(mode::read);
    ASSERT_TRUE(take(file.try_lease(lease::read)));
    const int refused = ::open(path().c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    EXPECT_EQ(refused, -1);
  }
  ::sigaction(SIGIO, &io_before, nullptr);
  ::sigaction(SIGURG, &urgent_before, nullptr);
  EXPECT_EQ(signals[SIGURG], 1);
  EXPECT_EQ(signals[SIGIO], 0);
}

TEST_P(Lease, OfAnotherUsersFileNeedsACapability) {
  take(open(mode::none).set_owner(12'345, 12'345));
  auto mine = open(mode::read);
  EXPECT_TRUE(take(mine.try_lease(lease::read)));
  take(mine.drop_lease());
  const pid_t other = ::fork();
  if (other == 0) {
    if (::setresuid(12'346, 12'346, 12'346) != 0) ::_exit(2);
    ::_exit(failed_with(mine.try_lease(lease::read), EACCES) ? 0 : 1);
  }
  int status = -1;
  EXPECT_EQ(::waitpid(other, &status, 0), other);
  EXPECT_EQ(status, 0);
}

TEST_P(Lease, ReportsWhatElseIsWrong) {
  auto file = open(mode::read);
  for (const int native : {EINVAL, ENOLCK, EOPNOTSUPP, EACCES}) {
    for (const std::uint64_t nth : {1, 2}) {
      const armed fails({.which = call::fcntl, .nth = nth, .native = native});
      EXPECT_TRUE(failed_with(file.try_lease(lease::read), native));
    }
    const armed fails({.which = call::fcntl, .native = native});
    EXPECT_TRUE(failed_with(file.holds_lease(lease::read), native));
  }
  {
    const armed busy({.which = call::fcntl, .nth = 2, .native = EBUSY});
    EXPECT_FALSE(take(file.try_lease(lease::read)));
  }
  const armed fails({.which = call::fcntl, .native = EIO});
  EXPECT_TRUE(failed_with(file.drop_lease(), EIO));
  EXPECT_TRUE(failed_with(open(mode::none).try_lease(lease::read), EBADF));
}

} // namespace
} // namespace afio::unit
