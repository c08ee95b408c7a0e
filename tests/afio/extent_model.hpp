// A file's bytes as an array in memory, changed at random together with the file itself; and which
// of its pages a file system without extents of its own (tmpfs) has.
#pragma once

#include "afio/file_handle.hpp"
#include "tests/afio/scene.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <set>
#include <vector>

namespace afio::unit {

class extent_model {
public:
  explicit extent_model(unsigned seed) : random_(seed) {}

  /// Writes, zeroes, punches or resizes the file and the model alike.
  void change(file_handle& file);
  void zero(file_handle& file);
  /// Makes a random part of `from` appear in `to`, a file of `other`'s, by clone_extents.
  void clone(const file_handle& from, file_handle& to, extent_model& other, std::uint64_t unit);

  /// The same bytes; extents in order, apart and inside the file; and nothing but zeros outside
  /// them.
  ::testing::AssertionResult agrees_with(const file_handle& file) const;

  /// The extents of a file that has a page wherever something was written, zeros too.
  std::vector<extent> extents() const;

private:
  static constexpr std::uint64_t page = 4096;

  extent any_part();
  void put(extent part, const std::vector<std::byte>& data);
  void write(file_handle& file);
  void punch(file_handle& file);
  void resize(file_handle& file);

  std::vector<std::byte> bytes_;
  std::set<std::uint64_t> pages_; // numbers of those that are there
  std::mt19937 random_;
};

/// The extents of a file, as next_data() finds them.
std::vector<extent> extents_of(const file_handle& file);

} // namespace afio::unit
