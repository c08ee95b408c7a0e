#pragma once

#include <fstream>
#include <string>

#include <sys/stat.h>

namespace afio::testing {

/// Whether somebody waits for a lease on the file of that status to be given back.
inline bool is_wanted_back(const struct ::stat& file) {
  const std::string inode = ':' + std::to_string(file.st_ino) + ' ';
  std::ifstream locks("/proc/locks");
  for (std::string line; std::getline(locks, line);) {
    if (line.find("BREAKING") != line.npos && line.find(inode) != line.npos) return true;
  }
  return false;
}

} // namespace afio::testing
