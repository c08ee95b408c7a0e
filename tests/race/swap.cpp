#include "tests/race/swap.hpp"

#include "tests/support/failed.hpp"

#include <array>
#include <cerrno>
#include <climits>

#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

namespace afio::testing {
namespace {

namespace fs = std::filesystem;

bool moves(swap_kind kind) { return kind == swap_kind::moved_out || kind == swap_kind::root_moved; }

bool names_a_file(swap_kind kind) {
  return kind == swap_kind::file_symlink || kind == swap_kind::file_mount ||
         kind == swap_kind::file_edited;
}

bool mounts(swap_kind kind) {
  return kind == swap_kind::directory_mount || kind == swap_kind::file_mount;
}

fs::path below(const fs::path& directory, const std::string& path) {
  return path == "." ? directory : directory / path;
}

// The folder that holds the root.
fs::path base_of(const scene& on, const swap_plan& plan) {
  if (plan.where == side::older) return on.older().parent_path();
  return plan.where == side::source ? on.base() : on.copies();
}

// Under whatever name it has: what is to be a copy has none of its own at first.
fs::path root_of(const scene& on, const swap_plan& plan) {
  if (plan.where == side::source) return on.root();
  if (plan.where == side::older) return on.older();
  for (const auto& entry : fs::directory_iterator(on.copies())) {
    if (entry.path() != on.older() && entry.is_directory()) return entry.path();
  }
  return on.copy_in(on.copies());
}

fs::path inside_path(const scene& on, const swap_plan& plan) {
  return plan.kind == swap_kind::parent_symlink ? base_of(on, plan)
                                                : below(root_of(on, plan), victim_path(plan));
}

fs::path outside_path(const scene& on, const swap_plan& plan) {
  return below(on.outside(), victim_path(plan));
}

fs::path other_path(const scene& on, const swap_plan& plan) {
  if (moves(plan.kind)) return on.outside() / "moved";
  if (plan.kind == swap_kind::directory_other) return outside_path(on, plan);
  return on.park() / "counterpart";
}

unique_fd hold(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC);
  return unique_fd(checked(fd, path));
}

identity identity_in(const unique_fd& fd) {
  struct ::stat found {};

  checked(::fstat(fd.get(), &found), "fstat");
  return identity_of(found);
}

identity identity_at(const fs::path& path) { return identity_in(hold(path)); }

identity listing_of(const scene& on, const swap_plan& plan) {
  return identity_at(plan.depth == 0 ? root_of(on, plan) : inside_path(on, plan).parent_path());
}

std::string magic_link(const unique_fd& held) {
  return "/proc/self/fd/" + std::to_string(held.get());
}

// Where it is now; nowhere if it has been deleted.
fs::path current_path(const unique_fd& held) {
  char target[PATH_MAX];
  const auto link = magic_link(held);
  const ssize_t size = checked(::readlink(link.c_str(), target, sizeof target), link);
  const std::string path(target, static_cast<std::size_t>(size));
  return path.ends_with(" (deleted)") ? fs::path() : fs::path(path);
}

const char* name_of(swap_kind kind) {
  switch (kind) {
  case swap_kind::directory_symlink_absolute:
    return "directory <-> symlink, absolute";
  case swap_kind::directory_symlink_relative:
    return "directory <-> symlink, relative";
  case swap_kind::directory_other:
    return "directory <-> other directory";
  case swap_kind::directory_file:
    return "directory <-> file";
  case swap_kind::directory_fifo:
    return "directory <-> fifo";
  case swap_kind::file_symlink:
    return "file <-> symlink";
  case swap_kind::moved_out:
    return "directory moved out";
  case swap_kind::root_moved:
    return "root moved away";
  case swap_kind::parent_symlink:
    return "root's parent <-> symlink";
  case swap_kind::directory_mount:
    return "mount on a directory";
  case swap_kind::file_mount:
    return "mount on a file";
  case swap_kind::file_edited:
    return "edit of a file";
  }
  return "";
}

} // namespace

std::string victim_path(const swap_plan& plan) {
  constexpr std::array directories{".", "a", "a/b", "a/b/c"};
  constexpr std::array files{".", "f", "a/f", "a/b/f"};
  const auto depth = static_cast<std::size_t>(plan.depth);
  return names_a_file(plan.kind) ? files[depth] : directories[depth];
}

std::string print(const swap_plan& plan) {
  std::string text = plan.where == side::target  ? "copy's "
                     : plan.where == side::older ? "older "
                                                 : "";
  text += name_of(plan.kind);
  text += ", depth " + std::to_string(plan.depth);
  if (plan.back_after != 0) text += ", back after " + std::to_string(plan.back_after);
  return text;
}

