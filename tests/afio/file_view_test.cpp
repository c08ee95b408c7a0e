#include "afio/file_view.hpp"
#include "tests/afio/scene.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

namespace afio::unit {
namespace {

/// How many pieces of this process's memory are files called so.
int maps_of(std::string_view name) {
  std::ifstream maps("/proc/self/maps");
  int count = 0;
  for (std::string line; std::getline(maps, line);) count += line.ends_with(name) ? 1 : 0;
  return count;
}

class FileView : public scene {
protected:
  FileView() {
    for (std::size_t i = 0; i < content.size(); ++i) content[i] = std::byte(i % 251);
    take(file.write(content, 0));
  }

  std::vector<std::byte> content = std::vector<std::byte>(20'000);
  file_handle file = take(file_handle::file(
      dir, leaf("viewed"), {.mode = mode::write, .creation = creation::if_needed}));
};

TEST_F(FileView, HasThePartThatWasAskedFor) {
  for (const extent part : {extent{0, 20'000}, extent{0, 1}, extent{4'096, 4'096},
                            extent{5'000, 10'000}, extent{19'999, 1}}) {
    const file_view view = take(file_view::map(file, part));
    ASSERT_EQ(view.bytes().size(), part.length);
    EXPECT_EQ(std::memcmp(view.bytes().data(), content.data() + part.offset, part.length), 0);
  }
}

TEST_F(FileView, GoesWithItsOwner) {
  {
    file_view view = take(file_view::map(file, {0, 100}));
    file_view other = std::move(view);
    EXPECT_TRUE(view.bytes().empty());
    EXPECT_EQ(other.bytes().size(), 100U);
    view = take(file_view::map(file, {8'192, 100}));
    EXPECT_EQ(maps_of("/viewed"), 2);
  }
  EXPECT_EQ(maps_of("/viewed"), 0);
}

TEST_F(FileView, BeyondTheEndIsAnErrorNotASignal) {
  EXPECT_TRUE(failed_with(file_view::map(file, {0, 100'000}), EFAULT));
  EXPECT_TRUE(failed_with(file_view::map(file, {40'960, 1}), EFAULT));
  EXPECT_TRUE(failed_with(file_view::map(file, {0, 0}), EINVAL));
  EXPECT_TRUE(failed_with(file_view::map(file, {0, ~std::uint64_t{0}}), EINVAL));
  EXPECT_EQ(maps_of("/viewed"), 0);
}

} // namespace
} // namespace afio::unit
