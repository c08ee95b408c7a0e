// One file through a file_handle, a mapped_file_handle and a map at once, at random, against an
// array of bytes.
#include "afio/mapped_file_handle.hpp"
#include "afio/memory_usage.hpp"
#include "tests/afio/per_file_system.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>
#include <vector>

namespace afio::unit {
namespace {

const std::uint64_t page = page_size();
/// A handful of blocks of any file system.
constexpr std::uint64_t reach = 1 << 18;

std::uint64_t number_in(const char* name, std::uint64_t otherwise) {
  const char* const value = std::getenv(name);
  return value != nullptr ? std::stoull(value) : otherwise;
}

const std::uint64_t operations = number_in("AFIO_MAPPED_OPERATIONS", 2'000);
const std::uint64_t seed = number_in("AFIO_MODEL_SEED", 1);

using bytes = std::vector<std::byte>;

/// What a file should have.
class model {
public:
  std::uint64_t size() const { return bytes_.size(); }

  void resize(std::uint64_t size) { bytes_.resize(size); }

  const_buffer part(extent e) const {
    const std::uint64_t from = std::min(e.offset, size());
    return const_buffer(bytes_).subspan(from, std::min(e.length, size() - from));
  }

  void put(std::uint64_t at, const_buffer from) {
    const bytes own(from.begin(), from.end()); // It may be a part of this.
    bytes_.resize(std::max(size(), at + own.size()));
    std::copy(own.begin(), own.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(at));
  }

  void zero(extent e) {
    const auto from = bytes_.begin() + static_cast<std::ptrdiff_t>(std::min(e.offset, size()));
    std::fill(from, from + static_cast<std::ptrdiff_t>(part(e).size()), std::byte{});
  }

private:
  bytes bytes_;
};

class MappedModel : public per_file_system {
protected:
  void TearDown() override {
    map = {};
    mapped = {};
    plain = {};
    other = {};
    per_file_system::TearDown();
  }

  file_handle open(const char* name) const {
    return take(
        file_handle::file(dir, leaf(name), {.mode = mode::write, .creation = creation::if_needed}));
  }

  void open_all() {
    plain = open("f");
    other = open("other");
    open_mapped();
    map = take(map_handle::map(take(section_handle::section(plain)), {.reservation = 2 * reach}));
  }

  void open_mapped() {
    mapped = take(mapped_file_handle::mapped(
        open("f"),
        {.reservation = random() % 2 == 0 ? 0 : 2 * reach,
         .access = random() % 2 == 0 ? mapped_access::guarded : mapped_access::unguarded}));
    known = expected.size();
  }

  std::uint64_t anywhere() { return random() % reach; }

  extent any_part() {
    const extent part{anywhere(), anywhere() / 16 + 1};
    if (random() % 2 == 0) return part;
    return aligned(part);
  }

  /// Half of all are, because that is where file systems do something else.
  static extent aligned(extent part) {
    return {part.offset / page * page, (part.length + page - 1) / page * page};
  }

  /// A part that is there.
  extent within(std::uint64_t size) {
    const extent part = any_part();
    if (size == 0) return {};
    const std::uint64_t from = part.offset % size;
    return {from, std::min(part.length, size - from)};
  }

  const_buffer any_bytes(std::uint64_t length) {
    data.resize(length);
    std::uint64_t word = random() | 1;
    for (std::byte& b : data) b = static_cast<std::byte>((word = word * 25214903917 + 11) >> 40);
    return data;
  }

  /// The handle itself, or what a mapped one is besides.
  file_handle& either() { return random() % 2 == 0 ? plain : static_cast<file_handle&>(mapped); }

  static bool overlap(extent a, std::uint64_t at) {
    return a.offset < at + a.length && at < a.end();
  }

  // ---------------------------------------------------------------------------- what is compared

  void same(const_buffer found, const_buffer wanted) {
    ASSERT_EQ(found.size(), wanted.size());
    const auto at = std::mismatch(found.begin(), found.end(), wanted.begin()).first;
    ASSERT_TRUE(at == found.end()) << "another byte at " << at - found.begin();
  }

  void read_plain(const file_handle& file, const model& wanted, extent part) {
    bytes into(part.length);
    same(buffer(into).first(take(file.read(buffer(into), part.offset))), wanted.part(part));
  }

  void read_mapped() {
    const extent part = any_part();
    const std::uint64_t there = std::min(part.offset, known);
    const const_buffer wanted = expected.part({there, std::min(part.length, known - there)});
    same(mapped.read(part), wanted);
    bytes into(part.length);
    same(buffer(into).first(take(mapped.read(buffer(into), part.offset))), wanted);
  }

  void read_map() {
    const extent part = within(expected.size());
    same({map.address() + part.offset, part.length}, expected.part(part));
  }

  void compare_all() {
    read_plain(plain, expected, {0, 2 * reach});
    read_plain(other, others, {0, 2 * reach});
    same({map.address(), expected.size()}, expected.part({0, expected.size()}));
    same(mapped.read(extent{0, 2 * reach}), expected.part({0, known}));
    ASSERT_EQ(take(plain.size()), expected.size());
    ASSERT_EQ(mapped.length(), known);
  }

  // --------------------------------------------------------------------------- what is changed

  void write_plain() {
    const extent part = any_part();
    const const_buffer from = any_bytes(part.length);
    ASSERT_EQ(take(plain.write(from, part.offset)), part.length);
    expected.put(part.offset, from);
  }

  void write_mapped() {
    const extent part = any_part();
    const const_buffer from = any_bytes(part.length);
    ASSERT_EQ(take(mapped.write(from, part.offset)), part.length);
    expected.put(part.offset, from);
    if (part.end() > known) known = expected.size();
  }

  void store() {
    const extent part = within(expected.size());
    const const_buffer from = any_bytes(part.length);
    std::copy(from.begin(), from.end(), map.address() + part.offset);
    expected.put(part.offset, from);
  }

  void truncate_plain() {
    const std::uint64_t size = anywhere();
    take(plain.truncate(size));
    expected.resize(size);
    if (size < known) update();
  }

  void truncate_mapped() {
    const std::uint64_t size = anywhere();
    take(mapped.truncate(size));
    expected.resize(size);
    known = size;
  }

  void update() {
    ASSERT_EQ(take(mapped.update_map()), expected.size());
    known = expected.size();
  }

  void punch() {
    const extent part = any_part();
    take(either().punch_hole(part));
    expected.zero(part);
  }

  void zero() {
    const extent part = any_part();
    take(either().zero(part));
    expected.resize(std::max(expected.size(), part.end()));
    expected.zero(part);
  }

  void zero_memory() {
    const extent part = within(expected.size());
    take(map.zero_memory(part));
    expected.zero(part);
  }

  void copy_within() {
    extent part = any_part();
    std::uint64_t at = anywhere();
    if (random() % 2 == 0) {
      part = aligned(part);
      at = at / page * page;
    }
    // Cut, because what makes the file longer meanwhile would be copied, too.
    part.length = expected.part(part).size();
    if (overlap(part, at)) return;
    transfer(either(), expected, part, either(), expected, at);
  }

  void copy_out() { transfer(either(), expected, aligned(any_part()), other, others, any_page()); }

  void copy_in() { transfer(other, others, aligned(any_part()), either(), expected, any_page()); }

  std::uint64_t any_page() { return anywhere() / page * page; }

  /// By clone_extents, which shares blocks where it can, or copy_extents, which may.
  void transfer(const file_handle& from, const model& had, extent part, file_handle& to, model& has,
                std::uint64_t at) {
    const const_buffer moved = had.part(part);
    std::uint64_t done = 0;
    if (random() % 2 == 0) {
      done = take(from.clone_extents(part, to, at));
    } else {
      while (done < moved.size()) {
        const auto some =
            take(from.copy_extents({part.offset + done, part.length - done}, to, at + done));
        ASSERT_GT(some, 0U);
        done += some;
      }
    }
    ASSERT_EQ(done, moved.size());
    if (done > 0) has.put(at, moved);
  }

  void barrier() {
    switch (random() % 3) {
    case 0:
      return take(map.barrier(barrier_kind::data, within(expected.size())));
    case 1:
      return take(mapped.map().barrier(barrier_kind::start));
    default:
      return take(either().barrier(barrier_kind::data));
    }
  }

  void open_again() {
    if (random() % 2 == 0) {
      take(mapped.close());
      open_mapped();
    } else {
      take(plain.close());
      plain = open("f");
    }
  }

  void act() {
    const auto what = random() % 64;
    if (what < 8) return read_plain(plain, expected, any_part());
    if (what < 16) return read_mapped();
    if (what < 22) return read_map();
    if (what < 28) return write_plain();
    if (what < 36) return write_mapped();
    if (what < 42) return store();
    if (what < 44) return truncate_plain();
    if (what < 46) return truncate_mapped();
    if (what < 49) return punch();
    if (what < 51) return zero();
    if (what < 53) return zero_memory();
    if (what < 56) return copy_within();
    if (what < 58) return copy_out();
    if (what < 60) return copy_in();
    if (what < 62) return update();
    if (what < 63) return open_again();
    if (random() % 8 == 0) barrier();
  }

  std::mt19937_64 random{seed};
  file_handle plain, other;
  mapped_file_handle mapped;
  map_handle map;
  model expected, others;
  std::uint64_t known = 0; ///< of the length, to `mapped`
  bytes data;
};

INSTANTIATE_TEST_SUITE_P(Kinds, MappedModel, all_kinds(), kind_of);

TEST_P(MappedModel, AllWaysToAFileAgree) {
  open_all();
  for (std::uint64_t i = 0; i < operations; ++i) {
    act();
    if (i % 64 == 0 || HasFailure()) compare_all();
    if (HasFailure()) FAIL() << "after " << i << " operations from seed " << seed;
  }
  compare_all();
}

} // namespace
} // namespace afio::unit
