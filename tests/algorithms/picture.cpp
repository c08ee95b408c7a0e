#include "tests/algorithms/picture.hpp"

#include "tests/support/tree.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include <sys/stat.h>
#include <sys/xattr.h>

namespace afio::unit {

namespace fs = std::filesystem;

std::string metadata_of(const fs::path& at) {
  struct stat s;
  if (::lstat(at.c_str(), &s) != 0) return "missing";
  std::string text = std::to_string(s.st_mode) + ' ' + std::to_string(s.st_uid) + ':' +
                     std::to_string(s.st_gid) + ' ' + std::to_string(s.st_mtim.tv_sec) + '.' +
                     std::to_string(s.st_mtim.tv_nsec) + ' ' + std::to_string(s.st_rdev);
  std::array<char, 65'536> names;
  const ssize_t size = ::llistxattr(at.c_str(), names.data(), names.size());
  std::map<std::string, std::string> attributes;
  for (ssize_t i = 0; i < size;) {
    const std::string name = names.data() + i;
    std::array<char, 65'536> value;
    const ssize_t length = ::lgetxattr(at.c_str(), name.c_str(), value.data(), value.size());
    attributes[name] =
        std::string(value.data(), static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
    i += static_cast<ssize_t>(name.size()) + 1;
  }
  for (const auto& [name, value] : attributes) {
    // By which xfs lists its ACLs a second time.
    if (!name.starts_with("trusted.SGI_ACL_")) text += ' ' + name + '=' + value;
  }
  return text;
}

std::map<std::string, std::string> picture_of(const fs::path& root) {
  std::map<std::string, std::string> picture;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::string> first;
  const testing::manifest found(root);
  for (const auto& [name, entry] : found.entries) {
    std::string text = metadata_of(name == "." ? root : root / name) + " bytes " +
                       std::to_string(entry.size) + " content " + std::to_string(entry.content) +
                       " target " + entry.target;
    if (entry.type != 'd') {
      const auto key = std::pair(entry.inode.device, entry.inode.inode);
      text += " is " + first.try_emplace(key, name).first->second;
    }
    picture[name] = text;
  }
  return picture;
}

} // namespace afio::unit
