// Copies of random trees are equal to them, and copies of files with random extents have the bytes
// that a model has; beside a writer they are what the file was at one moment.
#include "algorithms/copy_file/copy_file.hpp"
#include "algorithms/copy_tree/copy_tree.hpp"
#include "tests/afio/extent_model.hpp"
#include "tests/afio/per_file_system.hpp"
#include "tests/algorithms/picture.hpp"
#include "tests/algorithms/scene.hpp"
#include "tests/model/furnished.hpp"
#include "tests/model/model_run.hpp"
#include "tests/model/random_tree.hpp"
#include "tests/support/failed.hpp"
#include "tests/support/unique_fd.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace afio::unit {
namespace {

namespace fs = std::filesystem;
using testing::checked;

class CopyModel : public per_file_system {
protected:
  void remove(const char* name) const { testing::remove_by_force(at(name)); }

  listener told;
};

INSTANTIATE_TEST_SUITE_P(Kinds, CopyModel, all_kinds(), kind_of);

// ------------------------------------------------------------------------------------------ trees

copy_options random_options(std::mt19937_64& random) {
  copy_options options;
  options.tree.threads = 1 + static_cast<unsigned>(random() % 3);
  constexpr std::array<unsigned, 3> budgets = {0, 8, 64};
  options.tree.descriptors = budgets[random() % budgets.size()];
  if (random() % 2 == 0) options.file.reflink = reflink::never;
  if (random() % 4 == 0) options.file.verify = copy_file_options::verify::contents;
  return options;
}

TEST_P(CopyModel, CopiesOfRandomTreesAreEqual) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root gives files away";
  const model_run run(40);
  std::uint64_t entries = 0, links = 0;
  for (std::uint64_t tree = 0; tree < run.trees(); ++tree) {
    SCOPED_TRACE("AFIO_MODEL_TREES=1 AFIO_MODEL_SEED=" + std::to_string(run.seed_of(tree)));
    std::mt19937_64 random(run.seed_of(tree));
    const tree_model model = random_tree(random, 40);
    write_tree(model, at("s"));
    furnish(random, model, at("s"));
    const auto before = picture_of(at("s"));
    const auto report =
        take(copy_tree(dir, leaf("s"), dir, leaf("t"), "s", random_options(random), told));
    ASSERT_EQ(report.failures, 0U) << told;
    ASSERT_EQ(picture_of(at("t")), before);
    ASSERT_EQ(picture_of(at("s")), before);
    entries += report.created;
    links += report.linked;
    remove("s");
    remove("t");
  }
  EXPECT_GT(entries, run.trees());
  EXPECT_GT(links, 0U);
}

// ---------------------------------------------------------------------------------------- extents

struct deaf final : loss_listener {
  void lost(aspect, const error&) noexcept override {}
};

std::uint64_t allocated(const file_handle& file) { return take(file.stat()).allocated; }

TEST_P(CopyModel, CopiesOfRandomExtentsHaveTheSameBytesAndNoMoreBlocks) {
  // A page at each end of each of the runs that eight changes can make.
  constexpr std::uint64_t slack = 8 * 2 * 4096;
  const model_run run(120);
  std::uint64_t with_holes = 0;
  for (std::uint64_t number = 0; number < run.trees(); ++number) {
    const auto seed = run.seed_of(number);
    SCOPED_TRACE("AFIO_MODEL_TREES=1 AFIO_MODEL_SEED=" + std::to_string(seed));
    extent_model model(static_cast<unsigned>(seed));
    auto source = take(
        file_handle::file(dir, leaf("f"), {.mode = mode::write, .creation = creation::if_needed}));
    take(source.truncate(0));
    for (int step = 0; step < 8; ++step) model.change(source);
    // What is not yet allocated has no blocks to compare with.
    if (number % 2 == 0) take(source.barrier(barrier_kind::all));
    copy_file_options options;
    if (number % 3 != 0) options.reflink = reflink::never;
    if (number % 5 == 0) options.sparse = sparse::always;
    deaf deaf_ear;
    (void)take(copy_file(dir, leaf("f"), dir, leaf("t"), options, deaf_ear));
    auto copy = take(file_handle::file(dir, leaf("t"), {.mode = mode::write}));
    ASSERT_TRUE(model.agrees_with(copy));
    if (number % 2 != 0) continue;
    take(copy.barrier(barrier_kind::all));
    const auto blocks = allocated(source);
    ASSERT_LE(allocated(copy), blocks + slack);
    with_holes += blocks < take(source.stat()).size;
  }
  EXPECT_GT(with_holes, 0U);
}

// ----------------------------------------------------------------------------------------- writer

/// Counts up, in one word of each of the pages of a file, one page after the other. Each of its
/// writes is a state of the file: all words are of this round or, from some page on, of the last.
class writer {
public:
  static constexpr std::size_t pages = 256, page = 4096;

  explicit writer(const fs::path& at)
      : file_(checked(::open(at.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644), at)) {
    checked(::ftruncate(file_.get(), pages * page), at);
    thread_ = std::thread([this] { run(); });
  }

  writer(const writer&) = delete;

  ~writer() {
    stopping_ = true;
    thread_.join();
  }

private:
  void run() {
    std::mt19937_64 random(1);
    for (std::uint64_t written = pages; !stopping_; ++written) {
      const std::uint64_t round = written / pages;
      (void)!::pwrite(file_.get(), &round, sizeof round,
                      static_cast<off_t>(written % pages * page));
      // Now and then it leaves the file alone for long enough.
      if (random() % 1000 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }

  testing::unique_fd file_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

bool was_one_moment(const fs::path& copy) {
  const testing::unique_fd file(checked(::open(copy.c_str(), O_RDONLY | O_CLOEXEC), copy));
  std::uint64_t before = 0;
  std::uint64_t first = 0;
  for (std::size_t i = 0; i < writer::pages; ++i) {
    std::uint64_t round = 0;
    (void)!::pread(file.get(), &round, sizeof round, static_cast<off_t>(i * writer::page));
    if (i == 0) first = round;
    const bool steady = i == 0 || round == before;
    if (!steady && !(round + 1 == first && before == first)) return false;
    before = round;
  }
  return true;
}

TEST_P(CopyModel, BesideAWriterACopyIsOfOneMomentOrNone) {
  const model_run run(150);
  const writer writing(at("f"));
  std::uint64_t copied = 0, given_up = 0;
  // On a busy machine the writer may not get its turn in the midst of any copy: once it must.
  const auto both_seen = [&] { return copied > 0 && given_up > 0; };
  const std::uint64_t at_most = 100 * run.trees();
  for (std::uint64_t number = 0; number < run.trees() || (!both_seen() && number < at_most);
       ++number) {
    copy_file_options options;
    options.retry = deadline::in(std::chrono::milliseconds(number % 3 == 0 ? 0 : 5));
    if (number % 2 == 0) options.reflink = reflink::never;
    deaf deaf_ear;
    const auto done = copy_file(dir, leaf("f"), dir, leaf("t"), options, deaf_ear);
    if (!done) {
      ASSERT_TRUE(done.assume_error() == errc::kept_changing) << done.assume_error().message();
      ++given_up;
      continue;
    }
    ++copied;
    ASSERT_TRUE(was_one_moment(at("t"))) << number;
  }
  std::printf("%llu copied, %llu given up\n", static_cast<unsigned long long>(copied),
              static_cast<unsigned long long>(given_up));
  EXPECT_GT(copied, 0U);
  EXPECT_GT(given_up, 0U);
}

} // namespace
} // namespace afio::unit