swap::swap(const scene& on, const swap_plan& plan)
    : scene_(on), plan_(plan), other_(other_path(on, plan)) {
  if (find_victim() && fs::exists(root_of(on, plan))) named_in_ = listing_of(on, plan);
}

bool swap::find_victim() {
  const fs::path inside = inside_path(scene_, plan_);
  if (!fs::exists(fs::symlink_status(inside))) return false;
  victim_fd_ = hold(inside);
  victim_ = identity_in(victim_fd_);
  return true;
}

void swap::prepare_counterpart(const fs::path& inside) {
  const fs::path target = outside_path(scene_, plan_);
  switch (plan_.kind) {
  case swap_kind::directory_symlink_relative:
    return fs::create_symlink(target.lexically_relative(inside.parent_path()), other_);
  case swap_kind::directory_symlink_absolute:
  case swap_kind::file_symlink:
  case swap_kind::parent_symlink:
    return fs::create_symlink(target, other_);
  case swap_kind::directory_file:
    return make_tree(scene_.park(), "f counterpart 5");
  case swap_kind::directory_fifo:
    return make_tree(scene_.park(), "p counterpart");
  case swap_kind::directory_other:
    counterpart_ = identity_at(other_);
    return;
  case swap_kind::moved_out:
  case swap_kind::root_moved:
  case swap_kind::directory_mount:
  case swap_kind::file_mount:
  case swap_kind::file_edited:
    return;
  }
}

bool swap::apply() {
  if (plan_.kind == swap_kind::file_edited) {
    // Whatever file has the name now.
    return find_victim() && write();
  }
  if (!victim_fd_) found_late_ = find_victim();
  if (!victim_fd_) return false;
  const fs::path inside = current_path(victim_fd_);
  if (inside.empty()) return false;
  applied_ = mounts(plan_.kind) ? mount(inside) : rename(inside);
  return applied_;
}

bool swap::rename(const fs::path& inside) {
  parent_fd_ = hold(inside.parent_path());
  leaf_ = inside.filename();
  prepare_counterpart(inside);
  const unsigned flags = moves(plan_.kind) ? RENAME_NOREPLACE : RENAME_EXCHANGE;
  return ::renameat2(parent_fd_.get(), leaf_.c_str(), AT_FDCWD, other_.c_str(), flags) == 0;
}

bool swap::mount(const fs::path& inside) {
  const auto what = outside_path(scene_, plan_);
  if (::mount(what.c_str(), inside.c_str(), nullptr, MS_BIND, nullptr) != 0) return false;
  mount_fd_ = hold(inside);
  return true;
}

bool swap::write() {
  const auto link = magic_link(victim_fd_);
  const int fd = ::open(link.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
  is_kept_out_ = fd < 0 && errno == EWOULDBLOCK;
  was_kept_out_ = was_kept_out_ || is_kept_out_;
  if (is_kept_out_) return false;
  const unique_fd file(checked(fd, link));

  struct ::stat found {};

  checked(::fstat(fd, &found), link);
  const std::string bytes(static_cast<std::size_t>(found.st_size), edit);
  checked(::pwrite(fd, bytes.data(), bytes.size(), 0), link);
  note_names();
  return applied_ = true;
}

void swap::note_names() {
  edited_.insert(victim_path(plan_));
  for (const auto& [path, before] : scene_.tree_before().entries) {
    const fs::path now = scene_.root() / path;
    if (fs::exists(fs::symlink_status(now)) && identity_at(now) == victim_) edited_.insert(path);
  }
}

void swap::go_on() {
  if (is_kept_out_) write();
}

void swap::undo() {
  end();
  if (!applied_ || mounts(plan_.kind) || plan_.kind == swap_kind::file_edited) return;
  const auto rename_back = [&](unsigned flags) {
    return ::renameat2(AT_FDCWD, other_.c_str(), parent_fd_.get(), leaf_.c_str(), flags) == 0;
  };
  // Nothing to exchange it with: what took its place has been deleted, or nothing ever did.
  if (moves(plan_.kind) || !rename_back(RENAME_EXCHANGE)) rename_back(RENAME_NOREPLACE);
}

void swap::end() {
  go_on();
  if (!mount_fd_) return;
  // By its descriptor, as the directory above it may have got another name.
  checked(::umount2(magic_link(mount_fd_).c_str(), MNT_DETACH), "unmount");
  mount_fd_.reset();
}

} // namespace afio::testing
