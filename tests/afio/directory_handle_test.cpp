#include "afio/directory_handle.hpp"
#include "tests/afio/listing.hpp"
#include "tests/afio/scene.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <iterator>
#include <map>
#include <ranges>
#include <string>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

namespace afio::unit {
namespace {

namespace fs = std::filesystem;
using list = std::set<std::string>;

static_assert(std::forward_iterator<directory_listing::iterator>);
static_assert(std::ranges::forward_range<directory_listing>);
static_assert(std::ranges::common_range<directory_listing>);

class DirectoryHandle : public scene {
protected:
  directory_handle open() const { return take(directory_handle::directory(dir)); }

  void make_files(int count, const std::string& prefix = "file-") const {
    for (int i = 0; i < count; ++i) {
      touch(scratch / (prefix + std::to_string(i)));
    }
  }
};

TEST_F(DirectoryHandle, OpensByPathByLeafAndByItself) {
  make("f d/inside 0\n l to_d -> d");
  for (const auto& directory : {directory_handle::directory(dir, path_view("to_d")),
                                directory_handle::directory(dir, leaf("d")),
                                directory_handle::directory(anchor(scratch / "d"))}) {
    ASSERT_TRUE(succeeded(directory));
    EXPECT_EQ(names_of(list_rest(directory.assume_value())), list{"inside"});
  }
  EXPECT_EQ(take(take(directory_handle::directory(dir, path_view())).identity()),
            take(dir.identity()));
}

TEST_F(DirectoryHandle, ByLeafOpensADirectoryAlone) {
  make("d d\n f f 0\n p p\n s s\n l to_d -> d");
  for (const char* name : {"f", "p", "s"}) {
    EXPECT_TRUE(failed_with(directory_handle::directory(dir, leaf(name)), ENOTDIR)) << name;
  }
  const auto through_link = directory_handle::directory(dir, leaf("to_d"));
  EXPECT_TRUE(failed_with(through_link, ELOOP) || failed_with(through_link, ENOTDIR));
  EXPECT_TRUE(failed_with(directory_handle::directory(dir, leaf("none")), ENOENT));
  EXPECT_TRUE(failed_with(directory_handle::directory(dir, path_view("p")), ENOTDIR));
}

TEST_F(DirectoryHandle, OfAnAnchorIsThatDirectoryWhateverHasItsName) {
  make("f d/mine 0\n f other/theirs 0");
  const auto held = take(path_handle::path(dir, leaf("d")));
  fs::rename(scratch / "d", scratch / "moved");
  fs::create_directory_symlink("other", scratch / "d");
  EXPECT_EQ(names_of(list_rest(take(directory_handle::directory(held)))), list{"mine"});
}

TEST_F(DirectoryHandle, ListsEachEntryWithItsTypeAndInode) {
  make("f f 0\n d d\n l l -> nothing\n p p\n s s");
  const std::map<std::string, file_type> types = {{"f", file_type::regular},
                                                  {"d", file_type::directory},
                                                  {"l", file_type::symlink},
                                                  {"p", file_type::fifo},
                                                  {"s", file_type::socket}};
  const auto entries = list_rest(open());
  ASSERT_EQ(entries.size(), types.size()) << "without . and ..";
  for (const auto& entry : entries) {
    struct ::stat found;
    ASSERT_EQ(::lstat((scratch / entry.name).c_str(), &found), 0) << entry.name;
    EXPECT_EQ(entry.inode, found.st_ino) << entry.name;
    EXPECT_EQ(entry.type, types.at(entry.name)) << entry.name;
  }
}

TEST_F(DirectoryHandle, KnowsDevices) {
  const auto dev = take(directory_handle::directory(anchor("/dev")));
  for (const auto& entry : list_rest(dev)) {
    if (entry.name == "null") {
      EXPECT_EQ(entry.type, file_type::character_device);
      return;
    }
  }
  ADD_FAILURE() << "no /dev/null";
}

TEST_F(DirectoryHandle, AnEmptyDirectoryHasAnEndButNoEntries) {
  const auto directory = open();
  const listing_buffer buffer;
  const auto dots = take(directory.read(buffer));
  EXPECT_TRUE(dots.begin() == dots.end());
  EXPECT_FALSE(dots.at_end()) << "it has read the dots, not the end";
  for (int i = 0; i < 3; ++i) {
    const auto end = take(directory.read(buffer));
    EXPECT_TRUE(end.at_end());
    EXPECT_EQ(end.size_bytes(), 0U);
  }
}

TEST(DirectoryListing, OfNothingIsTheEnd) {
  const directory_listing nothing;
  EXPECT_TRUE(nothing.at_end());
  EXPECT_TRUE(nothing.begin() == nothing.end());
}

TEST_F(DirectoryHandle, StreamsThousandsOfEntriesThroughTheSmallestBuffer) {
  make_files(3'000, "a-rather-long-name-so-that-few-fit-into-one-buffer-");
  const auto entries = list_rest(open(), directory_handle::min_buffer);
  EXPECT_EQ(entries.size(), 3'000U);
  EXPECT_EQ(names_of(entries), names());
}

TEST_F(DirectoryHandle, ListsNamesOfEveryByteAndEveryLength) {
  list expected;
  for (int byte = 1; byte < 256; ++byte) {
    const std::string name(1, static_cast<char>(byte));
    if (name != "/" && name != ".") expected.insert(name);
  }
  for (std::size_t size = 2; size <= 255; ++size) {
    expected.insert(std::string(size, 'x'));
  }
  for (const auto& name : {"...", "..x", ".x", " ", "-rf", "a\nb"}) {
    expected.insert(name);
  }
  for (const auto& name : expected) {
    touch(scratch / name);
  }
  for (const std::size_t size : {std::size_t{512}, std::size_t{520}, std::size_t{1 << 18}}) {
    const auto entries = list_rest(open(), size);
    EXPECT_EQ(entries.size(), expected.size());
    EXPECT_EQ(names_of(entries), expected);
  }
}

TEST_F(DirectoryHandle, RefusesABufferThatALongNameDoesNotFit) {
  const auto directory = open();
  const listing_buffer small(directory_handle::min_buffer - 8);
  EXPECT_TRUE(failed_with(directory.read(small), EINVAL));
  EXPECT_TRUE(failed_with(directory.read({}), EINVAL));
}

TEST_F(DirectoryHandle, GoesOnExactlyBehindAnyEntry) {
  make_files(300);
  const auto entries = list_rest(open());
  ASSERT_EQ(entries.size(), 300U);
  const auto directory = open();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    take(directory.seek(entries[i].next));
    const auto rest = list_rest(directory, 4096);
    EXPECT_EQ(rest, std::vector<listed>(entries.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                                        entries.end()));
  }
  take(directory.seek(0));
  EXPECT_EQ(list_rest(directory), entries);
}

TEST_F(DirectoryHandle, AnErrorIsNeverTheEnd) {
  make_files(100);
  const auto directory = open();
  const listing_buffer buffer(directory_handle::min_buffer);
  std::vector<listed> entries;
  append(entries, take(directory.read(buffer)));
  {
    const armed fails({.which = call::getdents64, .native = EIO});
    const auto broken = directory.read(buffer);
    ASSERT_TRUE(failed_with(broken, EIO));
    EXPECT_EQ(broken.assume_error().origin(), call::getdents64);
  }
  for (const auto& entry : list_rest(directory)) {
    entries.push_back(entry);
  }
  EXPECT_EQ(names_of(entries), names());
}

TEST_F(DirectoryHandle, ADeletedDirectoryIsAnErrorAndNotTheEnd) {
  make("d d");
  const auto directory = take(directory_handle::directory(dir, leaf("d")));
  fs::remove(scratch / "d");
  EXPECT_TRUE(failed_with(directory.read(listing_buffer()), ENOENT));
}

TEST_F(DirectoryHandle, MissesAndRepeatsNothingThatStaysWhileOthersComeAndGo) {
  make_files(1'000, "stays-");
  make_files(500, "goes-");
  const auto directory = open();
  const listing_buffer buffer(directory_handle::min_buffer);
  std::multiset<std::string> stayed;
  for (int i = 0;; ++i) {
    const auto part = take(directory.read(buffer));
    if (part.at_end()) break;
    for (const auto& entry : part) {
      if (entry.name.view().starts_with("stays-")) stayed.emplace(entry.name.view());
    }
    fs::remove(scratch / ("goes-" + std::to_string(i)));
    touch(scratch / ("comes-" + std::to_string(i)));
    ASSERT_LT(i, 10'000);
  }
  EXPECT_EQ(stayed.size(), 1'000U);
  EXPECT_EQ(list(stayed.begin(), stayed.end()).size(), 1'000U);
}

TEST_F(DirectoryHandle, GoesOnAfterASignal) {
  make_files(3);
  const armed interrupted({.which = call::getdents64, .native = EINTR});
  EXPECT_EQ(list_rest(open()).size(), 3U);
}

TEST_F(DirectoryHandle, BarrierIsAnFsync) {
  const auto directory = open();
  {
    const armed counting;
    EXPECT_TRUE(succeeded(directory.barrier()));
    EXPECT_EQ(detail::calls_seen(call::fsync), 1U);
  }
  const armed fails({.which = call::fsync, .native = EIO});
  EXPECT_TRUE(failed_with(directory.barrier(), EIO));
}

} // namespace
} // namespace afio::unit
