// What a read through a handle costs beside the system call, and a write: see side_by_side.hpp.
#include "afio/file_handle.hpp"
#include "tests/benchmarks/side_by_side.hpp"
#include "tests/support/failed.hpp"
#include "tests/support/scratch.hpp"
#include "tests/support/unique_fd.hpp"

#include <array>
#include <cstddef>

#include <fcntl.h>
#include <unistd.h>

namespace afio::benchmarks {
namespace {

constexpr std::size_t page_size = 4096;

int run(int argc, char** argv) {
  side_by_side page(argc, argv,
                    {.name = "reads",
                     .title = "A cached read or write of 4 KiB through a handle",
                     .about = "What `file_handle::read` and `write` take, beside the bare system "
                              "call, on a file of one page in memory (tmpfs)."});
  const testing::scratch_directory scratch;
  const std::string path = scratch / "f";
  const testing::unique_fd raw(
      testing::checked(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600), "open"));
  std::array<std::byte, page_size> bytes{};
  testing::checked(::pwrite(raw.get(), bytes.data(), bytes.size(), 0), "pwrite");
  file_handle file =
      file_handle::file(path_handle::working_directory(), path_view(path), {.mode = mode::write})
          .value();

  page.compare("read", {{"pread", repeat([&] {
                           return ::pread(raw.get(), bytes.data(), page_size, 0) == page_size;
                         })},
                        {"file_handle::read",
                         repeat([&] {
                           const auto done = file.read(buffer(bytes), 0);
                           return done && done.assume_value() == page_size;
                         }),
                         {.wanted = 1.02}}});
  page.compare("write", {{"pwrite", repeat([&] {
                            return ::pwrite(raw.get(), bytes.data(), page_size, 0) == page_size;
                          })},
                         {"file_handle::write",
                          repeat([&] {
                            const auto done = file.write(const_buffer(bytes), 0);
                            return done && done.assume_value() == page_size;
                          }),
                          {.wanted = 1.02}}});
  return page.finish();
}

} // namespace
} // namespace afio::benchmarks

int main(int argc, char** argv) { return afio::benchmarks::run(argc, argv); }
