#include "afio/guarded.hpp"

#include <atomic>
#include <csignal>
#include <cstdint>

#include <ucontext.h>

namespace afio::detail {

namespace {

thread_local bus_guard* innermost = nullptr;

struct sigaction action_before;

} // namespace

/// What the process does at SIGBUS.
struct bus_signal {
  static bool install() noexcept {
    struct sigaction ours = {};
    ours.sa_sigaction = &act;
    // Not blocked meanwhile, as an action before ours may need it. On the stack that the program
    // keeps for signals, if it has one.
    ours.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK;
    sigemptyset(&ours.sa_mask);
    return ::sigaction(SIGBUS, &ours, &action_before) == 0; // Always.
  }

  static void act(int number, siginfo_t* about, void* context) {
    for (bus_guard* guard = innermost; guard != nullptr; guard = guard->outer_) {
      if (!is_about(*about, guard->mapped_)) continue;
      innermost = guard; // Those within it are not destroyed on the way.
      // Somebody else's action may have called this one, with signals blocked until it returns.
      ::pthread_sigmask(SIG_SETMASK, &static_cast<ucontext_t*>(context)->uc_sigmask, nullptr);
      siglongjmp(guard->way_out_, 1);
    }
    hand_on(number, about, context);
  }

  /// Whether a page of `mapped` was touched, and is not there: nobody sent it, nor does the kernel
  /// tell of memory that went bad unread.
  static bool is_about(const siginfo_t& about, const_buffer mapped) noexcept {
    if (about.si_code <= 0 || about.si_code == BUS_MCEERR_AO) return false;
    const auto at = reinterpret_cast<std::uintptr_t>(about.si_addr);
    const auto from = reinterpret_cast<std::uintptr_t>(mapped.data());
    return at >= from && at - from < mapped.size();
  }

  static void hand_on(int number, siginfo_t* about, void* context) {
    if ((action_before.sa_flags & SA_SIGINFO) != 0)
      return action_before.sa_sigaction(number, about, context);
    const bool sent = about->si_code <= 0;
    if (action_before.sa_handler == SIG_IGN && sent) return;
    if (action_before.sa_handler != SIG_DFL && action_before.sa_handler != SIG_IGN)
      return action_before.sa_handler(number);
    // As it would have been: the access is tried again, and ends the process. (The kernel ignores
    // no such signal.) One that somebody sent is sent again.
    ::sigaction(number, &action_before, nullptr);
    if (sent) ::raise(number);
  }
};

bus_guard::bus_guard(const_buffer mapped) noexcept : mapped_(mapped), outer_(innermost) {
  [[maybe_unused]] static const bool installed = bus_signal::install(); // Once a process.
  std::atomic_signal_fence(std::memory_order_seq_cst);
  innermost = this;
  std::atomic_signal_fence(std::memory_order_seq_cst);
}

bus_guard::~bus_guard() {
  std::atomic_signal_fence(std::memory_order_seq_cst);
  innermost = outer_;
}

} // namespace afio::detail
