// Runs a command and prints what it cost, as one line on standard output:
//
//   wall time in ns, user time in us, system time in us, peak resident memory in KiB, exit status
//
// The command's own standard output is dropped. Times and memory are those of the command and the
// processes it waited for. An exit status of 128 + N says that signal N ended it.
//
// It is a program of its own, in plain C calls, because the kernel counts the memory that a process
// held before exec: started from an interpreter, every tool would seem to need the interpreter's 12
// MiB.

#include <cerrno>
#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

std::int64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

std::int64_t microseconds(const timeval& time) {
  return std::int64_t{time.tv_sec} * 1'000'000 + time.tv_usec;
}

[[noreturn]] void become(char** command, pid_t parent) {
  // An interrupted benchmark unmounts the tree, so nothing may still be working there.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);
  const int sink = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (sink >= 0 && ::dup2(sink, STDOUT_FILENO) >= 0) ::execvp(command[0], command);
  std::fprintf(stderr, "measure: %s: %s\n", command[0], std::strerror(errno));
  ::_exit(127);
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("usage: measure COMMAND [ARGUMENT...]\n", stderr);
    return 2;
  }
  const pid_t self = ::getpid();
  const auto start = now_ns();
  const pid_t child = ::fork();
  if (child == 0) become(argv + 1, self);
  if (child < 0) {
    std::perror("measure: fork");
    return 1;
  }
  int status = 0;
  rusage usage{};
  while (::wait4(child, &status, 0, &usage) < 0) {
    if (errno != EINTR) {
      std::perror("measure: wait4");
      return 1;
    }
  }
  const auto wall = now_ns() - start;
  std::printf("%" PRId64 " %" PRId64 " %" PRId64 " %ld %d\n", wall, microseconds(usage.ru_utime),
              microseconds(usage.ru_stime), usage.ru_maxrss,
              WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
  return 0;
}
