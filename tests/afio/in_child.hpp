// What a process comes to that does what nobody should.
#pragma once

#include <csignal>
#include <stdexcept>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace afio::unit {

/// Sanitizers would make an exit status of these signals. Before anything is guarded.
inline const bool signals_end_processes =
    std::signal(SIGSEGV, SIG_DFL) != SIG_ERR && std::signal(SIGBUS, SIG_DFL) != SIG_ERR;

/// Calls `act` in a process of its own: what it returns there, or minus the signal that ended it.
template <class F>
int in_child(F&& act) {
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("fork");
  if (child == 0) {
    const rlimit no_core{};
    ::setrlimit(RLIMIT_CORE, &no_core);
    ::_exit(act());
  }
  int status = 0;
  if (::waitpid(child, &status, 0) != child) throw std::runtime_error("waitpid");
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/// 0 if a byte can be read there, or the signal that it is, negative.
inline int reading(const std::byte* at) {
  return in_child([at] {
    (void)*static_cast<const volatile std::byte*>(at);
    return 0;
  });
}

/// The same for a store.
inline int storing(std::byte* at) {
  return in_child([at] {
    *static_cast<volatile std::byte*>(at) = std::byte{1};
    return 0;
  });
}

} // namespace afio::unit
