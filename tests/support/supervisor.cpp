#include "tests/support/supervisor.hpp"

#include "tests/support/failed.hpp"
#include "tests/support/patience.hpp"
#include "tests/support/supervisor_filter.hpp"

#include <algorithm>
#include <climits>
#include <unordered_map>

#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

// Since 6.6; older headers don't have them.
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

namespace afio::testing {
namespace {

using clock = std::chrono::steady_clock;

std::string proc(pid_t thread, const std::string& entry) {
  return "/proc/" + std::to_string(thread) + "/" + entry;
}

std::string link_target(const std::string& link) {
  char target[PATH_MAX];
  const ssize_t size = ::readlink(link.c_str(), target, sizeof target);
  return std::string(target, size > 0 ? static_cast<std::size_t>(size) : 0);
}

int descriptor_in(const stop& at, signed char argument) {
  return static_cast<int>(at.arguments[static_cast<std::size_t>(argument)]);
}

std::string directory_of(const stop& at, const named_at& where) {
  const bool working_directory =
      where.descriptor == none || descriptor_in(at, where.descriptor) == AT_FDCWD;
  return link_target(proc(
      at.thread,
      working_directory ? "cwd" : "fd/" + std::to_string(descriptor_in(at, where.descriptor))));
}

std::optional<std::string> subject(const stop& at, const named_at& where) {
  if (where.path == none) {
    if (where.descriptor == none) return std::nullopt;
    return directory_of(at, where);
  }
  auto name = at.text(where.path);
  if (!name || name->starts_with('/')) return name;
  const auto directory = directory_of(at, where);
  return name->empty() ? directory : directory + "/" + *name;
}

bool mentions(const stop& at, const std::string& text) {
  const auto paths = at.subjects();
  return std::any_of(paths.begin(), paths.end(),
                     [&](const auto& path) { return path.find(text) != std::string::npos; });
}

// A pipe that the program has made. A sanitizer's runtime writes to such, to see by the error which
// memory is there, and gives up at any other error.
bool is_own_pipe(const stop& at) {
  const auto& where = at.call.first;
  if (where.path != none || where.descriptor == none) return false;
  return descriptor_in(at, where.descriptor) > STDERR_FILENO &&
         directory_of(at, where).starts_with("pipe:");
}

std::string print(const stop& at) {
  std::string text(at.call.name);
  for (const auto& path : at.subjects()) text += " " + path;
  return text;
}

class session {
public:
  session(const program& what, const stop_handler& handler, const supervision& options)
      : options_(options),
        handler_(handler),
        filter_{file_system_calls(), options.streams == supervision::streams::stopped_at
                                         ? stream_calls()
                                         : std::span<const call>{}},
        child_(what, [this] { return filter_.install(); }),
        listener_(filter_.listener()),
        counting_(options.count_from.empty()) {
    for (const auto calls : {file_system_calls(), stream_calls()}) {
      for (const call& one : calls) by_number_.emplace(one.number, &one);
    }
    // Halves the time of a stop: the two sides take turns on one processor. Not there: only slower.
    ::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
  }

  supervised run() {
    patience left(options_.time);
    bool ended = false;
    while (!ended && !left.is_over()) ended = step();
    if (!ended) child_.kill();
    static_cast<ending&>(result_) = child_.reap();
    result_.hung = !ended;
    return std::move(result_);
  }

private:
  // Waits for one thing to happen and deals with it. True: the program has ended.
  bool step() {
    pollfd fds[] = {{listener_.get(), POLLIN, 0},
                    {child_.ended_fd(), POLLIN, 0},
                    {child_.output_fd(), POLLIN, 0},
                    {child_.errors_fd(), POLLIN, 0}};
    if (::poll(fds, 4, patience::wait_ms) <= 0) return false;
    if (fds[0].revents & POLLIN) {
      serve();
    } else if (fds[0].revents != 0) {
      listener_.reset();
    }
    if ((fds[2].revents | fds[3].revents) != 0) child_.drain();
    return fds[1].revents != 0;
  }

  void serve() {
    seccomp_notif request{};
    // Fails when a signal has ended the thread meanwhile: then nobody waits.
    if (::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_RECV, &request) != 0) return;
    const action decided = decide(request);
    if (decided.what() == action::kind::kill) return child_.kill();
    seccomp_notif_resp response{};
    response.id = request.id;
    if (decided.what() == action::kind::fail) {
      response.error = -decided.error();
    } else {
      response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    }
    ::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_SEND, &response);
  }

  action decide(const seccomp_notif& request) {
    const call& called = *by_number_.at(request.data.nr);
    stop at{result_.stops + 1,
            result_.stops_at[called.name] + 1,
            static_cast<pid_t>(request.pid),
            called,
            {}};
    std::copy(std::begin(request.data.args), std::end(request.data.args), at.arguments.begin());
    if (!counting_) counting_ = mentions(at, options_.count_from);
    if (!counting_ || is_own_pipe(at)) {
      ++result_.skipped;
      return action::continue_it();
    }
    result_.stops = at.ordinal;
    result_.stops_at[called.name] = at.nth;
    const action decided = handler_(at);
    if (decided.what() == action::kind::kill && !result_.killed_at) result_.killed_at = at.ordinal;
    if (clock::now() > last_noted_ + std::chrono::milliseconds(100)) note(at);
    return decided;
  }

  // Now and then only, as it costs several calls; what loops for ever comes by again.
  void note(const stop& at) {
    last_noted_ = clock::now();
    result_.last_stop = print(at);
  }

  const supervision& options_;
  const stop_handler& handler_;
  stop_filter filter_;
  child child_;
  unique_fd listener_;
  std::unordered_map<int, const call*> by_number_;
  bool counting_;
  supervised result_;
  clock::time_point last_noted_{};
};

} // namespace

std::optional<std::string> stop::text(int argument) const {
  constexpr std::size_t page = 4096;
  std::string result;
  auto address = arguments[static_cast<std::size_t>(argument)];
  // A page at a time: the next one may not be there.
  while (address != 0 && result.size() < PATH_MAX) {
    char bytes[page];
    const std::size_t wanted = page - address % page;
    const iovec here{bytes, wanted};
    const iovec there{reinterpret_cast<void*>(address), wanted};
    const ssize_t got = ::process_vm_readv(thread, &here, 1, &there, 1, 0);
    if (got <= 0) return std::nullopt;
    const auto end = std::find(bytes, bytes + got, '\0');
    result.append(bytes, end);
    if (end != bytes + got) return result;
    address += static_cast<std::uint64_t>(got);
  }
  return std::nullopt;
}

std::optional<identity> stop::opened(int argument) const {
  struct ::stat found;
  const int fd = static_cast<int>(arguments[static_cast<std::size_t>(argument)]);
  if (::stat(proc(thread, "fd/" + std::to_string(fd)).c_str(), &found) != 0) return std::nullopt;
  return identity_of(found);
}

std::vector<std::string> stop::subjects() const {
  std::vector<std::string> paths;
  for (const auto& where : {call.first, call.second}) {
    if (auto path = subject(*this, where)) paths.push_back(std::move(*path));
  }
  return paths;
}

supervised supervise(const program& what, const stop_handler& handler, const supervision& options) {
  return session(what, handler, options).run();
}

std::string no_supervision() {
  try {
    const auto end = supervise({{"/bin/true"}}, [](const stop&) { return action::continue_it(); });
    return end.exited_with(0) && end.stops > 0 ? "" : "no stop was seen: " + describe(end);
  } catch (const std::system_error& error) {
    return std::string("seccomp user notification: ") + error.what();
  }
}

} // namespace afio::testing
