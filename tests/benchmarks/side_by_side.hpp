// Compares operations of about the same kind that can take turns in one process: a few nanoseconds
// to some milliseconds each. For whole programs, there is harness.py.
//
//   int main(int argc, char** argv) {
//     side_by_side page(argc, argv, {.name = "reads", .title = "…", .about = "…"});
//     page.compare("4 KiB, cached",
//                  {{"pread", repeat([&] { return ::pread(fd, bytes, 4096, 0) == 4096; })},
//                   {"file_handle::read", repeat([&] { return read(); }), {.wanted = 1.02}}});
//     return page.finish();
//   }
//
// The contenders take turns in many short rounds, and another one begins in each, so that what
// disturbs the machine disturbs all alike. A ratio is taken within each round, and the median of
// these is what the table shows, with its middle half: where that is wide, measure again.
//
// In tests/benchmarks/BUILD: name it in SIDE_BY_SIDE, and a line in smoke_test.sh proves that it
// runs. Then: ./bazelw run -c opt //tests/benchmarks:reads -- --output=docs/benchmarks
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace afio::benchmarks {

/// Has the compiler believe that somebody looks at `value`, so that what makes it is done.
template <class T>
inline void keep(const T& value) noexcept {
  asm volatile("" : : "g"(&value) : "memory");
}

/// Does an operation so many times in a row; whether all of them worked.
using repeated = std::function<bool(std::size_t times)>;

/// Makes the loop around an operation, which returns whether it worked: so one that does nothing
/// cannot look fast. The operation is compiled into the loop.
template <class F>
repeated repeat(F operation) {
  static_assert(std::is_same_v<std::invoke_result_t<F&>, bool>);
  return [operation = std::move(operation)](std::size_t times) mutable {
    for (std::size_t i = 0; i < times; ++i) {
      if (!operation()) return false;
      keep(i); // One is done, with all that it stores, before the next begins.
    }
    return true;
  };
}

struct contender_options {
  /// The ratio to the baseline that it shall have, or less. 0: any will do.
  double wanted = 0;
  /// How many things one operation does, where the time of one of these is wanted: a loop over a
  /// million elements.
  std::size_t things = 1;
};

struct contender {
  std::string name;
  repeated act;
  contender_options options = {};
};

struct page_options {
  /// Of the page, NAME.md, and of the Bazel target.
  std::string name;
  std::string title;
  /// What is compared with what, and why, in a few sentences.
  std::string about;
};

/// A page of comparisons. Anything that goes wrong ends the program, with exit status 1; a usage
/// error, with 2.
class side_by_side {
public:
  /// Knows --rounds=N and --output=DIR (a relative one is where the command was given).
  side_by_side(int argc, char** argv, page_options page);

  /// Measures, and prints a table. The first contender is the baseline.
  void compare(const std::string& what, const std::vector<contender>& contenders);

  /// Writes the page where --output says so. The exit status: 0, however the ratios came out.
  int finish();

private:
  page_options page_;
  std::string command_;
  std::string output_;
  std::string tables_;
  std::size_t rounds_;
  double load_;
};

} // namespace afio::benchmarks
