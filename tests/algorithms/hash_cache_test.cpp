// A record is believed as long as the file is what was hashed, and not a moment longer, on each
// kind of file system and wherever it is kept.
#include "afio/coarse_clock.hpp"
#include "algorithms/hash/hash_cache.hpp"
#include "tests/afio/per_file_system.hpp"
#include "tests/support/content.hpp"
#include "tests/support/mounts.hpp"
#include "tests/support/tree.hpp"
#include "tests/support/unique_fd.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <fstream>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace afio::unit {

using namespace algorithms;

namespace {

using testing::file_system;
using testing::unique_fd;
using namespace std::chrono_literals;

std::vector<std::byte> contents_of(const file_handle& file) {
  std::vector<std::byte> bytes(take(file.size()));
  EXPECT_EQ(take(file.read(buffer(bytes), 0)), bytes.size());
  return bytes;
}

/// A run of some tool over one directory.
class run {
public:
  run(hash_caching how, const path_handle& dir) : cache_(how), dir_(dir) { beside_.load(dir); }

  /// The hash on record, after which nothing need be read.
  std::optional<hash128> find(const char* name) {
    stat_t status;
    take(status.stamp(dir_, leaf(name)));
    return cache_.find(dir_, leaf(name), status, &beside_);
  }

  /// Whether it could be recorded. `meanwhile`: what others do while it is read.
  template <class F>
  bool hash(const char* name, F&& meanwhile) {
    opened_file opened = take(file_handle::seen(dir_, leaf(name)));
    const bool watched = cache_.watch(opened.file, opened.status);
    const hash128 hash = spooky_hash128(contents_of(opened.file));
    meanwhile();
    const stat_t after = take(opened.file.stat());
    return watched && unchanged(opened.status, after) &&
           cache_.record(opened.file, after, hash, &beside_);
  }

  bool hash(const char* name) {
    return hash(name, [] {});
  }

  void save() { take(beside_.save(dir_)); }

  side_hashes& beside() { return beside_; }

private:
  hash_cache cache_;
  side_hashes beside_;
  const path_handle& dir_;
};

/// File systems times places of records.
class HashCache : public ::testing::TestWithParam<std::tuple<file_system, hash_caching>> {
protected:
  static void TearDownTestSuite() { file_systems.clear(); }

  void SetUp() override {
    const auto& fs = file_systems.try_emplace(kind(), kind()).first->second;
    if (!fs) GTEST_SKIP() << fs.why_not();
    guard.emplace();
    scratch.emplace(fs.path());
    dir = anchor(scratch->path());
  }

  void TearDown() override {
    dir = {};
    scratch.reset();
    guard.reset();
  }

  static file_system kind() { return std::get<0>(GetParam()); }

  static hash_caching how() { return std::get<1>(GetParam()); }

  std::string at(const char* name) const { return (*scratch / name).string(); }

  /// A file that has been so for a while.
  void write(const char* name, const std::string& text) {
    std::ofstream(at(name)) << text;
    std::this_thread::sleep_for(15ms);
  }

  /// The one of those bytes, if it is on record.
  bool is_known(const char* name, const std::string& text) {
    const auto found = run(how(), dir).find(name);
    return found == spooky_hash128(std::as_bytes(std::span(text)));
  }

  bool knows(const char* name) { return run(how(), dir).find(name).has_value(); }

  bool hash(const char* name) {
    run r(how(), dir);
    const bool done = r.hash(name);
    r.save();
    return done;
  }

  void hash_well(const char* name) {
    ASSERT_TRUE(hash(name));
    ASSERT_TRUE(knows(name));
  }

  /// As whoever wants to hide a change does.
  void put_times_back(const char* name, const struct stat& before) {
    const timespec times[] = {before.st_atim, before.st_mtim};
    ASSERT_EQ(::utimensat(AT_FDCWD, at(name).c_str(), times, 0), 0);
  }

  struct stat status(const char* name) {
    struct stat s {};

    EXPECT_EQ(::stat(at(name).c_str(), &s), 0);
    return s;
  }

