#include "tests/support/failed.hpp"
#include "tests/support/tree.hpp"
#include "tests/support/unique_fd.hpp"

#include <climits>
#include <cstdio>
#include <memory>
#include <ostream>
#include <sstream>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace afio::testing {
namespace {

constexpr int directory_flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

char type_of(mode_t mode) {
  switch (mode & S_IFMT) {
  case S_IFDIR:
    return 'd';
  case S_IFREG:
    return 'f';
  case S_IFLNK:
    return 'l';
  case S_IFIFO:
    return 'p';
  case S_IFSOCK:
    return 's';
  case S_IFCHR:
    return 'c';
  case S_IFBLK:
    return 'b';
  default:
    return '?';
  }
}

// FNV-1a: the files are small, and nobody forges them.
std::uint64_t content_hash(int directory, const char* name) {
  const unique_fd fd(
      checked(::openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC), name));
  std::uint64_t hash = 14695981039346656037U;
  unsigned char buffer[65536];
  while (const ssize_t got = checked(::read(fd.get(), buffer, sizeof buffer), name)) {
    for (ssize_t at = 0; at < got; ++at) hash = (hash ^ buffer[at]) * 1099511628211U;
  }
  return hash;
}

std::string target_of(int directory, const char* name) {
  char target[PATH_MAX];
  const ssize_t size = checked(::readlinkat(directory, name, target, sizeof target), name);
  return std::string(target, static_cast<std::size_t>(size));
}

manifest_entry describe_entry(int directory, const char* name) {
  struct ::stat found;
  checked(::fstatat(directory, name, &found, AT_SYMLINK_NOFOLLOW), name);
  manifest_entry entry;
  entry.type = type_of(found.st_mode);
  entry.mode = found.st_mode & 07777;
  entry.uid = found.st_uid;
  entry.gid = found.st_gid;
  entry.inode = identity_of(found);
  if (entry.type != 'd') {
    entry.size = static_cast<std::uint64_t>(found.st_size);
    entry.links = found.st_nlink;
  }
  if (entry.type == 'f') entry.content = content_hash(directory, name);
  if (entry.type == 'l') entry.target = target_of(directory, name);
  if (entry.type == 'c' || entry.type == 'b') entry.content = found.st_rdev;
  return entry;
}

struct close_directory {
  void operator()(DIR* stream) const { ::closedir(stream); }
};

void read_below(int directory, const char* name, const std::string& path, manifest& into) {
  const int fd = checked(::openat(directory, name, directory_flags), path);
  const std::unique_ptr<DIR, close_directory> stream(::fdopendir(fd));
  while (const dirent* found = ::readdir(stream.get())) {
    const std::string_view leaf = found->d_name;
    if (leaf == "." || leaf == "..") continue;
    const std::string child = path == "." ? std::string(leaf) : path + "/" + found->d_name;
    const auto entry = describe_entry(fd, found->d_name);
    into.entries.emplace(child, entry);
    if (entry.type == 'd') read_below(fd, found->d_name, child, into);
  }
}

std::string print(const manifest_entry& entry) {
  char text[192];
  std::snprintf(
      text, sizeof text, "%c %04o %u:%u %llu bytes #%016llx links %llu inode %llu%s%s", entry.type,
      entry.mode, entry.uid, entry.gid, static_cast<unsigned long long>(entry.size),
      static_cast<unsigned long long>(entry.content), static_cast<unsigned long long>(entry.links),
      static_cast<unsigned long long>(entry.inode.inode), entry.type == 'l' ? " -> " : "",
      entry.target.substr(0, 64).c_str());
  return text;
}

} // namespace

manifest::manifest(const std::filesystem::path& root) {
  const auto entry = describe_entry(AT_FDCWD, root.c_str());
  entries.emplace(".", entry);
  if (entry.type == 'd') read_below(AT_FDCWD, root.c_str(), ".", *this);
}

std::string difference(const manifest& before, const manifest& after) {
  std::ostringstream out;
  for (const auto& [path, entry] : before.entries) {
    const auto now = after.entries.find(path);
    if (now == after.entries.end()) {
      out << "- " << path << "  " << print(entry) << '\n';
    } else if (now->second != entry) {
      out << "~ " << path << "  " << print(entry) << "  =>  " << print(now->second) << '\n';
    }
  }
  for (const auto& [path, entry] : after.entries) {
    if (!before.entries.contains(path)) out << "+ " << path << "  " << print(entry) << '\n';
  }
  return out.str();
}

std::ostream& operator<<(std::ostream& out, const manifest& shown) {
  for (const auto& [path, entry] : shown.entries) out << path << "  " << print(entry) << '\n';
  return out;
}

} // namespace afio::testing
