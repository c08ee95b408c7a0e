// The files of a tree are hashed, each and nothing else, with a cache or without.
#include "algorithms/compare_trees/compare_trees.hpp"
#include "algorithms/hash/hash_tree.hpp"
#include "tests/algorithms/scene.hpp"
#include "tests/support/mounts.hpp"
#include "tests/support/unique_fd.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <map>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace afio::unit {
namespace {

using namespace std::chrono_literals;

hash128 hash_of(const std::string& text) { return spooky_hash128(std::as_bytes(std::span(text))); }

/// Remembers what it hears.
class hashes final : public hash_listener {
public:
  void hashed(const hashed_entry& e) noexcept override {
    EXPECT_TRUE(of.emplace(std::string(e.path), e.is).second) << e.path << " comes twice";
    cached += e.is.from_cache;
  }

  std::map<std::string, file_hash> of;
  unsigned cached = 0;
};

class HashTree : public ::testing::Test {
protected:
  void write(const std::string& name, const std::string& text) {
    std::filesystem::create_directories((at() / name).parent_path());
    std::ofstream(at() / name, std::ios::binary) << text;
    contents_["t/" + name] = text;
  }

  virtual std::filesystem::path at() const { return scratch_.path(); }

  result<hash_report> hash(hashes& heard, const hash_options& options) {
    const path_handle root = anchor(at());
    return hash_tree({&root, "t"}, options, heard, told_);
  }

  void expect_all(const hashes& heard) {
    EXPECT_EQ(heard.of.size(), contents_.size());
    for (const auto& [path, text] : contents_) {
      const auto found = heard.of.find(path);
      ASSERT_NE(found, heard.of.end()) << path;
      EXPECT_EQ(found->second.hash, hash_of(text)) << path;
      EXPECT_EQ(found->second.size, text.size()) << path;
    }
  }

