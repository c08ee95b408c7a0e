#include "cli/common/signals.hpp"

#include <csignal>

namespace afio::cli {

namespace {

sigset_t stopping_signals() noexcept {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

} // namespace

signals::signals() {
  const sigset_t set = stopping_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN); // A closed pipe is an error of a write, not a death.
  waiter_ = std::thread([this] { wait(); });
}

signals::~signals() {
  done_.store(true);
  pthread_kill(waiter_.native_handle(), SIGINT); // Only to end its wait.
  waiter_.join();
}

void signals::wait() noexcept {
  const sigset_t set = stopping_signals();
  int number = 0;
  if (sigwait(&set, &number) != 0 || done_.load()) return;
  received_.store(number);
  request_.request_stop();
  if (sigwait(&set, &number) != 0 || done_.load()) return;
  std::signal(number, SIG_DFL);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  std::raise(number);
}

} // namespace afio::cli
