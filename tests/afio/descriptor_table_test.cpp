// What a handle holds is opened again by the table of the process's own descriptors.
#include "afio/descriptor_table.hpp"
#include "afio/file_handle.hpp"
#include "tests/afio/scene.hpp"

#include <cerrno>
#include <filesystem>
#include <thread>

namespace afio::unit {
namespace {

namespace fs = std::filesystem;

class DescriptorTable : public scene {
protected:
  result<file_handle> open(const fs_handle& pinned, file_options options = {}) const {
    return file_handle::file(own, pinned, take(pinned.stat()), options);
  }

  const descriptor_table own = take(descriptor_table::of_this_process());
};

TEST_F(DescriptorTable, OpensWhatIsHeldAndNotWhatHasTheName) {
  make("f a 3\n f b 5");
  const auto a = take(fs_handle::pin(dir, leaf("a")));
  fs::rename(scratch / "b", scratch / "a");
  const auto opened = take(open(a));
  EXPECT_EQ(take(opened.identity()), take(a.identity()));
  EXPECT_EQ(take(opened.size()), 3U);
}

TEST_F(DescriptorTable, OpensQuietlyAndForWriting) {
  make("f a 3");
  const auto a = take(fs_handle::pin(dir, leaf("a")));
  EXPECT_TRUE(succeeded(open(a, {.access_time = access_time::keep})));
  EXPECT_TRUE(succeeded(take(open(a, {.mode = mode::write})).truncate(7)));
  EXPECT_EQ(fs::file_size(scratch / "a"), 7U);
}

TEST_F(DescriptorTable, OpensNothingButRegularFiles) {
  make("p fifo\n s socket\n d directory\n l link -> fifo");
  const std::pair<const char*, int> wanted[] = {
      {"fifo", EINVAL}, {"socket", EINVAL}, {"directory", EISDIR}, {"link", ELOOP}};
  for (const auto& [name, expected] : wanted) {
    const auto pinned = take(fs_handle::pin(dir, leaf(name)));
    const auto status = take(pinned.stat());
    const armed counting;
    EXPECT_TRUE(failed_with(file_handle::file(own, pinned, status), expected)) << name;
    EXPECT_EQ(detail::calls_seen(call::openat), 0U) << name;
  }
}

TEST_F(DescriptorTable, MayBeUsedByAnyThread) {
  make("f a 3");
  descriptor_table of_another;
  std::thread([&] { of_another = take(descriptor_table::of_this_process()); }).join();
  const auto a = take(fs_handle::pin(dir, leaf("a")));
  EXPECT_TRUE(succeeded(file_handle::file(of_another, a, take(a.stat()))));
}

TEST_F(DescriptorTable, IsNotBelievedWhereTheKernelDoesNotVouchForIt) {
  const armed fails({.which = call::fstatfs, .native = EIO});
  EXPECT_TRUE(failed_with(descriptor_table::of_this_process(), EIO));
}

} // namespace
} // namespace afio::unit
