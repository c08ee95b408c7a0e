#include "tests/support/mounts.hpp"

#include "tests/support/failed.hpp"
#include "tests/support/subprocess.hpp"
#include "tests/support/unique_fd.hpp"

#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

namespace afio::testing {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t mebibyte = 1 << 20;

std::uint64_t least_size(file_system kind) {
  switch (kind) {
  case file_system::xfs:
    return 320 * mebibyte;
  case file_system::btrfs:
    return 128 * mebibyte;
  default:
    return 32 * mebibyte;
  }
}

unique_fd make_image(const fs::path& at, std::uint64_t size) {
  unique_fd image(checked(::open(at.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600), at));
  checked(::ftruncate(image.get(), static_cast<off_t>(size)), "size of " + at.string());
  return image;
}

void format(const fs::path& image, file_system kind, const std::vector<std::string>& options) {
  std::vector<std::string> command{std::string("/sbin/mkfs.") + name_of(kind)};
  if (kind == file_system::ext4) command.insert(command.end(), {"-q", "-F"});
  if (kind == file_system::xfs) command.insert(command.end(), {"-q", "-f"});
  if (kind == file_system::btrfs) command.insert(command.end(), {"-q", "-f"});
  command.insert(command.end(), options.begin(), options.end());
  command.push_back(image);
  const ending end = run({command}, std::chrono::seconds(60));
  if (!end.exited_with(0)) throw std::runtime_error(command[0] + ": " + describe(end));
}

struct loop_device {
  std::string path;
  unique_fd fd;
};

// Frees itself with its last user, which is the mount: so it is gone even after a kill.
loop_device attach(const unique_fd& image) {
  const unique_fd control(checked(::open("/dev/loop-control", O_RDWR | O_CLOEXEC), "loop-control"));
  loop_config config{};
  config.fd = static_cast<std::uint32_t>(image.get());
  config.info.lo_flags = LO_FLAGS_AUTOCLEAR;
  for (int attempt = 0; attempt < 32; ++attempt) {
    const int number = checked(::ioctl(control.get(), LOOP_CTL_GET_FREE), "free loop device");
    const std::string path = "/dev/loop" + std::to_string(number);
    unique_fd device(checked(::open(path.c_str(), O_RDWR | O_CLOEXEC), path));
    if (::ioctl(device.get(), LOOP_CONFIGURE, &config) == 0) return {path, std::move(device)};
    // Someone else took it between the two calls.
    if (errno != EBUSY) failed("attach " + path);
  }
  failed("attach a loop device");
}

} // namespace

const char* name_of(file_system kind) noexcept {
  switch (kind) {
  case file_system::tmpfs:
    return "tmpfs";
  case file_system::ext4:
    return "ext4";
  case file_system::xfs:
    return "xfs";
  case file_system::btrfs:
    return "btrfs";
  }
  return "";
}

mounted mounted::bind(const fs::path& what, const fs::path& at) {
  checked(::mount(what.c_str(), at.c_str(), nullptr, MS_BIND, nullptr),
          "bind mount " + at.string());
  return mounted(at);
}

mounted mounted::device(const std::string& what, const fs::path& at, const std::string& kind,
                        const std::string& options) {
  checked(::mount(what.c_str(), at.c_str(), kind.c_str(), MS_NOATIME, options.c_str()),
          "mount " + kind + " from " + what);
  return mounted(at);
}

void mounted::unmount() noexcept {
  if (at_.empty()) return;
  // Detached: it goes even when the test, or what it tests, has left something open in it.
  ::umount2(at_.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
  at_.clear();
}

void mounted::unmount_and_wait() {
  checked(::umount2(at_.c_str(), UMOUNT_NOFOLLOW), "unmount " + at_.string());
  at_.clear();
}

loop_fs::loop_fs(file_system kind) : loop_fs(kind, least_size(kind)) {}

loop_fs::loop_fs(file_system kind, std::uint64_t size) : kind_(kind) {
  try {
    make(kind, size);
  } catch (const std::exception& reason) {
    why_not_ = std::string("no ") + name_of(kind) + " here: " + reason.what();
  }
}

loop_fs::loop_fs(file_system kind, const std::vector<std::string>& mkfs, std::string mount)
    : kind_(kind), mount_options_(std::move(mount)) {
  try {
    make(kind, least_size(kind), mkfs);
  } catch (const std::exception& reason) {
    why_not_ = std::string("no such ") + name_of(kind) + " here: " + reason.what();
  }
}

void loop_fs::make(file_system kind, std::uint64_t size, const std::vector<std::string>& mkfs) {
  const fs::path at = scratch_ / "mounted";
  fs::create_directory(at);
  if (kind == file_system::tmpfs) {
    mount_ = mounted::device("tmpfs", at, "tmpfs", "size=" + std::to_string(size));
    return;
  }
  make_image(scratch_ / "image", size);
  format(scratch_ / "image", kind, mkfs);
  mount_image();
}

void loop_fs::mount_image() {
  const fs::path path = scratch_ / "image";
  const unique_fd image(checked(::open(path.c_str(), O_RDWR | O_CLOEXEC), path));
  const loop_device device = attach(image);
  mount_ = mounted::device(device.path, scratch_ / "mounted", name_of(kind_), mount_options_);
}

void loop_fs::cut_power() const {
  const unique_fd root(checked(::open(path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), path()));
  constexpr std::uint32_t without_flushing_the_log = 2;
  checked(::ioctl(root.get(), _IOR('X', 125, std::uint32_t), &without_flushing_the_log),
          "power cut");
}

void loop_fs::start_again() {
  mount_.unmount_and_wait();
  mount_image();
}

std::string no_mounts() {
  const scratch_directory scratch;
  try {
    mounted::bind(scratch.path(), scratch.path());
    return "";
  } catch (const std::system_error& reason) {
    return std::string("cannot mount here: ") + reason.what();
  }
}

} // namespace afio::testing
