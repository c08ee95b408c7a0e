// Memory given out and taken back, in a file and beside it: see side_by_side.hpp.
#include "algorithms/mapping/file_memory_resource.hpp"
#include "tests/benchmarks/side_by_side.hpp"
#include "tests/support/scratch.hpp"

#include <cstddef>
#include <map>
#include <memory_resource>
#include <random>
#include <vector>

namespace afio::benchmarks {
namespace {

/// As many blocks of 1 to 512 bytes as a program may have, of which one after another is replaced.
class replacing {
public:
  explicit replacing(std::pmr::memory_resource& memory) : memory_(&memory) {
    std::mt19937 random(1);
    for (block& one : blocks_) one.next_size = 1 + random() % 512;
    for (block& one : blocks_) replace(one);
  }

  bool operator()() {
    replace(blocks_[at_]);
    at_ = (at_ + 7'919) % blocks_.size(); // Prime: all of them, in no order.
    return true;
  }

private:
  struct block {
    void* at = nullptr;
    std::size_t size = 0;
    std::size_t next_size = 0;
  };

  void replace(block& one) {
    if (one.at != nullptr) memory_->deallocate(one.at, one.size, 8);
    one.at = memory_->allocate(one.next_size, 8);
    *static_cast<char*>(one.at) = 1;
    std::swap(one.size, one.next_size);
    if (one.next_size == 0) one.next_size = 513 - one.size;
  }

  std::pmr::memory_resource* memory_;
  std::vector<block> blocks_{10'000};
  std::size_t at_ = 0;
};

/// A map of a thousand numbers, of which one goes and one comes.
class mapping {
public:
  explicit mapping(std::pmr::memory_resource& memory) : numbers_(&memory) {
    for (int i = 0; i < 1'000; ++i) numbers_[i] = i;
  }

  bool operator()() {
    numbers_.erase(next_ - 1'000);
    numbers_[next_] = next_;
    ++next_;
    return numbers_.size() == 1'000;
  }

private:
  std::pmr::map<int, int> numbers_;
  int next_ = 1'000;
};

int run(int argc, char** argv) {
  side_by_side page(
      argc, argv,
      {.name = "memory",
       .title = "Memory in a file",
       .about =
           "How long `file_memory_resource`, whose file is in memory (tmpfs), takes to take back "
           "a block and give out another, beside the standard library's resource for one "
           "thread: by itself, and under a container."});
  const testing::scratch_directory scratch;
  const std::string path = scratch / "memory";
  const auto ours =
      algorithms::file_memory_resource::open(
          file_handle::file(path_handle::working_directory(), path_view(path),
                            {.mode = mode::write, .creation = creation::only_if_not_exist})
              .value())
          .value();
  std::pmr::unsynchronized_pool_resource pool;

  replacing in_pool(pool), in_file(*ours);
  page.compare("a block of 1 to 512 bytes",
               {{"unsynchronized_pool_resource", repeat([&] { return in_pool(); })},
                {"file_memory_resource", repeat([&] { return in_file(); }), {.wanted = 1.5}}});
  mapping map_in_pool(pool), map_in_file(*ours);
  page.compare("a number in a std::pmr::map",
               {{"unsynchronized_pool_resource", repeat([&] { return map_in_pool(); })},
                {"file_memory_resource", repeat([&] { return map_in_file(); }), {.wanted = 1.5}}});
  return page.finish();
}

} // namespace
} // namespace afio::benchmarks

int main(int argc, char** argv) { return afio::benchmarks::run(argc, argv); }