  std::optional<testing::descriptor_guard> guard;
  std::optional<testing::scratch_directory> scratch;
  path_handle dir;

private:
  static inline std::map<file_system, testing::loop_fs> file_systems;
};

std::string name_of_both(const ::testing::TestParamInfo<HashCache::ParamType>& info) {
  return std::string(testing::name_of(std::get<0>(info.param))) +
         (std::get<1>(info.param) == hash_caching::attribute ? "_attribute" : "_file");
}

INSTANTIATE_TEST_SUITE_P(
    OnEach, HashCache,
    ::testing::Combine(::testing::Values(file_system::ext4, file_system::xfs, file_system::btrfs),
                       ::testing::Values(hash_caching::attribute, hash_caching::file)),
    name_of_both);

TEST_P(HashCache, FindsWhatWasRecorded) {
  write("f", "contents");
  EXPECT_FALSE(knows("f"));
  const struct stat before = status("f");
  ASSERT_TRUE(hash("f"));
  EXPECT_TRUE(is_known("f", "contents"));
  EXPECT_TRUE(is_known("f", "contents")) << "a second time";
  const struct stat after = status("f");
  EXPECT_EQ(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
  EXPECT_EQ(before.st_blocks, after.st_blocks) << "the record takes no block";
  const bool touched = before.st_ctim.tv_nsec != after.st_ctim.tv_nsec;
  EXPECT_EQ(touched, how() == hash_caching::attribute);
}

TEST_P(HashCache, KnowsAnEmptyFile) {
  write("f", "");
  hash_well("f");
  EXPECT_TRUE(is_known("f", ""));
}

TEST_P(HashCache, GivesNoRecordToWhatTookItsFilesName) {
  write("f", "contents");
  write("other", "different");
  hash_well("f");
  std::filesystem::rename(at("other"), at("f"));
  EXPECT_FALSE(knows("f")) << "another file of the name";
}

// rmlint and fclones believe this one.
TEST_P(HashCache, DoesNotBelieveAfterAChangeWithTheTimesPutBack) {
  write("f", "contents");
  hash_well("f");
  const struct stat before = status("f");
  std::ofstream(at("f"), std::ios::in | std::ios::out) << "CONTENTS";
  put_times_back("f", before);
  const struct stat after = status("f");
  ASSERT_EQ(after.st_size, before.st_size);
  ASSERT_EQ(after.st_ino, before.st_ino);
  ASSERT_EQ(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
  EXPECT_FALSE(knows("f"));
}

TEST_P(HashCache, DoesNotBelieveAnyChangeOfStatus) {
  write("f", "contents");
  const auto forgets = [&](auto change) {
    hash_well("f");
    change();
    EXPECT_FALSE(knows("f"));
    std::this_thread::sleep_for(15ms);
  };
  forgets([&] { ::chmod(at("f").c_str(), 0600); });
  forgets([&] { std::filesystem::resize_file(at("f"), 3); });
  forgets([&] { std::filesystem::last_write_time(at("f"), {}); });
  forgets([&] { ::setxattr(at("f").c_str(), "user.other", "x", 1, 0); });
}

// Within a tick of the clock, thousands of times.
TEST_P(HashCache, DoesNotBelieveAChangeRightAfterTheRecord) {
  write("f", "contents");
  unsigned recorded = 0, same_tick = 0;
  // Beside the file, only what has not changed in this tick is recorded: hence the wait.
  const bool waits = how() == hash_caching::file;
  run r(how(), dir);
  for (int i = 0; i < (waits ? 600 : 2000); ++i) {
    if (waits) std::this_thread::sleep_for(5ms);
    const bool done = r.hash("f");
    r.save();
    recorded += done;
    const timestamp tick = coarse_clock_now();
    const unique_fd file(::open(at("f").c_str(), O_WRONLY));
    const char text = static_cast<char>('a' + i % 26);
    ASSERT_EQ(::pwrite(file.get(), &text, 1, i % 8), 1);
    same_tick += done && coarse_clock_now() == tick;
    ASSERT_FALSE(knows("f")) << "round " << i;
  }
  EXPECT_GT(recorded, 100U);
  EXPECT_GT(same_tick, 50U);
  RecordProperty("recorded", static_cast<int>(recorded));
  RecordProperty("same_tick", static_cast<int>(same_tick));
}

// Which makes the kernel date all files more finely than the clock ticks.
TEST_P(HashCache, WorksWhileOthersLookAtFilesAndChangeThem) {
  write("other", "x");
  std::jthread busy([&](const std::stop_token& stop) {
    for (mode_t mode = 0600; !stop.stop_requested(); mode ^= 0100) {
      ::chmod(at("other").c_str(), mode);
      status("other");
      std::this_thread::sleep_for(100us);
    }
  });
  unsigned recorded = 0;
  run r(how(), dir);
  for (int i = 0; i < 50; ++i) {
    const std::string name = "f" + std::to_string(i);
    std::ofstream(at(name.c_str())) << i;
    recorded += r.hash(name.c_str());
  }
  EXPECT_GT(recorded, 45U);
}

TEST_P(HashCache, RemembersNothingOfAFileThatIsOpenForWriting) {
  write("f", "contents");
  {
    const unique_fd writer(::open(at("f").c_str(), O_WRONLY));
    EXPECT_FALSE(hash("f"));
  }
  EXPECT_FALSE(knows("f"));
  hash_well("f");
}

// Its descriptor is closed, and no store through it need move a time.
TEST_P(HashCache, RemembersNothingOfAFileThatIsMappedForWriting) {
  write("f", "contents");
  unique_fd file(::open(at("f").c_str(), O_RDWR));
  auto* const mapped =
      static_cast<char*>(::mmap(nullptr, 8, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0));
  ASSERT_NE(mapped, MAP_FAILED);
  mapped[0] = 'x'; // The page is dirty now: the next store moves nothing.
  file.reset();
  std::this_thread::sleep_for(15ms);
  EXPECT_FALSE(hash("f"));
  mapped[1] = 'y';
  EXPECT_FALSE(knows("f"));
  ::munmap(mapped, 8);
}

TEST_P(HashCache, DoesNotBelieveAfterAStoreThroughAMapping) {
  write("f", "contents");
  hash_well("f");
  const unique_fd file(::open(at("f").c_str(), O_RDWR));
  auto* const mapped = static_cast<volatile char*>(
      ::mmap(nullptr, 8, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0));
  ASSERT_NE(mapped, MAP_FAILED);
  ASSERT_EQ(mapped[0], 'c'); // Read first: where that maps it for writing too, no time moves.
  mapped[0] = 'C';
  EXPECT_FALSE(knows("f"));
  ::munmap(const_cast<char*>(mapped), 8);
}

TEST_P(HashCache, RemembersNothingIfSomebodyWantsToWriteMeanwhile) {
  write("f", "contents");
  run r(how(), dir);
  EXPECT_FALSE(r.hash("f", [&] {
    const unique_fd refused(::open(at("f").c_str(), O_WRONLY | O_NONBLOCK));
    EXPECT_LT(refused.get(), 0) << "the lease is in the way";
  }));
  r.save();
  EXPECT_FALSE(knows("f"));
}

TEST_P(HashCache, LetsWritersInAgain) {
  write("f", "contents");
  const opened_file reader = take(file_handle::seen(dir, leaf("f")));
  ASSERT_TRUE(hash("f"));
  EXPECT_GE(unique_fd(::open(at("f").c_str(), O_WRONLY | O_NONBLOCK)).get(), 0);
}

TEST_P(HashCache, DoesNotBelieveInACopyOfTheFile) {
  write("f", "contents");
  hash_well("f");
  const std::string to = at("g");
  std::filesystem::copy_file(at("f"), to);
  std::array<std::byte, 64> value;
  const auto bytes = ::getxattr(at("f").c_str(), hash_cache::attribute, value.data(), value.size());
  if (bytes > 0) {
    ASSERT_EQ(::setxattr(to.c_str(), hash_cache::attribute, value.data(),
                         static_cast<std::size_t>(bytes), 0),
              0);
  }
  put_times_back("g", status("f"));
  EXPECT_FALSE(knows("g"));
}

TEST_P(HashCache, TakesARecordThatIsNoneForNone) {
  write("f", "contents");
  for (const std::size_t size : {0UL, 1UL, 56UL, 57UL, 500UL}) {
    const std::string junk(size, 'x');
    ASSERT_EQ(::setxattr(at("f").c_str(), hash_cache::attribute, junk.data(), junk.size(), 0), 0);
    EXPECT_FALSE(knows("f"));
  }
  std::this_thread::sleep_for(15ms);
  hash_well("f"); // And replaces it.
  EXPECT_TRUE(is_known("f", "contents"));
}

// It is a hint: what the forger gets is another hash, as the header says.
TEST_P(HashCache, CanBeForgedByWhoMayWriteTheFile) {
  write("f", "contents");
  hash_record forged;
  run r(how(), dir);
  for (int i = 0; i < 2000 && !r.find("f"); ++i) { // Busy machines date by other clocks.
    stat_t s;
    take(s.stamp(dir, leaf("f")));
    if (how() == hash_caching::attribute) s.changed = coarse_clock_now();
    forged = hash_record::of({1, 2}, s, {});
    const auto bytes = *encode(forged);
    if (how() == hash_caching::attribute)
      ASSERT_EQ(::setxattr(at("f").c_str(), hash_cache::attribute, bytes.data(), bytes.size(), 0),
                0);
    else {
      r.beside().note(forged);
      r.save();
      r.beside().load(dir);
    }
    std::this_thread::sleep_for(5ms);
  }
  EXPECT_EQ(r.find("f"), (hash128{1, 2}));
}

TEST_P(HashCache, RemembersNothingOfAnotherUsersFile) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  write("f", "contents");
  ASSERT_EQ(::chown(at("f").c_str(), 12345, 12345), 0);
  ASSERT_EQ(::chmod(scratch->path().c_str(), 0777), 0);
  std::thread([&] {
    // This thread alone: the kernel knows no process's users.
    ASSERT_EQ(::syscall(SYS_setresuid, 54321, 54321, 54321), 0);
    EXPECT_FALSE(hash("f"));
  }).join();
  EXPECT_FALSE(knows("f"));
}

TEST_P(HashCache, DoesWithoutWhereNothingCanBeWritten) {
  write("f", "contents");
  const testing::mounted fixed = testing::mounted::bind(scratch->path(), scratch->path());
  ASSERT_EQ(
      ::mount(nullptr, scratch->path().c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr),
      0);
  const path_handle read_only = anchor(scratch->path());
  run r(how(), read_only);
  r.hash("f");
  EXPECT_EQ(static_cast<bool>(r.beside().save(read_only)), !r.beside().has_news());
  EXPECT_FALSE(knows("f"));
}

/// Of a file system of one test's own, in which a file "f" has been for a while.
class CacheOn {
public:
  explicit CacheOn(testing::loop_fs& fs) : fs_(fs), dir_(anchor(fs.path())) {
    std::ofstream(fs_ / "f") << "contents";
    std::ofstream(fs_ / "g") << "contents of g";
    std::this_thread::sleep_for(1100ms); // Also where times are of whole seconds.
  }

  bool hash(hash_caching how, const char* name) {
    run r(how, dir_);
    const bool done = r.hash(name);
    r.save();
    return done;
  }

  bool knows(hash_caching how, const char* name) { return run(how, dir_).find(name).has_value(); }

  bool has_attribute(const char* name) {
    return ::getxattr((fs_ / name).c_str(), hash_cache::attribute, nullptr, 0) >= 0;
  }

  bool has_side_file() { return std::filesystem::exists(fs_ / side_hashes::file_name); }

private:
  testing::loop_fs& fs_;
  path_handle dir_;
};

// A store through a mapping moves no time there, if that page was read through it before.
TEST(HashCacheOnTmpfs, IsNone) {
  testing::loop_fs fs(file_system::tmpfs);
  if (!fs) GTEST_SKIP() << fs.why_not();
  CacheOn cache(fs);
  for (const auto how : {hash_caching::attribute, hash_caching::file}) {
    EXPECT_FALSE(cache.hash(how, "f"));
    EXPECT_FALSE(cache.knows(how, "f"));
  }
  EXPECT_FALSE(cache.has_attribute("f"));
  EXPECT_FALSE(cache.has_side_file());
  // Nor is anything believed that somebody else has put there.
  stat_t s;
  const path_handle dir = anchor(fs.path());
  take(s.stamp(dir, leaf("f")));
  run r(hash_caching::file, dir);
  r.beside().note(hash_record::of({1, 2}, s, {}));
  r.save();
  EXPECT_FALSE(cache.knows(hash_caching::file, "f"));
}

TEST(HashCacheWithoutAttributes, IsBesideTheFiles) {
  testing::loop_fs fs(file_system::ext4);
  if (!fs) GTEST_SKIP() << fs.why_not();
  CacheOn cache(fs);
  {
    const armed kernel(
        {.which = call::fsetxattr, .repeats = detail::fault::repeat::for_ever, .native = ENOTSUP});
    ASSERT_TRUE(cache.hash(hash_caching::attribute, "f"));
  }
  EXPECT_FALSE(cache.has_attribute("f"));
  EXPECT_TRUE(cache.has_side_file());
  EXPECT_TRUE(cache.knows(hash_caching::attribute, "f"));
}

// Inodes of 128 bytes have no room for nanoseconds, so two changes in a second are dated alike.
TEST(HashCacheWithCoarseTimes, IsBesideTheFilesAndNeverOfThisSecond) {
  testing::loop_fs fs(file_system::ext4, {"-I", "128"}, "");
  if (!fs) GTEST_SKIP() << fs.why_not();
  CacheOn cache(fs);
  {
    const path_handle dir = anchor(fs.path());
    run r(hash_caching::attribute, dir);
    EXPECT_FALSE(r.hash("f")) << "which was used up to find that out";
    EXPECT_TRUE(r.hash("g")) << "beside it";
    EXPECT_TRUE(r.beside().has_news());
  }
  EXPECT_FALSE(cache.has_attribute("f"));
  EXPECT_FALSE(cache.knows(hash_caching::attribute, "f"));
  for (int i = 0; i < 20; ++i) {
    std::ofstream(fs / "g") << i;
    EXPECT_FALSE(cache.hash(hash_caching::file, "g"));
    EXPECT_FALSE(cache.knows(hash_caching::file, "g"));
  }
  std::this_thread::sleep_for(1100ms);
  ASSERT_TRUE(cache.hash(hash_caching::file, "g"));
  EXPECT_TRUE(cache.knows(hash_caching::attribute, "g"));
}

TEST(SideHashes, KeepWhatIsStillThereAndNothingElse) {
  testing::loop_fs fs(file_system::ext4);
  if (!fs) GTEST_SKIP() << fs.why_not();
  CacheOn cache(fs);
  ASSERT_TRUE(cache.hash(hash_caching::file, "f"));
  const auto size = [&] { return std::filesystem::file_size(fs / side_hashes::file_name); };
  const auto with = [](std::size_t n) {
    return hash_detail::side_header_size + n * hash_record_size;
  };
  EXPECT_EQ(size(), with(1));
  ASSERT_TRUE(cache.hash(hash_caching::file, "g"));
  EXPECT_EQ(size(), with(2)) << "one is kept and one added";
  EXPECT_TRUE(cache.knows(hash_caching::file, "f"));
  std::filesystem::remove(fs / "f");
  ASSERT_TRUE(cache.hash(hash_caching::file, "g"));
  EXPECT_EQ(size(), with(1)) << "one is gone and one replaced";

  struct stat s {};

  ASSERT_EQ(::stat((fs / side_hashes::file_name).c_str(), &s), 0);
  EXPECT_EQ(s.st_mode & 0777, 0600U);
}

TEST(SideHashes, ThatAreDamagedOrForeignAreIgnoredAndReplaced) {
  testing::loop_fs fs(file_system::ext4);
  if (!fs) GTEST_SKIP() << fs.why_not();
  CacheOn cache(fs);
  ASSERT_TRUE(cache.hash(hash_caching::file, "f"));
  const std::filesystem::path side = fs / side_hashes::file_name;
  const auto rewrite = [&](auto change) {
    std::string bytes = testing::content_of(side);
    change(bytes);
    std::ofstream(side, std::ios::binary) << bytes;
    const bool known = cache.knows(hash_caching::file, "f");
    EXPECT_TRUE(cache.hash(hash_caching::file, "f"));
    EXPECT_TRUE(cache.knows(hash_caching::file, "f"));
    return known;
  };
  EXPECT_TRUE(rewrite([](std::string&) {}));
  EXPECT_FALSE(rewrite([](std::string& b) { b[40] ^= 1; }));
  EXPECT_FALSE(rewrite([](std::string& b) { b[8] = 2; })); // Another version.
  EXPECT_FALSE(rewrite([](std::string& b) { b.pop_back(); }));
  EXPECT_FALSE(rewrite([](std::string& b) { b += 'x'; }));
  EXPECT_FALSE(rewrite([](std::string& b) { b.clear(); }));
  EXPECT_FALSE(rewrite([](std::string& b) { b = "hello"; }));
}

// Nor is anything waited for, nor followed.
TEST(SideHashes, ThatAreNoFileAreNone) {
  testing::loop_fs fs(file_system::ext4);
  if (!fs) GTEST_SKIP() << fs.why_not();
  CacheOn cache(fs);
  const std::filesystem::path side = fs / side_hashes::file_name;
  const auto with = [&](auto make) {
    make();
    EXPECT_FALSE(cache.knows(hash_caching::file, "f"));
    EXPECT_TRUE(cache.hash(hash_caching::file, "f"));
    EXPECT_TRUE(cache.knows(hash_caching::file, "f"));
    std::filesystem::remove(side);
  };
  with([&] { ASSERT_EQ(::mkfifo(side.c_str(), 0600), 0); });
  with([&] { std::filesystem::create_symlink("g", side); });
  EXPECT_EQ(std::filesystem::file_size(fs / "g"), 13U) << "which is as it was";
}

TEST(SideHashes, OfFilesInAnotherFileSystemAreNotFound) {
  testing::loop_fs fs(file_system::ext4);
  if (!fs) GTEST_SKIP() << fs.why_not();
  CacheOn cache(fs);
  ASSERT_TRUE(cache.hash(hash_caching::file, "f"));
  side_hashes beside;
  const path_handle dir = anchor(fs.path());
  beside.load(dir);
  stat_t s;
  take(s.stamp(dir, leaf("f")));
  EXPECT_TRUE(beside.find(s));
  ++s.id.device;
  EXPECT_FALSE(beside.find(s));
}

} // namespace
} // namespace afio::unit
