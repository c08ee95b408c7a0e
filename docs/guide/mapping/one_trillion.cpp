#include "afio/mapped_file_handle.hpp"
#include "algorithms/mapping/mapped_view.hpp"

#include <cstdint>
#include <iostream>

int main() {
  constexpr std::uint64_t count = 1'000'000'000'000;

  // A file without a name, on the file system of the working directory; gone when it is closed.
  auto file =
      afio::mapped_file_handle::mapped_temp_inode(afio::path_handle::working_directory()).value();
  file.truncate(count * sizeof(int)).value();

  const auto ints = afio::algorithms::view_of<int>(file).value();
  ints[0] = 5;
  ints[999'999'999'999] = 6;
  std::cout << ints.size() << " ints, the last one " << ints.back() << '\n';

  afio::stat_t status;
  status.stamp(file, afio::want::allocated).value();
  std::cout << (status.allocated < 1'000'000 ? "hardly anything" : "a lot") << " on the disk\n";
}
