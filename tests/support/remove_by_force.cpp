#include "tests/support/failed.hpp"
#include "tests/support/tree.hpp"
#include "tests/support/unique_fd.hpp"

#include <fstream>
#include <memory>
#include <sstream>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

namespace afio::testing {
namespace {

constexpr int directory_flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

// The kernel writes blanks and backslashes in its mount tables as octal numbers.
std::string decoded(const std::string& text) {
  std::string bytes;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool escape = text[at] == '\\' && at + 3 < text.size();
    bytes += escape ? static_cast<char>(std::stoi(text.substr(at + 1, 3), nullptr, 8)) : text[at];
    if (escape) at += 3;
  }
  return bytes;
}

std::vector<std::string> mounts_in(const std::string& root) {
  std::vector<std::string> found;
  std::ifstream table("/proc/self/mountinfo");
  for (std::string text; std::getline(table, text);) {
    std::istringstream fields(text);
    std::string skipped, place;
    fields >> skipped >> skipped >> skipped >> skipped >> place;
    place = decoded(place);
    if (place == root || place.starts_with(root + "/")) found.push_back(place);
  }
  return found;
}

// The table lists what was mounted last at the end. Detached, so that nothing can keep it busy.
void unmount_all_in(const std::filesystem::path& root) {
  const auto places = mounts_in(std::filesystem::canonical(root.parent_path()) / root.filename());
  for (auto place = places.rbegin(); place != places.rend(); ++place) {
    checked(::umount2(place->c_str(), MNT_DETACH | UMOUNT_NOFOLLOW), "umount " + *place);
  }
}

void lift_flags(int fd) {
  int flags = 0;
  constexpr int locked = FS_IMMUTABLE_FL | FS_APPEND_FL;
  if (::ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 && (flags & locked) != 0) {
    flags &= ~locked;
    ::ioctl(fd, FS_IOC_SETFLAGS, &flags);
  }
}

void lift_flags(int directory, const char* name) {
  const unique_fd fd(
      ::openat(directory, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC));
  if (fd) lift_flags(fd.get());
}

unique_fd open_writable(int directory, const char* name) {
  unique_fd fd(::openat(directory, name, directory_flags));
  if (!fd && errno == EACCES && ::fchmodat(directory, name, 0700, 0) == 0) {
    fd = unique_fd(::openat(directory, name, directory_flags));
  }
  if (!fd) failed(std::string("open ") + name);
  lift_flags(fd.get());
  ::fchmod(fd.get(), 0700);
  return fd;
}

struct close_directory {
  void operator()(DIR* stream) const { ::closedir(stream); }
};

std::vector<std::string> names_in(int directory) {
  const int own = checked(::openat(directory, ".", directory_flags), ".");
  const std::unique_ptr<DIR, close_directory> stream(::fdopendir(own));
  std::vector<std::string> names;
  while (const dirent* found = ::readdir(stream.get())) {
    const std::string_view leaf = found->d_name;
    if (leaf != "." && leaf != "..") names.emplace_back(leaf);
  }
  return names;
}

bool is_directory(int directory, const char* name) {
  struct ::stat found;
  checked(::fstatat(directory, name, &found, AT_SYMLINK_NOFOLLOW), name);
  return S_ISDIR(found.st_mode);
}

// Directories are moved up to the top before they are emptied: so no tree is deep, and no path
// long.
class remover {
public:
  explicit remover(unique_fd top) : top_(std::move(top)) {}

  void empty() {
    for (auto names = names_in(top_.get()); !names.empty(); names = names_in(top_.get())) {
      for (const auto& name : names) remove_from_top(name);
    }
  }

private:
  void remove_from_top(const std::string& name) {
    if (!is_directory(top_.get(), name.c_str())) return unlink(top_.get(), name);
    const auto fd = open_writable(top_.get(), name.c_str());
    for (const auto& child : names_in(fd.get())) {
      if (is_directory(fd.get(), child.c_str())) {
        lift(fd.get(), child);
      } else {
        unlink(fd.get(), child);
      }
    }
    checked(::unlinkat(top_.get(), name.c_str(), AT_REMOVEDIR), "rmdir " + name);
  }

  void unlink(int directory, const std::string& name) {
    if (::unlinkat(directory, name.c_str(), 0) == 0) return;
    lift_flags(directory, name.c_str());
    checked(::unlinkat(directory, name.c_str(), 0), "unlink " + name);
  }

  void lift(int directory, const std::string& name) {
    // Opened first, as a directory that can't be written can't be given another parent.
    const auto fd = open_writable(directory, name.c_str());
    const auto free_name = ".lifted-" + std::to_string(++lifted_);
    checked(::renameat2(directory, name.c_str(), top_.get(), free_name.c_str(), RENAME_NOREPLACE),
            "lift " + name);
  }

  unique_fd top_;
  std::uint64_t lifted_ = 0;
};

} // namespace

void remove_by_force(const std::filesystem::path& root) {
  struct ::stat found;
  if (::lstat(root.c_str(), &found) != 0 && errno == ENOENT) return;
  unmount_all_in(root);
  if (!is_directory(AT_FDCWD, root.c_str())) {
    checked(::unlink(root.c_str()), "unlink " + root.string());
    return;
  }
  remover(open_writable(AT_FDCWD, root.c_str())).empty();
  checked(::rmdir(root.c_str()), "rmdir " + root.string());
}

} // namespace afio::testing
