// One directory with a million entries, in constant memory.
#include "algorithms/summarize.hpp"
#include "tests/algorithms/removal_scene.hpp"

/// There where the allocator is a sanitizer's, whose memory is not ours to measure.
extern "C" [[gnu::weak]] std::size_t __sanitizer_get_heap_size();

namespace afio::unit {
namespace {

constexpr std::size_t million = 1'000'000;
constexpr std::uint64_t mebibyte = 1 << 20;

class WideTree : public removal_scene {
protected:
  void SetUp() override {
    make("d t");
    make_files(scratch / "t", million);
  }

  /// How much more memory `act` has had at once than was in use before it, in a process of its own.
  static void expect_memory_below(std::uint64_t most, const std::function<void()>& act) {
    EXPECT_EQ(in_child([&] {
                const auto before = memory_status("VmRSS:");
                act();
                if (__sanitizer_get_heap_size != nullptr) return;
                EXPECT_LT(memory_status("VmHWM:") - before, most);
              }),
              0);
  }
};

AFIO_WITH_1_2_AND_3_THREADS(WideTree);

TEST_P(WideTree, IsCountedAndDeletedInConstantMemory) {
  const tree_root root(scratch / "t", "t");
  expect_memory_below(24 * mebibyte, [&] {
    const auto sum = take(summarize(root.get(), counting::names, {.threads = GetParam()}, told));
    EXPECT_EQ(sum.of(file_type::regular), million);
  });
  expect_memory_below(24 * mebibyte, [&] {
    observer nobody_listens;
    const auto done =
        take(remove_tree(dir, leaf("t"), "t", {.tree = {.threads = GetParam()}}, nobody_listens));
    EXPECT_EQ(done.deleted, million + 1);
    EXPECT_EQ(done.failures, 0U);
  });
  EXPECT_EQ(names(), nothing_left);
}

} // namespace
} // namespace afio::unit
