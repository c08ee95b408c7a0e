// What is not there is an error, for who asks for that, and the end of the process for who does
// not.
#include "afio/guarded.hpp"
#include "afio/map_handle.hpp"
#include "afio/memory_usage.hpp"
#include "tests/afio/in_child.hpp"
#include "tests/afio/scene.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <thread>
#include <vector>

#include <unistd.h>

namespace afio::unit {
namespace {

const std::uint64_t page = page_size();

std::atomic<int> handed_on = 0;

/// What a program had set before us: it counts, and ends as the signal would.
void was_there_before(int number, siginfo_t* about, void* context) {
  if (about == nullptr || context == nullptr) ::_exit(99);
  ++handed_on;
  if (about->si_code > 0) ::_exit(number + 100);
}

void set_action(void (*handler)(int)) { std::signal(SIGBUS, handler); }

void set_earlier_action() {
  struct sigaction action = {};
  action.sa_sigaction = &was_there_before;
  action.sa_flags = SA_SIGINFO;
  ::sigaction(SIGBUS, &action, nullptr);
}

/// All memory that there may be.
const_buffer everything() { return {static_cast<const std::byte*>(nullptr), ~std::size_t{0}}; }

void ignore_result(const result<void>&) {}

class Guarded : public scene {
protected:
  /// One page that is there, and three that are not.
  Guarded() { take(section.truncate(page)); }

  const_buffer there() const { return map.bytes().first(page); }

  const_buffer gone() const { return map.bytes().subspan(page); }

  void touch(const_buffer bytes) const {
    (void)*static_cast<const volatile std::byte*>(bytes.data());
  }

