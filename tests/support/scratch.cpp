#include "tests/support/scratch.hpp"

#include "tests/support/failed.hpp"
#include "tests/support/tree.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>

#include <unistd.h>

namespace afio::testing {
namespace {

std::filesystem::path default_parent() {
  if (::access("/dev/shm", W_OK | X_OK) == 0) return "/dev/shm";
  const char* own = std::getenv("TEST_TMPDIR");
  return own ? std::filesystem::path(own) : std::filesystem::temp_directory_path();
}

} // namespace

scratch_directory::scratch_directory() : scratch_directory(default_parent()) {}

scratch_directory::scratch_directory(const std::filesystem::path& parent) {
  std::string name = parent / "afio-test-XXXXXX";
  if (!::mkdtemp(name.data())) failed("mkdtemp " + name);
  path_ = name;
}

scratch_directory::~scratch_directory() {
  try {
    remove_by_force(path_);
  } catch (const std::exception& left) {
    std::fprintf(stderr, "left behind: %s: %s\n", path_.c_str(), left.what());
  }
}

} // namespace afio::testing
