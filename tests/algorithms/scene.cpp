#include "tests/algorithms/scene.hpp"

#include "tests/support/failed.hpp"
#include "tests/support/unique_fd.hpp"

#include <array>
#include <cstdio>
#include <fstream>
#include <ostream>
#include <stdexcept>

#include <fcntl.h>
#include <grp.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

/// A process that ends in one of its threads waits for a second for what the others may find.
/// There is nothing to find for those who are killed on purpose. What TSAN_OPTIONS says comes
/// first.
extern "C" const char* __tsan_default_options() { return "atexit_sleep_ms=0"; }

namespace afio::unit {

namespace fs = std::filesystem;
using testing::checked;

// -------------------------------------------------------------------------------------- listener

void listener::failed(const failure& f) noexcept {
  failures.push_back({f.what, std::string(f.path), f.why});
}

void listener::skipped(const failure& f) noexcept {
  skips.push_back({f.what, std::string(f.path), f.why});
}

void listener::lost(const loss& l) noexcept {
  losses.push_back(std::string(l.what) + " of " + std::string(l.path));
}

void listener::happened(const event& e) noexcept {
  events.push_back({e.kind, std::string(e.path), e.type, e.bytes});
}

const listener::failed_entry& listener::failure_alone() const {
  if (failures.size() != 1) {
    throw std::runtime_error(std::to_string(failures.size()) + " failures instead of one");
  }
  return failures.front();
}

std::vector<std::string> listener::failed_paths() const {
  std::vector<std::string> paths;
  for (const auto& f : failures) paths.push_back(f.path);
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::vector<std::string> listener::paths_of(event_kind kind) const {
  std::vector<std::string> paths;
  for (const auto& e : events) {
    if (e.kind == kind) paths.push_back(e.path);
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::ostream& operator<<(std::ostream& out, const listener& heard) {
  for (const auto& f : heard.failures) {
    out << "cannot " << name_of(f.what) << ' ' << f.path << ": " << f.why.message() << '\n';
  }
  return out;
}

// --------------------------------------------------------------------------------------- journal

void journal::add(std::string line) {
  const std::scoped_lock hold(lock_);
  lines_.push_back(std::move(line));
}

std::vector<std::string> journal::lines() const {
  const std::scoped_lock hold(lock_);
  return lines_;
}

std::vector<std::string> journal::sorted() const {
  auto all = lines();
  std::sort(all.begin(), all.end());
  return all;
}

std::size_t journal::count(std::string_view line) const {
  const auto all = lines();
  return static_cast<std::size_t>(std::count(all.begin(), all.end(), line));
}

std::size_t journal::place_of(std::string_view line) const {
  const auto all = lines();
  if (std::count(all.begin(), all.end(), line) != 1) {
    throw std::runtime_error("not once in the journal: " + std::string(line));
  }
  return static_cast<std::size_t>(std::find(all.begin(), all.end(), line) - all.begin());
}

// ------------------------------------------------------------------------------------- processes

namespace {

void become(uid_t user) {
  checked(::setgroups(0, nullptr), "setgroups");
  checked(::setresgid(user, user, user), "setresgid");
  checked(::setresuid(user, user, user), "setresuid");
}

/// Only what ended in here says anything: the test itself goes on in the parent.
[[noreturn]] void be_child(const std::function<void()>& f) noexcept {
  try {
    f();
  } catch (const std::exception& e) {
    ADD_FAILURE() << "in the child: " << e.what();
  }
  std::fflush(nullptr);
  ::_exit(::testing::Test::HasFailure() ? 1 : 0);
}

} // namespace

int in_child(const std::function<void()>& f) {
  std::fflush(nullptr);
  const pid_t id = checked(::fork(), "fork");
  if (id == 0) be_child(f);
  int status = 0;
  checked(::waitpid(id, &status, 0), "waitpid");
  if (!WIFEXITED(status)) {
    throw std::runtime_error("the child was killed by signal " + std::to_string(WTERMSIG(status)));
  }
  return WEXITSTATUS(status);
}

int as_user(uid_t user, const std::function<void()>& f) {
  return in_child([&] {
    become(user);
    f();
  });
}

std::string no_other_user() {
  const int ended = in_child([] {
    try {
      become(nobody);
    } catch (const std::system_error&) {
      ::_exit(2);
    }
  });
  return ended == 0 ? "" : "cannot become another user here";
}

// ----------------------------------------------------------------------------------------- files

void give_to(uid_t user, const fs::path& root) {
  checked(::lchown(root.c_str(), user, user), root);
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    checked(::lchown(entry.path().c_str(), user, user), entry.path());
  }
}

namespace {

testing::unique_fd open_for_flags(const fs::path& at) {
  return testing::unique_fd(
      checked(::open(at.c_str(), O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC), at));
}

bool set_flag(const fs::path& at, int flag, bool on) {
  const auto file = open_for_flags(at);
  int flags = 0;
  if (::ioctl(file.get(), FS_IOC_GETFLAGS, &flags) != 0) return false;
  flags = on ? flags | flag : flags & ~flag;
  return ::ioctl(file.get(), FS_IOC_SETFLAGS, &flags) == 0;
}

} // namespace

bool set_immutable(const fs::path& at, bool on) { return set_flag(at, FS_IMMUTABLE_FL, on); }

bool set_no_dump(const fs::path& at, bool on) { return set_flag(at, FS_NODUMP_FL, on); }

bool is_no_dump(const fs::path& at) {
  const auto file = open_for_flags(at);
  int flags = 0;
  checked(::ioctl(file.get(), FS_IOC_GETFLAGS, &flags), at);
  return (flags & FS_NODUMP_FL) != 0;
}

void set_acl(const fs::path& at, const char* which, const acl& gives) {
  std::string text("\2\0\0\0", 4);
  const auto add = [&](int tag, unsigned char bits, std::string_view id) {
    for (const int byte : {tag, 0, int{bits}, 0}) text += static_cast<char>(byte);
    text += id;
  };
  constexpr std::string_view none("\xff\xff\xff\xff", 4), user_12("\14\0\0\0", 4);
  add(0x01, gives.owner, none);
  add(0x02, gives.user, user_12);
  add(0x04, gives.group, none);
  add(0x10, gives.mask, none);
  add(0x20, gives.other, none);
  checked(::setxattr(at.c_str(), which, text.data(), text.size(), 0), at);
}

std::string rights_of(const fs::path& at) {
  struct stat s {};

  checked(::lstat(at.c_str(), &s), at);
  std::array<char, 8> mode;
  std::snprintf(mode.data(), mode.size(), "%04o", s.st_mode & 07777U);
  const bool has_acl = ::lgetxattr(at.c_str(), access_acl, nullptr, 0) >= 0;
  return std::string(mode.data()) + (has_acl ? "+" : "");
}

void make_files(const fs::path& in, std::size_t count, const std::string& begin) {
  const testing::unique_fd dir(checked(::open(in.c_str(), O_DIRECTORY | O_CLOEXEC), in));
  for (std::size_t i = 0; i < count; ++i) {
    const std::string name = begin + std::to_string(i);
    checked(::mknodat(dir.get(), name.c_str(), S_IFREG | 0644, 0), in);
  }
}

std::uint64_t memory_status(std::string_view field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(field)) return std::stoull(line.substr(field.size() + 1)) * 1024;
  }
  throw std::runtime_error("no such memory status: " + std::string(field));
}

} // namespace afio::unit
