// What a lock and its guard cost beside the system calls: see side_by_side.hpp.
#include "afio/file_handle.hpp"
#include "tests/benchmarks/side_by_side.hpp"
#include "tests/support/failed.hpp"
#include "tests/support/scratch.hpp"
#include "tests/support/unique_fd.hpp"

#include <chrono>
#include <string>

#include <fcntl.h>
#include <unistd.h>

namespace afio::benchmarks {
namespace {

using namespace std::chrono_literals;

bool change_lock(int file, short kind) {
  struct flock range {};

  range.l_type = kind;
  range.l_whence = SEEK_SET;
  range.l_start = 100;
  range.l_len = 8;
  return ::fcntl(file, F_OFD_SETLK, &range) == 0;
}

int run(int argc, char** argv) {
  side_by_side page(argc, argv,
                    {.name = "locks",
                     .title = "A lock that nobody else wants",
                     .about = "What `file_handle::lock_file_range` and the end of its guard take, "
                              "beside the two bare system calls, on a file in memory (tmpfs)."});
  const testing::scratch_directory scratch;
  const std::string path = scratch / "f";
  const testing::unique_fd raw(
      testing::checked(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600), "open"));
  file_handle file =
      file_handle::file(path_handle::working_directory(), path_view(path), {.mode = mode::write})
          .value();
  const auto locks = [&](deadline limit) {
    auto held = file.lock_file_range({100, 8}, lock_kind::exclusive, limit);
    return held && held.assume_value().unlock();
  };
  page.compare(
      "lock and unlock",
      {{"F_OFD_SETLK twice",
        repeat([&] { return change_lock(raw.get(), F_WRLCK) && change_lock(raw.get(), F_UNLCK); })},
       {"without a limit", repeat([&] { return locks({}); }), {.wanted = 1.05}},
       {"with a deadline", repeat([&] { return locks(deadline::in(1s)); }), {.wanted = 1.05}}});
  return page.finish();
}

} // namespace
} // namespace afio::benchmarks

int main(int argc, char** argv) { return afio::benchmarks::run(argc, argv); }
