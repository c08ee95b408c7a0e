#pragma once

#include <filesystem>

namespace afio::testing {

/// A new directory of a test's own, removed with all that it has got when the test is over. In
/// memory where the machine has /dev/shm, else in the test's or the system's temporary folder;
/// never in the build's own output, where a mount that is left behind breaks the next build.
class scratch_directory {
public:
  scratch_directory();
  /// Inside another directory, such as a file system of the test's own.
  explicit scratch_directory(const std::filesystem::path& parent);
  scratch_directory(const scratch_directory&) = delete;
  scratch_directory& operator=(const scratch_directory&) = delete;
  ~scratch_directory();

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

  friend std::filesystem::path operator/(const scratch_directory& scratch,
                                         const std::filesystem::path& name) {
    return scratch.path_ / name;
  }

private:
  std::filesystem::path path_;
};

} // namespace afio::testing
