// What a read out of a mapped file costs beside the copy: see side_by_side.hpp.
#include "afio/mapped_file_handle.hpp"
#include "tests/benchmarks/side_by_side.hpp"
#include "tests/support/failed.hpp"
#include "tests/support/scratch.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include <sys/mman.h>

namespace afio::benchmarks {
namespace {

constexpr std::uint64_t file_size = 64 << 20;

/// Offsets that nobody can foretell, at multiples of a unit.
template <std::uint64_t Unit>
class offsets {
public:
  std::uint64_t next() noexcept {
    state_ = state_ * 6364136223846793005 + 1442695040888963407;
    return (state_ >> 33) % (file_size / Unit) * Unit;
  }

private:
  std::uint64_t state_ = 1;
};

mapped_file_handle open(const std::string& path, mapped_access access) {
  auto file = mapped_file_handle::mapped(
      file_handle::file(path_handle::working_directory(), path_view(path),
                        {.mode = mode::write, .creation = creation::if_needed})
          .value(),
      {.access = access});
  auto made = std::move(file).value();
  made.truncate(file_size).value();
  std::memset(made.address(), 1, file_size);
  return made;
}

template <std::size_t Bytes>
void compare(side_by_side& page, const std::string& path, const char* what, double wanted) {
  const mapped_file_handle file = open(path, mapped_access::unguarded);
  const mapped_file_handle guarded_file = open(path, mapped_access::guarded);
  void* const map = ::mmap(nullptr, file_size, PROT_READ, MAP_SHARED, file.native().number(), 0);
  testing::checked(map == MAP_FAILED ? -1 : 0, "mmap");
  const auto* const raw = static_cast<const std::byte*>(map);
  testing::checked(::madvise(map, file_size, MADV_POPULATE_READ), "madvise");
  std::array<std::byte, Bytes> bytes{};
  offsets<Bytes> any;
  page.compare(what, {{"mmap, memcpy", repeat([&] {
                         std::memcpy(bytes.data(), raw + any.next(), Bytes);
                         return true;
                       })},
                      {"mapped_file_handle::read(extent), memcpy",
                       repeat([&] {
                         const const_buffer there = file.read(extent{any.next(), Bytes});
                         if (there.size() != Bytes) return false;
                         std::memcpy(bytes.data(), there.data(), Bytes);
                         return true;
                       }),
                       {.wanted = wanted}},
                      {"mapped_file_handle::read(buffer, offset)", repeat([&] {
                         const auto done = file.read(buffer(bytes), any.next());
                         return done && done.assume_value() == Bytes;
                       })},
                      {"the same, guarded", repeat([&] {
                         const auto done = guarded_file.read(buffer(bytes), any.next());
                         return done && done.assume_value() == Bytes;
                       })}});
  ::munmap(map, file_size);
}

int run(int argc, char** argv) {
  side_by_side page(argc, argv,
                    {.name = "mapped_reads",
                     .title = "Reads of a mapped file",
                     .about = "What `mapped_file_handle` takes to read at random offsets of a file "
                              "of 64 MiB in memory (tmpfs), beside the bare copy out of a map; and "
                              "what it takes to have an error instead of a signal."});
  const testing::scratch_directory scratch;
  const std::string path = scratch / "f";
  compare<4096>(page, path, "4 KiB", 1.02);
  compare<64>(page, path, "64 bytes", 1.3);
  const std::array<std::byte, 64> line{};
  std::array<std::byte, 64> bytes{};
  page.compare("64 bytes, in the processor's cache",
               {{"memcpy", repeat([&] {
                   keep(line);
                   std::memcpy(bytes.data(), line.data(), bytes.size());
                   keep(bytes);
                   return true;
                 })},
                {"copy_guarded", repeat([&] { return bool(copy_guarded(line, bytes)); })}});
  return page.finish();
}

} // namespace
} // namespace afio::benchmarks

int main(int argc, char** argv) { return afio::benchmarks::run(argc, argv); }
