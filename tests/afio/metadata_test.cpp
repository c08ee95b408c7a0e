#include "afio/directory_handle.hpp"
#include "afio/file_handle.hpp"
#include "afio/symlink_handle.hpp"
#include "tests/afio/per_file_system.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <vector>

#include <linux/fs.h>
#include <sys/stat.h>
#include <unistd.h>

namespace afio::unit {
namespace {

class Metadata : public per_file_system {};

INSTANTIATE_TEST_SUITE_P(Kinds, Metadata, all_kinds(), kind_of);

TEST_P(Metadata, APinHoldsWhateverHasTheNameAndNeverOpensIt) {
  make("f f 3\n d d\n l l -> f\n p p");
  const std::pair<const char*, file_type> expected[] = {{"f", file_type::regular},
                                                        {"d", file_type::directory},
                                                        {"l", file_type::symlink},
                                                        {"p", file_type::fifo}};
  for (const auto& [name, type] : expected) {
    EXPECT_EQ(take(take(fs_handle::pin(dir, leaf(name))).stat()).type, type) << name;
  }
  EXPECT_TRUE(failed_with(fs_handle::pin(dir, leaf("none")), ENOENT));
}

TEST_P(Metadata, APinOfTheTargetHoldsWhatSymlinksLeadTo) {
  make("f f 3\n d d\n l d/l -> ../f\n l l -> d/l\n p p\n l to-p -> p\n l to-d -> d\n"
       "l none -> gone\n l self -> self");
  const auto target = [&](const char* name) { return fs_handle::pin_target(dir, leaf(name)); };
  const auto f = take(take(fs_handle::pin(dir, leaf("f"))).identity());
  EXPECT_EQ(take(take(target("l")).identity()), f);
  EXPECT_EQ(take(take(target("f")).identity()), f);
  EXPECT_EQ(take(take(target("to-d")).stat()).type, file_type::directory);
  EXPECT_EQ(take(take(target("to-p")).stat()).type, file_type::fifo);
  EXPECT_TRUE(failed_with(target("none"), ENOENT));
  EXPECT_TRUE(failed_with(target("self"), ELOOP));
}

TEST_P(Metadata, TimesAreKeptToTheNanosecondAlsoOfASymlinkAndBefore1970) {
  make("f f 3\n l l -> f");
  for (const char* name : {"f", "l"}) {
    const auto pinned = take(fs_handle::pin(dir, leaf(name)));
    const timestamp accessed{1'000'000'000, 123'456'789}, modified{-5, 999'999'999};
    ASSERT_TRUE(succeeded(pinned.set_times(accessed, modified)));
    const stat_t s = take(pinned.stat());
    EXPECT_EQ(s.accessed, accessed) << name;
    EXPECT_EQ(s.modified, modified) << name;
  }
  EXPECT_NE(take(take(fs_handle::pin(dir, leaf("f"))).stat()).modified.seconds, 0);
}

TEST_P(Metadata, TheOwnerOfASymlinkIsItsOwn) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root gives files away";
  make("f f 3\n l l -> f");
  ASSERT_TRUE(succeeded(take(fs_handle::pin(dir, leaf("l"))).set_owner(12, 34)));
  EXPECT_EQ(take(take(fs_handle::pin(dir, leaf("l"))).stat()).owner, 12U);
  EXPECT_EQ(take(take(fs_handle::pin(dir, leaf("f"))).stat()).owner, 0U);
  ASSERT_TRUE(succeeded(take(fs_handle::pin(dir, leaf("l"))).set_owner(fs_handle::no_owner, 56)));
  const stat_t s = take(take(fs_handle::pin(dir, leaf("l"))).stat());
  EXPECT_EQ(s.owner, 12U);
  EXPECT_EQ(s.group, 56U);
}

TEST_P(Metadata, NodesAreMadeOfTheTypeAskedForAndNoOther) {
  ASSERT_TRUE(succeeded(dir.create_node(leaf("p"), file_type::fifo, 0600)));
  ASSERT_TRUE(succeeded(dir.create_node(leaf("s"), file_type::socket, 0600)));
  EXPECT_EQ(take(take(fs_handle::pin(dir, leaf("p"))).stat()).type, file_type::fifo);
  EXPECT_EQ(take(take(fs_handle::pin(dir, leaf("s"))).stat()).type, file_type::socket);
  EXPECT_TRUE(failed_with(dir.create_node(leaf("p"), file_type::fifo, 0600), EEXIST));
  EXPECT_TRUE(failed_with(dir.create_node(leaf("r"), file_type::regular, 0600), EINVAL));
  EXPECT_TRUE(failed_with(dir.create_node(leaf("d"), file_type::directory, 0600), EINVAL));
  if (::geteuid() != 0) return;
  const std::uint64_t number = std::uint64_t{259} << 32 | 70'000;
  ASSERT_TRUE(succeeded(dir.create_node(leaf("b"), file_type::block_device, 0600, number)));
  EXPECT_EQ(take(take(fs_handle::pin(dir, leaf("b"))).stat()).device_number, number);
}

TEST_P(Metadata, InodeFlagsAreReadAndSetThroughAnOpenFile) {
  make("f f 3");
  auto file = take(file_handle::file(dir, leaf("f")));
  const auto before = take(file.inode_flags());
  ASSERT_TRUE(succeeded(file.set_inode_flags(before | FS_NODUMP_FL)));
  EXPECT_NE(take(file.inode_flags()) & FS_NODUMP_FL, 0U);
  EXPECT_TRUE(failed_with(take(fs_handle::pin(dir, leaf("f"))).inode_flags(), EBADF));
}

TEST_P(Metadata, AFileIsOpenedByItsPinWhateverHasItsNameByThen) {
  make("f f 3\n f g 9\n p p");
  const auto pinned = take(fs_handle::pin(dir, leaf("f")));
  const stat_t status = take(pinned.stat());
  ASSERT_TRUE(succeeded(dir.rename(leaf("g"), dir, leaf("f"), replace::exchange)));
  EXPECT_EQ(take(take(file_handle::file(pinned, status)).size()), 3U);
  const auto fifo = take(fs_handle::pin(dir, leaf("p")));
  EXPECT_TRUE(failed_with(file_handle::file(fifo, take(fifo.stat())), EINVAL));
  EXPECT_TRUE(failed_with(
      file_handle::file(pinned, status, {.creation = creation::truncate_existing}), EINVAL));
}

TEST_P(Metadata, ReadingCanLeaveTheTimeOfAccessAlone) {
  make("f f 3");
  const auto pinned = take(fs_handle::pin(dir, leaf("f")));
  ASSERT_TRUE(succeeded(pinned.set_times({5, 0}, {10, 0})));
  const auto file =
      take(file_handle::file(pinned, take(pinned.stat()), {.access_time = access_time::keep}));
  std::array<std::byte, 3> bytes;
  ASSERT_EQ(take(file.read(bytes, 0)), 3U);
  EXPECT_EQ(take(pinned.stat()).accessed.seconds, 5);
}

TEST_P(Metadata, ExtentsAreCopiedInsideTheKernelUpToTheEnd) {
  make("f f 10000");
  const auto from = take(file_handle::file(dir, leaf("f")));
  auto to = take(file_handle::file(dir, leaf("g"),
                                   {.mode = mode::write, .creation = creation::only_if_not_exist}));
  EXPECT_EQ(take(from.copy_extents({4096, 1 << 20}, to, 0)), 10'000U - 4096);
  EXPECT_EQ(take(to.size()), 10'000U - 4096);
  EXPECT_EQ(take(from.copy_extents({20'000, 1}, to, 0)), 0U);
}

TEST_P(Metadata, TheWholeFileSystemIsSynced) {
  EXPECT_TRUE(succeeded(take(directory_handle::directory(dir)).sync_file_system()));
}

} // namespace
} // namespace afio::unit
