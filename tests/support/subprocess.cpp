#include "tests/support/subprocess.hpp"

#include "tests/support/failed.hpp"
#include "tests/support/patience.hpp"

#include <array>
#include <cstring>

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace afio::testing {
namespace {

using clock = std::chrono::steady_clock;

struct pipe_ends {
  unique_fd read, write;
};

pipe_ends make_pipe() {
  int ends[2];
  checked(::pipe2(ends, O_CLOEXEC), "pipe2");
  return {unique_fd(ends[0]), unique_fd(ends[1])};
}

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> result;
  for (const auto& word : words) result.push_back(const_cast<char*>(word.c_str()));
  result.push_back(nullptr);
  return result;
}

// All that the new process needs, made before the fork: after it nothing may be allocated.
struct plan {
  const program& what;
  const std::function<int()>& before_exec;
  std::vector<char*> arguments, environment;
  int output, errors, report;
};

int become(uid_t user) {
  const bool done = ::setgroups(0, nullptr) == 0 && ::setresgid(user, user, user) == 0 &&
                    ::setresuid(user, user, user) == 0;
  return done ? 0 : errno;
}

int connect_streams(const plan& p) {
  const int nothing = ::open("/dev/null", O_RDONLY);
  const bool done = nothing >= 0 && ::dup2(nothing, 0) == 0 && ::dup2(p.output, 1) == 1 &&
                    ::dup2(p.errors, 2) == 2;
  if (nothing > 2) ::close(nothing);
  return done ? 0 : errno;
}

int set_limits(const program& what) {
  for (const auto& [resource, value] : what.limits) {
    const rlimit limit{value, value};
    if (::setrlimit(static_cast<__rlimit_resource>(resource), &limit) != 0) return errno;
  }
  return 0;
}

int prepare(const plan& p) {
  if (::setpgid(0, 0) != 0) return errno;
  if (const int error = connect_streams(p)) return error;
  if (!p.what.directory.empty() && ::chdir(p.what.directory.c_str()) != 0) return errno;
  if (const int error = set_limits(p.what)) return error;
  if (p.what.user) {
    if (const int error = become(*p.what.user)) return error;
  }
  // After the change of user, which would undo it: a test that dies takes its program with it.
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return errno;
  return p.before_exec ? p.before_exec() : 0;
}

[[noreturn]] void become_program(const plan& p) {
  int error = prepare(p);
  if (error == 0) {
    ::execve(p.arguments[0], p.arguments.data(),
             p.what.environment.empty() ? environ : p.environment.data());
    error = errno;
  }
  (void)!::write(p.report, &error, sizeof error);
  ::_exit(127);
}

// Reads until the pipe is empty or closed. False: it was closed.
bool read_into(int fd, std::string& captured) {
  std::array<char, 16384> buffer;
  for (;;) {
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno == EAGAIN;
    if (got == 0) return false;
    const auto room = captured_limit - std::min(captured_limit, captured.size());
    captured.append(buffer.data(), std::min<std::size_t>(room, static_cast<std::size_t>(got)));
  }
}

} // namespace

child::child(const program& what, const std::function<int()>& before_exec)
    : started_(clock::now()) {
  auto [output, output_end] = make_pipe();
  auto [errors, errors_end] = make_pipe();
  auto [report, report_end] = make_pipe();
  for (int fd : {output.get(), errors.get()}) checked(::fcntl(fd, F_SETFL, O_NONBLOCK), "fcntl");
  const plan p{what,
               before_exec,
               pointers(what.arguments),
               pointers(what.environment),
               output_end.get(),
               errors_end.get(),
               report_end.get()};
  id_ = checked(::fork(), "fork");
  if (id_ == 0) become_program(p);
  ended_ = unique_fd(static_cast<int>(::syscall(SYS_pidfd_open, id_, 0)));
  output_ = std::move(output);
  errors_ = std::move(errors);
  report_end.reset();
  int error = 0;
  // The other end closes itself at execve: nothing to read means that the program runs.
  if (::read(report.get(), &error, sizeof error) > 0) {
    ::waitpid(id_, nullptr, 0);
    id_ = -1;
    throw std::system_error(error, std::system_category(), "cannot start " + what.arguments[0]);
  }
}

child::~child() {
  if (id_ < 0) return;
  kill();
  ::waitpid(id_, nullptr, 0);
}

void child::drain() {
  if (output_ && !read_into(output_.get(), end_.output)) output_.reset();
  if (errors_ && !read_into(errors_.get(), end_.errors)) errors_.reset();
}

void child::kill() noexcept { ::kill(-id_, SIGKILL); }

ending child::reap() {
  siginfo_t ended{};
  checked(::waitid(P_PID, static_cast<id_t>(id_), &ended, WEXITED | WNOWAIT), "waitid");
  // What it has started and left behind would go on changing the scene. Before it is reaped: until
  // then nobody else can have got the number of its group.
  kill();
  int status = 0;
  rusage usage{};
  checked(::wait4(id_, &status, 0, &usage), "wait4");
  id_ = -1;
  drain();
  end_.duration = std::chrono::duration_cast<std::chrono::microseconds>(clock::now() - started_);
  end_.peak_kib = usage.ru_maxrss;
  if (WIFEXITED(status)) end_.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) end_.signal = WTERMSIG(status);
  return std::move(end_);
}

ending run(const program& what, std::chrono::milliseconds time) {
  child running(what);
  patience left(time);
  bool ended = false;
  while (!ended && !left.is_over()) {
    pollfd fds[] = {{running.ended_fd(), POLLIN, 0},
                    {running.output_fd(), POLLIN, 0},
                    {running.errors_fd(), POLLIN, 0}};
    ::poll(fds, 3, patience::wait_ms);
    running.drain();
    ended = fds[0].revents != 0;
  }
  if (!ended) running.kill();
  ending end = running.reap();
  end.hung = !ended;
  return end;
}

std::string describe(const ending& end) {
  std::string text = end.hung     ? "hung"
                     : end.signal ? "signal " + std::to_string(end.signal)
                                  : "exit " + std::to_string(end.exit_code);
  if (!end.output.empty()) text += "\nstdout: " + end.output;
  if (!end.errors.empty()) text += "\nstderr: " + end.errors;
  return text;
}

} // namespace afio::testing