  /// Files of all lengths around those where something changes.
  void make_many() {
    for (const std::size_t size : {0UL, 1UL, 95UL, 191UL, 192UL, 1000UL, 65'535UL, 65'536UL,
                                   65'537UL, 262'144UL, 262'145UL, 1'000'000UL}) {
      write("d" + std::to_string(size % 3) + "/f" + std::to_string(size),
            std::string(size, static_cast<char>('a' + size % 26)));
    }
    for (int i = 0; i < 500; ++i) write("many/" + std::to_string(i), std::string(i * 37U, 'x'));
    for (int i = 0; i < 9; ++i)
      write("large/" + std::to_string(i), std::string(1'048'576 + i * 100'000U, 'y'));
  }

  std::map<std::string, std::string> contents_;
  listener told_;
  const testing::scratch_directory scratch_;
};

TEST_F(HashTree, GivesEachFileItsHash) {
  make_many();
  for (const unsigned threads : {1U, 2U, 3U}) {
    hashes heard;
    const hash_report done = take(hash(heard, {.tree = {.threads = threads}}));
    expect_all(heard);
    EXPECT_EQ(done.files, contents_.size());
    EXPECT_EQ(done.from_cache, 0U);
    EXPECT_EQ(done.failures, 0U) << told_;
  }
}

TEST_F(HashTree, LooksAtRegularFilesAlone) {
  write("f", "text");
  testing::make_tree(at(), "p fifo\n l link -> f\n d empty");
  std::ofstream(at() / side_hashes::file_name) << "anything";
  hashes heard;
  EXPECT_EQ(take(hash(heard, {})).failures, 0U);
  expect_all(heard);
}

TEST_F(HashTree, LeavesOutWhatTheFilterDoes) {
  write("f", "text");
  write("d/kept", "more");
  std::ofstream(at() / "x.tmp") << "no";
  std::filesystem::create_directory(at() / "no");
  std::ofstream(at() / "no/f") << "no";
  path_filter filter;
  take(filter.add(path_filter::action::exclude, "*.tmp"));
  take(filter.add(path_filter::action::exclude, "/no"));
  hashes heard;
  take(hash(heard, {.filter = &filter}));
  expect_all(heard);
}

TEST_F(HashTree, HashesLargeFilesTogether) {
  for (std::size_t i = 0; i < 21; ++i) {
    const std::size_t size = file_hasher::worth_together + i / 9 * 1'000'000 + i - 1;
    write("f" + std::to_string(i), std::string(size, static_cast<char>('a' + i)));
  }
  for (const unsigned threads : {1U, 2U, 3U}) {
    progress counters;
    hashes heard;
    const hash_report done =
        take(hash(heard, {.tree = {.threads = threads, .counters = &counters}}));
    expect_all(heard);
    EXPECT_EQ(done.failures, 0U) << told_;
    EXPECT_EQ(counters.bytes, done.bytes);
  }
}

std::string changing_path;
std::atomic<int> changes_left;

/// Changes the file before some more reads.
void change_it(call) noexcept {
  if (changes_left.fetch_sub(1) <= 0) return;
  const testing::unique_fd file(::open(changing_path.c_str(), O_WRONLY | O_NONBLOCK));
  const char now = static_cast<char>('A' + changes_left % 26);
  (void)!::pwrite(file.get(), &now, 1, 1000);
}

detail::fault changing_meanwhile(const std::filesystem::path& what, int times,
                                 call at = call::pread64) {
  changing_path = what.string();
  changes_left = times;
  return {.which = at, .repeats = detail::fault::repeat::for_ever, .stop = change_it};
}

/// A small file, a larger one, and one that is read through a map, each with a call that is made
/// while it is read or right behind.
const std::vector<std::pair<std::size_t, call>> changing_files = {
    {5'000, call::pread64}, {1'000'000, call::pread64}, {3'000'000, call::statx}};

TEST_F(HashTree, ReportsWhatKeepsChanging) {
  for (const auto& [size, at_call] : changing_files) {
    listener told;
    const std::filesystem::path changing = at() / "changing";
    std::ofstream(changing) << std::string(size, 'x');
    hashes heard;
    const path_handle root = anchor(at());
    const armed kernel(changing_meanwhile(changing, 1'000'000, at_call));
    const hash_report done =
        take(hash_tree({&root, "t"}, {.retry = deadline::in(50ms)}, heard, told));
    EXPECT_EQ(done.kept_changing, 1U);
    EXPECT_EQ(done.failures, 1U);
    EXPECT_EQ(told.failure_alone().path, "t/changing");
    EXPECT_EQ(told.failure_alone().what, operation::hash);
    EXPECT_EQ(told.failure_alone().why, errc::kept_changing);
    EXPECT_TRUE(heard.of.empty());
  }
}

std::stop_source asked_to_stop;

void change_it_and_stop(call here) noexcept {
  change_it(here);
  asked_to_stop.request_stop();
}

TEST_F(HashTree, AStopWhileAFileChangesIsNoFailureOfIt) {
  for (const auto& [size, at_call] : changing_files) {
    asked_to_stop = {};
    std::ofstream(at() / "changing") << std::string(size, 'x');
    hashes heard;
    auto kernel = changing_meanwhile(at() / "changing", 1'000'000, at_call);
    kernel.stop = change_it_and_stop;
    const armed changing(kernel);
    const hash_report done =
        take(hash(heard, {.tree = {.threads = 1, .stop = asked_to_stop.get_token()}, .retry = {}}));
    EXPECT_EQ(done.stopped, stopped::by_request);
    EXPECT_EQ(done.failures, 0U) << told_;
    EXPECT_TRUE(heard.of.empty());
  }
}

TEST_F(HashTree, ReadsAgainWhatChangesForAWhile) {
  for (const auto& [size, at_call] : changing_files) {
    const std::filesystem::path changing = at() / "changing";
    std::ofstream(changing) << std::string(size, 'x');
    hashes heard;
    const armed kernel(changing_meanwhile(changing, 20, at_call));
    const hash_report done = take(hash(heard, {.retry = deadline::in(10s)}));
    EXPECT_EQ(done.failures, 0U) << told_;
    EXPECT_LE(changes_left, 0);
    std::string text(size, 'x');
    text[1000] = 'A'; // The last of the changes.
    EXPECT_EQ(heard.of["t/changing"].hash, hash_of(text));
  }
}

/// Makes it shorter by what is in the last window.
void cut_it(call) noexcept {
  if (changes_left.fetch_sub(1) == 1) (void)!::truncate(changing_path.c_str(), 1'100'000);
}

TEST_F(HashTree, ReadsAgainAloneWhatChangesAmongOthers) {
  for (const bool cut : {false, true}) {
    for (int i = 0; i < 8; ++i)
      write("f" + std::to_string(i), std::string(2'500'000, static_cast<char>('a' + i)));
    auto meanwhile = changing_meanwhile(at() / "f3", 10, call::mmap);
    if (cut) meanwhile.stop = cut_it;
    hashes heard;
    hash_report done;
    {
      const armed kernel(meanwhile);
      done = take(hash(heard, {.tree = {.threads = 1}, .retry = deadline::in(10s)}));
    }
    EXPECT_EQ(done.failures, 0U) << told_;
    EXPECT_LE(changes_left, 0);
    std::string& text = contents_["t/f3"];
    if (cut)
      text.resize(1'100'000);
    else
      text[1000] = 'A';
    expect_all(heard);
  }
}

TEST_F(HashTree, ReportsWhatCannotBeRead) {
  write("f", "text");
  write("g", "text");
  hashes heard;
  const armed kernel({.which = call::pread64, .nth = 1, .native = EIO});
  const hash_report done = take(hash(heard, {.tree = {.threads = 1}}));
  // A batch's read that fails is made again.
  EXPECT_EQ(done.files + done.failures, 2U);
}

TEST_F(HashTree, DoesWithFewDescriptors) {
  make_many();
  hashes heard;
  const hash_report done = take(
      hash(heard, {.tree = {.threads = 2, .descriptors = 8}, .caching = hash_caching::attribute}));
  EXPECT_EQ(done.failures, 0U) << told_;
  expect_all(heard);
}

TEST_F(HashTree, StopsWhenAsked) {
  make_many();
  std::stop_source stop;
  stop.request_stop();
  hashes heard;
  const hash_report done = take(hash(heard, {.tree = {.stop = stop.get_token()}}));
  EXPECT_EQ(done.stopped, stopped::by_request);
  EXPECT_EQ(heard.of.size(), 0U);
}

TEST_F(HashTree, OfOneFileIsToldUnderItsName) {
  write("f", "text");
  std::filesystem::create_symlink("f", at() / "l");
  for (const char* const name : {"f", "l"}) {
    hashes heard;
    take(hash_file(anchor(at()), name, {}, heard));
    EXPECT_EQ(heard.of[name].hash, hash_of("text"));
  }
  hashes heard;
  testing::make_tree(at(), "p fifo");
  EXPECT_TRUE(failed_with(hash_file(anchor(at()), "fifo", {}, heard), EINVAL));
  EXPECT_TRUE(failed_with(hash_file(anchor(at()), "none", {}, heard), ENOENT));
}

// Each hash that is told is right, and what is not told has failed.
TEST_F(HashTree, TellsNothingWrongOfLargeFilesWhateverFails) {
  for (int i = 0; i < 8; ++i)
    write("f" + std::to_string(i), std::string(1'500'000U, static_cast<char>('a' + i)));
  for (const call which : {call::openat2, call::statx, call::mmap, call::fcntl}) {
    for (const int native : {EIO, EMFILE, ENOMEM, ENODEV}) {
      for (std::uint64_t nth = 1, seen = nth; nth <= seen; ++nth) {
        SCOPED_TRACE(std::string(name_of(which)) + " " + std::to_string(nth) + " " +
                     std::to_string(native));
        hashes heard;
        std::optional<result<hash_report>> done;
        const path_handle root = anchor(at());
        {
          const armed kernel({.which = which, .nth = nth, .native = native});
          done = hash_tree({&root, "t"}, {.tree = {.threads = 1}}, heard, told_);
          seen = detail::calls_seen(which);
        }
        for (const auto& [path, is] : heard.of)
          EXPECT_EQ(is.hash, hash_of(contents_[path])) << path;
        const bool failed = !*done || done->assume_value().failures != 0;
        EXPECT_TRUE(failed || heard.of.size() == contents_.size());
        EXPECT_TRUE(!failed || which != call::mmap) << told_;
      }
    }
  }
}

/// On ext4, where there is a cache.
class HashTreeCached : public HashTree, public ::testing::WithParamInterface<hash_caching> {
protected:
  void SetUp() override {
    if (!fs_) GTEST_SKIP() << fs_.why_not();
  }

  std::filesystem::path at() const override { return fs_.path(); }

  testing::loop_fs fs_{testing::file_system::ext4};
};

INSTANTIATE_TEST_SUITE_P(OnEach, HashTreeCached,
                         ::testing::Values(hash_caching::attribute, hash_caching::file));

TEST_P(HashTreeCached, ReadsTheSecondTimeOnlyWhatHasChanged) {
  make_many();
  std::this_thread::sleep_for(20ms);
  const unsigned all = contents_.size();
  for (const unsigned threads : {1U, 3U}) {
    const hash_options options{.tree = {.threads = threads}, .caching = GetParam()};
    hashes first;
    take(hash(first, options));
    expect_all(first);
    hashes second;
    const hash_report done = take(hash(second, options));
    expect_all(second);
    EXPECT_EQ(second.cached, all);
    EXPECT_EQ(done.from_cache, all);

    // The size and the time of modification stay.
    struct stat before {};

    ASSERT_EQ(::stat((at() / "many/77").c_str(), &before), 0);
    write("many/77", std::string(77 * 37U, static_cast<char>('A' + threads)));
    const timespec times[] = {before.st_atim, before.st_mtim};
    ASSERT_EQ(::utimensat(AT_FDCWD, (at() / "many/77").c_str(), times, 0), 0);
    std::this_thread::sleep_for(20ms);
    hashes third;
    take(hash(third, options));
    expect_all(third);
    EXPECT_EQ(third.cached, all - 1);
  }
}

// Whatever call fails: each hash that is told is right, what is not told has failed, and what is
// remembered is right, too.
TEST_P(HashTreeCached, TellsNothingWrongWhateverFails) {
  for (int i = 0; i < 5; ++i) write("f" + std::to_string(i), std::string(i * 30'000U, 'x'));
  const hash_options options{.tree = {.threads = 1}, .caching = GetParam()};
  for (const call which : {call::openat2, call::statx, call::pread64, call::fcntl, call::fsetxattr,
                           call::getxattrat, call::fstatfs, call::getdents64, call::memfd_create,
                           call::utimensat, call::renameat2, call::pwrite64, call::getrandom}) {
    for (const int native : {EIO, EMFILE, ENOSPC, EACCES, EINTR, ENOSYS}) {
      for (std::uint64_t nth = 1, seen = nth; nth <= seen; ++nth) {
        SCOPED_TRACE(std::string(name_of(which)) + " " + std::to_string(nth) + " " +
                     std::to_string(native));
        write("f0", std::to_string(nth)); // Something to do.
        hashes heard;
        std::optional<result<hash_report>> done;
        const path_handle root = anchor(at());
        {
          const armed kernel({.which = which, .nth = nth, .native = native});
          done = hash_tree({&root, "t"}, options, heard, told_);
          seen = detail::calls_seen(which);
        }
        for (const auto& [path, is] : heard.of)
          EXPECT_EQ(is.hash, hash_of(contents_[path])) << path;
        const bool failed = !*done || done->assume_value().failures != 0;
        EXPECT_TRUE(failed || heard.of.size() == contents_.size());
      }
      hashes heard;
      take(hash(heard, options));
      expect_all(heard);
    }
  }
}

TEST_P(HashTreeCached, DoesNotOpenWhatIsOnRecord) {
  write("f", "text");
  std::this_thread::sleep_for(20ms);
  hashes first, second;
  take(hash(first, {.tree = {.threads = 1}, .caching = GetParam()}));
  const armed kernel({.which = call::pread64, .nth = 2, .native = EIO}); // But for the side file.
  EXPECT_EQ(take(hash(second, {.tree = {.threads = 1}, .caching = GetParam()})).from_cache, 1U);
  EXPECT_LE(detail::calls_seen(call::pread64), GetParam() == hash_caching::file ? 2U : 0U);
}

TEST_P(HashTreeCached, EntersNoMountForARecord) {
  write("x", "text");
  std::this_thread::sleep_for(20ms);
  hash_options options{.tree = {.threads = 1}, .caching = GetParam()};
  hashes first;
  take(hash(first, options));
  std::filesystem::create_directory(at() / "in");
  touch(at() / "in/f");
  const auto mount = testing::mounted::bind(at() / "x", at() / "in/f");
  const path_handle root = anchor(at() / "in");

  // Also where there is no openat2.
  for (const int native : {0, EPERM}) {
    const armed opening(
        {.which = call::openat2, .repeats = detail::fault::repeat::for_ever, .native = native});
    hashes within;
    EXPECT_EQ(take(hash_tree({&root, "in"}, options, within, told_)).failures, 1U);
    EXPECT_EQ(told_.failure_alone().path, "in/f");
    EXPECT_EQ(told_.failure_alone().why, std::errc::cross_device_link);
    EXPECT_EQ(within.of.size(), 0U);
    told_.failures.clear();
  }

  hashes beyond;
  options.tree.mounts = crossing::any_mount;
  EXPECT_EQ(take(hash_tree({&root, "in"}, options, beyond, told_)).files, 1U);
}

/// Counts the files that differ.
class differing final : public difference_listener {
public:
  void differs(const tree_difference& d) noexcept override {
    if (d.left != nullptr && d.left->type == file_type::regular) ++files;
  }

  unsigned files = 0;
};

class ComparedByHash : public HashTree {
protected:
  void SetUp() override {
    if (!fs_) GTEST_SKIP() << fs_.why_not();
    make_many();
    std::filesystem::copy(at() / "many", at() / "copy");
    write("many/100", std::string(100 * 37, 'y'));
    std::this_thread::sleep_for(20ms);
  }

  std::filesystem::path at() const override { return fs_.path(); }

  /// How many differ, and the bytes that had to be read.
  std::pair<unsigned, std::uint64_t> compare(hash_caching caching) {
    const path_handle left = anchor(at() / "many"), right = anchor(at() / "copy");
    progress done;
    compare_options how;
    how.tree.counters = &done;
    how.entries.how = comparing::hash;
    how.entries.caching = caching;
    how.entries.metadata = aspect::none;
    differing found;
    take(compare_trees({&left, "l"}, {&right, "r"}, how, found, told_));
    return {found.files, done.bytes.load()};
  }

  testing::loop_fs fs_{testing::file_system::ext4};
};

TEST_F(ComparedByHash, ReadsOnlyTheFirstTime) {
  std::uint64_t bytes = 0;
  for (std::uint64_t i = 0; i < 500; ++i) bytes += 2 * i * 37;
  EXPECT_EQ(compare(hash_caching::lookup), std::pair(1U, bytes));
  EXPECT_EQ(compare(hash_caching::lookup), std::pair(1U, bytes)) << "nothing was remembered";
  EXPECT_EQ(compare(hash_caching::attribute), std::pair(1U, bytes));
  EXPECT_EQ(compare(hash_caching::attribute), std::pair(1U, std::uint64_t{0}));
  EXPECT_EQ(compare(hash_caching::lookup), std::pair(1U, std::uint64_t{0}));
}

TEST_F(HashTree, WithoutACacheChangesNothing) {
  make_many();
  const auto before = testing::manifest(at());
  hashes heard;
  take(hash(heard, {}));
  EXPECT_EQ(testing::difference(before, testing::manifest(at())), "");
}

} // namespace
} // namespace afio::unit