  section_handle section = take(section_handle::section(4 * page));
  map_handle map = take(map_handle::map(section));
};

/// First, because the first guard of a process is what sets its action: here, that of a child.
class EarlierAction : public Guarded {};

TEST_F(EarlierAction, IsAskedForWhatIsNotGuarded) {
  EXPECT_EQ(in_child([&] {
              set_earlier_action();
              if (guarded(gone(), [&] { touch(gone()); })) return 1;
              if (handed_on != 0) return 2;
              ::raise(SIGBUS);
              if (handed_on != 1) return 3;
              touch(gone());
              return 4;
            }),
            SIGBUS + 100);
}

TEST_F(EarlierAction, WithoutMoreThanANumberIsAskedToo) {
  EXPECT_EQ(in_child([&] {
              set_action([](int number) { ::_exit(number + 50); });
              if (guarded(gone(), [&] { touch(gone()); })) return 1;
              touch(gone());
              return 2;
            }),
            SIGBUS + 50);
}

TEST_F(EarlierAction, ThatIsTheKernelsEndsTheProcess) {
  const auto ended_by = [&](auto act) {
    return in_child([&] {
      set_action(SIG_DFL);
      if (guarded(gone(), [&] { touch(gone()); })) return 1;
      act();
      return 0;
    });
  };
  EXPECT_EQ(ended_by([&] { touch(gone()); }), -SIGBUS);
  EXPECT_EQ(ended_by([] { ::raise(SIGBUS); }), -SIGBUS);
  EXPECT_EQ(ended_by([&] { ignore_result(guarded(everything(), [] { ::raise(SIGBUS); })); }),
            -SIGBUS); // One that was sent is about no memory.
}

TEST_F(EarlierAction, ThatIgnoresWhatIsSentStaysSo) {
  EXPECT_EQ(in_child([&] {
              set_action(SIG_IGN);
              if (guarded(gone(), [&] { touch(gone()); })) return 1;
              ::raise(SIGBUS);
              if (guarded(gone(), [&] { touch(gone()); })) return 2;
              touch(gone()); // The kernel ignores no such signal.
              return 3;
            }),
            -SIGBUS);
}

TEST_F(Guarded, CopiesWhatIsThere) {
  map.bytes()[5] = std::byte{5};
  std::array<std::byte, 10> copy{};
  EXPECT_TRUE(succeeded(copy_guarded(there().first(10), copy)));
  EXPECT_EQ(copy[5], std::byte{5});
}

TEST_F(Guarded, WhatIsGoneIsAnError) {
  std::array<std::byte, 10> copy{};
  for (int i = 0; i < 3; ++i) {
    const auto outcome = copy_guarded(gone().first(10), copy);
    ASSERT_TRUE(failed_with(outcome, EFAULT));
    ASSERT_EQ(outcome.assume_error().origin(), call::mmap);
  }
  // Over the edge, where the first byte that is not there is not the first.
  std::vector<std::byte> longer(2 * page);
  EXPECT_TRUE(failed_with(copy_guarded(map.bytes().first(2 * page), longer), EFAULT));
  EXPECT_TRUE(failed_with(guarded(gone(), [&] { map.bytes()[2 * page] = std::byte{1}; }), EFAULT));
}

TEST_F(Guarded, WhatWasDoneStaysDone) {
  int steps = 0;
  EXPECT_TRUE(failed_with(guarded(gone(),
                                  [&] {
                                    steps = steps + 1;
                                    touch(gone());
                                    steps = steps + 10;
                                  }),
                          EFAULT));
  EXPECT_EQ(steps, 1);
}

TEST_F(Guarded, IsOverWhenItReturns) {
  EXPECT_TRUE(failed_with(guarded(gone(), [&] { touch(gone()); }), EFAULT));
  EXPECT_TRUE(succeeded(guarded(gone(), [] {})));
  EXPECT_EQ(reading(gone().data()), -SIGBUS);
}

TEST_F(Guarded, OnlyWhatItWasToldToGuard) {
  EXPECT_EQ(in_child([&] {
              ignore_result(guarded(there(), [&] { touch(gone()); }));
              return 0;
            }),
            -SIGBUS);
  EXPECT_EQ(in_child([&] {
              ignore_result(guarded(gone().first(page), [&] { touch(gone().subspan(page)); }));
              return 0;
            }),
            -SIGBUS);
}

TEST_F(Guarded, NothingOfAnotherKind) {
  const auto nothing = take(map_handle::reserve(page));
  const const_buffer pages(nothing.address(), page);
  EXPECT_EQ(in_child([&] {
              ignore_result(guarded(pages, [&] { touch(pages); }));
              return 0;
            }),
            -SIGSEGV);
}

TEST_F(Guarded, KeepsTheSignalsThatWereBlocked) {
  sigset_t some;
  sigset_t before;
  sigset_t after;
  sigemptyset(&some);
  sigaddset(&some, SIGUSR1);
  ASSERT_EQ(::pthread_sigmask(SIG_BLOCK, &some, &before), 0);
  EXPECT_TRUE(failed_with(guarded(gone(), [&] { touch(gone()); }), EFAULT));
  ASSERT_EQ(::pthread_sigmask(SIG_SETMASK, &before, &after), 0);
  for (const int each : {SIGUSR1, SIGBUS, SIGTERM}) {
    EXPECT_EQ(sigismember(&after, each), each == SIGUSR1 ? 1 : sigismember(&before, each));
  }
}

TEST_F(Guarded, TheInnermostGuardThatHasItEnds) {
  const const_buffer one = gone().first(page);
  const const_buffer two = gone().subspan(page, page);
  std::vector<int> seen;
  seen.reserve(8); // Nothing allocates in there.
  const auto outcome = guarded(one, [&] {
    const auto inner = guarded(two, [&] { touch(two); });
    seen.push_back(inner ? 0 : 1);
    ignore_result(guarded(two, [&] {
      ignore_result(guarded(there(), [&] { touch(one); }));
      seen.push_back(2); // Not reached: the outermost ends.
    }));
    seen.push_back(3);
  });
  EXPECT_TRUE(failed_with(outcome, EFAULT));
  EXPECT_EQ(seen, std::vector<int>{1});
  // Those that were left behind guard nothing any more.
  EXPECT_EQ(in_child([&] {
              touch(two);
              return 0;
            }),
            -SIGBUS);
  EXPECT_TRUE(failed_with(guarded(two, [&] { touch(two); }), EFAULT));
}

TEST_F(Guarded, EachThreadByItself) {
  std::vector<std::jthread> threads;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      std::array<std::byte, 64> copy{};
      for (int i = 0; i < 2'000; ++i) {
        const bool expected = (i + t) % 2 == 0;
        const auto outcome = copy_guarded((expected ? there() : gone()).first(64), copy);
        if (outcome.has_value() != expected) ++wrong;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(in_child([&] {
              std::atomic<bool> guards = false;
              std::atomic<bool> over = false;
              std::jthread other([&] {
                ignore_result(guarded(gone(), [&] {
                  guards = true;
                  while (!over) ::usleep(100);
                }));
              });
              while (!guards) ::usleep(100);
              touch(gone()); // Guarded by another thread only.
              over = true;
              return 0;
            }),
            -SIGBUS);
}

} // namespace
} // namespace afio::unit
