// Names of more than 255 bytes, as vfat, ntfs and fuse can have them: here from a file system of
// our own with one entry.
#include "afio/directory_handle.hpp"
#include "tests/afio/listing.hpp"
#include "tests/afio/scene.hpp"
#include "tests/support/mounts.hpp"
#include "tests/support/own_mounts.hpp"
#include "tests/support/unique_fd.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <thread>

#include <fcntl.h>
#include <linux/fuse.h>
#include <sys/stat.h>
#include <unistd.h>

namespace afio::unit {
namespace {

/// Serves a read-only directory with one file of a given name, until it is unmounted.
class one_name_server {
public:
  one_name_server(int device, std::string name) : device_(device), name_(std::move(name)) {}

  void run() {
    std::array<char, FUSE_MIN_READ_BUFFER + 4096> request;
    for (;;) {
      const ssize_t size = ::read(device_, request.data(), request.size());
      if (size < 0 && (errno == EINTR || errno == ENOENT)) continue;
      if (size < static_cast<ssize_t>(sizeof(fuse_in_header))) return; // ENODEV: unmounted
      fuse_in_header header;
      std::memcpy(&header, request.data(), sizeof(header));
      answer(header, request.data() + sizeof(header));
    }
  }

private:
  void answer(const fuse_in_header& header, const char* body) {
    switch (header.opcode) {
    case FUSE_INIT: {
      fuse_init_out out{};
      out.major = FUSE_KERNEL_VERSION;
      out.minor = FUSE_KERNEL_MINOR_VERSION;
      out.max_write = 4096;
      return reply(header, 0, &out, sizeof(out));
    }
    case FUSE_GETATTR: {
      fuse_attr_out out{};
      out.attr.ino = FUSE_ROOT_ID;
      out.attr.mode = S_IFDIR | 0755;
      out.attr.nlink = 2;
      return reply(header, 0, &out, sizeof(out));
    }
    case FUSE_OPENDIR: {
      const fuse_open_out out{};
      return reply(header, 0, &out, sizeof(out));
    }
    case FUSE_READDIR: {
      fuse_read_in in;
      std::memcpy(&in, body, sizeof(in));
      if (in.offset != 0) return reply(header, 0, nullptr, 0);
      const std::string record = one_record();
      return reply(header, 0, record.data(), record.size());
    }
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
    case FUSE_INTERRUPT:
      return; // have no answer
    case FUSE_RELEASEDIR:
    case FUSE_DESTROY:
      return reply(header, 0, nullptr, 0);
    default:
      return reply(header, ENOSYS, nullptr, 0);
    }
  }

  std::string one_record() const {
    fuse_dirent entry{};
    entry.ino = 2;
    entry.off = 1;
    entry.namelen = static_cast<std::uint32_t>(name_.size());
    entry.type = S_IFREG >> 12;
    std::string record(FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + name_.size()), '\0');
    std::memcpy(record.data(), &entry, FUSE_NAME_OFFSET);
    std::memcpy(record.data() + FUSE_NAME_OFFSET, name_.data(), name_.size());
    return record;
  }

  void reply(const fuse_in_header& to, int error, const void* body, std::size_t size) const {
    fuse_out_header header{};
    header.len = static_cast<std::uint32_t>(sizeof(header) + size);
    header.error = -error;
    header.unique = to.unique;
    std::string message(reinterpret_cast<const char*>(&header), sizeof(header));
    if (size != 0) message.append(static_cast<const char*>(body), size);
    // ENOENT: whoever asked no longer waits.
    (void)!::write(device_, message.data(), message.size());
  }

  int device_;
  std::string name_;
};

/// The mount, and the thread that serves it.
class one_name_fs {
public:
  one_name_fs(const std::filesystem::path& at, std::string name)
      : device_(::open("/dev/fuse", O_RDWR | O_CLOEXEC)), server_(device_.get(), std::move(name)) {
    mount_ = testing::mounted::device("one-name", at, "fuse",
                                      "fd=" + std::to_string(device_.get()) +
                                          ",rootmode=40000,user_id=0,group_id=0");
    thread_ = std::jthread([this] { server_.run(); });
  }

  one_name_fs(const one_name_fs&) = delete;
  one_name_fs& operator=(const one_name_fs&) = delete;

  ~one_name_fs() { mount_.unmount(); }

private:
  testing::unique_fd device_;
  one_name_server server_;
  std::jthread thread_; // ends when unmounted
  testing::mounted mount_;
};

class LongNames : public scene {
protected:
  void SetUp() override {
    if (!testing::has_own_mounts || ::access("/dev/fuse", R_OK | W_OK) != 0)
      GTEST_SKIP() << "cannot mount fuse here: " << std::strerror(errno);
    make("d at");
  }

  result<directory_listing> list(std::string name) {
    const one_name_fs fs(scratch / "at", std::move(name));
    const auto directory = take(directory_handle::directory(dir, path_view("at")));
    return directory.read(buffer_);
  }

  const listing_buffer buffer_{4096};
};

TEST_F(LongNames, TheLongestLeafNameIsListed) {
  const std::string name(255, 'x');
  const auto listing = list(name);
  ASSERT_TRUE(succeeded(listing));
  const auto first = *listing.assume_value().begin();
  EXPECT_EQ(first.name.view(), name);
  const leaf_buffer kept = first.name;
  EXPECT_EQ(kept.view(), name);
}

TEST_F(LongNames, ALongerNameIsAnErrorThatNamesIt) {
  for (const std::size_t size : {256, 260, 261, 765, 1024}) {
    const std::string name(size, 'x');
    const auto listing = list(name);
    ASSERT_TRUE(failed_with(listing, ENAMETOOLONG)) << size;
    EXPECT_EQ(listing.assume_error().name(), name);
    EXPECT_EQ(listing.assume_error().origin(), call::getdents64);
  }
}

} // namespace
} // namespace afio::unit
