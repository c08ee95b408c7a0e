// File systems of a test's own, gone when the test is over.
#pragma once

#include "tests/support/scratch.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace afio::testing {

enum class file_system { tmpfs, ext4, xfs, btrfs };
const char* name_of(file_system kind) noexcept;

/// Something mounted at a directory; unmounted when destroyed.
class mounted {
public:
  mounted() = default;

  mounted(mounted&& other) noexcept : at_(std::exchange(other.at_, {})) {}

  mounted& operator=(mounted&& other) noexcept {
    std::swap(at_, other.at_);
    return *this;
  }

  ~mounted() { unmount(); }

  /// Shows a directory or a file a second time, at another one that exists. Throws.
  static mounted bind(const std::filesystem::path& what, const std::filesystem::path& at);
  /// Mounts a device, or nothing but a name where the kind needs none. Throws.
  static mounted device(const std::string& what, const std::filesystem::path& at,
                        const std::string& kind, const std::string& options = "");

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return at_; }

  void unmount() noexcept;
  /// The same when it is over: nobody may have anything open in it. Throws.
  void unmount_and_wait();

private:
  explicit mounted(std::filesystem::path at) : at_(std::move(at)) {}

  std::filesystem::path at_;
};

/// A new file system of a kind on an image in memory. Where the machine can't, it has a reason
/// instead, which a test gives when it skips:
///
///     loop_fs fs(file_system::xfs, 320 << 20);
///     if (!fs) GTEST_SKIP() << fs.why_not();
class loop_fs {
public:
  /// The image takes no more memory than is written to it. mkfs.xfs wants 300 MiB, btrfs 110 MiB.
  loop_fs(file_system kind, std::uint64_t size);
  /// With the least size that the kind can have.
  explicit loop_fs(file_system kind);
  /// The same, made and mounted with options of these programs'.
  loop_fs(file_system kind, const std::vector<std::string>& mkfs, std::string mount);

  explicit operator bool() const noexcept { return why_not_.empty(); }

  [[nodiscard]] const std::string& why_not() const noexcept { return why_not_; }

  /// Its root, which belongs to the test alone.
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return mount_.path(); }

  /// The file system stops at once, as by a power cut: nothing reaches the image any more, not even
  /// its log. Whoever uses it gets errors.
  void cut_power() const;
  /// Mounts it anew, when nobody has anything open in it any more. Throws.
  void start_again();

  friend std::filesystem::path operator/(const loop_fs& fs, const std::filesystem::path& name) {
    return fs.path() / name;
  }

private:
  void make(file_system kind, std::uint64_t size, const std::vector<std::string>& mkfs = {});
  void mount_image();

  scratch_directory scratch_;
  file_system kind_;
  std::string mount_options_;
  mounted mount_;
  std::string why_not_;
};

/// Why this process can't mount anything; empty if it can.
std::string no_mounts();

} // namespace afio::testing
