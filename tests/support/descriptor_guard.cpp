#include "tests/support/descriptor_guard.hpp"

#include <gtest/gtest.h>

#include <climits>
#include <cstdlib>

#include <dirent.h>
#include <unistd.h>

namespace afio::testing {
namespace {

std::string target_of(const std::string& name) {
  char target[PATH_MAX];
  const ssize_t size = ::readlink(("/proc/self/fd/" + name).c_str(), target, sizeof target);
  return std::string(target, size > 0 ? static_cast<std::size_t>(size) : 0);
}

} // namespace

std::map<int, std::string> open_descriptors() {
  std::map<int, std::string> found;
  DIR* stream = ::opendir("/proc/self/fd");
  if (!stream) return found;
  while (const dirent* entry = ::readdir(stream)) {
    const std::string name = entry->d_name;
    if (name == "." || name == ".." || std::stoi(name) == ::dirfd(stream)) continue;
    found.emplace(std::stoi(name), target_of(name));
  }
  ::closedir(stream);
  return found;
}

descriptor_guard::~descriptor_guard() {
  const auto after = open_descriptors();
  for (const auto& [fd, target] : after) {
    if (!before_.contains(fd)) ADD_FAILURE() << "descriptor " << fd << " leaked: " << target;
  }
  for (const auto& [fd, target] : before_) {
    if (!after.contains(fd)) ADD_FAILURE() << "descriptor " << fd << " was closed: " << target;
  }
}

} // namespace afio::testing
