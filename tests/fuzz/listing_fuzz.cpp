// A listing gives back what the kernel's records say: each name, type and inode once, in order, the
// dots left out, no byte read outside.
#include "afio/directory_handle.hpp"
#include "tests/fuzz/check.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <dirent.h>

namespace afio {
namespace {

struct entry {
  std::string name;
  unsigned char type;
  std::uint64_t inode;
  std::int64_t next;
};

/// Takes bytes off the front of the input; zeros behind its end.
class input {
public:
  input(const std::uint8_t* data, std::size_t size) : at_(data), left_(size) {}

  bool empty() const { return left_ == 0; }

  std::uint8_t byte() {
    if (left_ == 0) return 0;
    --left_;
    return *at_++;
  }

private:
  const std::uint8_t* at_;
  std::size_t left_;
};

/// A name that the kernel could list: 1 to 255 bytes without slash and NUL. Dots among them.
std::string any_name(input& in) {
  const std::size_t size = in.byte();
  if (size <= 1) return size == 0 ? "." : "..";
  std::string name;
  for (std::size_t i = 0; i < size; ++i) {
    const char c = static_cast<char>(in.byte());
    name += c == '/' || c == '\0' ? '.' : c;
  }
  return name;
}

std::vector<entry> any_entries(input& in) {
  std::vector<entry> all;
  while (!in.empty() && all.size() < 1'000) {
    entry e;
    e.type = in.byte();
    e.inode = std::uint64_t{in.byte()} << 56 | in.byte();
    e.next = static_cast<std::int64_t>(all.size()) << 32 | in.byte();
    e.name = any_name(in);
    all.push_back(std::move(e));
  }
  return all;
}

/// As getdents64 lays them out, in memory of exactly that size.
std::vector<std::byte> records_of(const std::vector<entry>& entries) {
  constexpr std::size_t name_offset = 19;
  std::vector<std::byte> all;
  for (const entry& e : entries) {
    const std::size_t begin = all.size();
    const auto size = static_cast<std::uint16_t>((name_offset + e.name.size() + 1 + 7) / 8 * 8);
    all.resize(begin + size, std::byte{0xa5}); // what is behind a name is not looked at
    std::memcpy(&all[begin], &e.inode, 8);
    std::memcpy(&all[begin + 8], &e.next, 8);
    std::memcpy(&all[begin + 16], &size, 2);
    std::memcpy(&all[begin + 18], &e.type, 1);
    std::memcpy(&all[begin + name_offset], e.name.c_str(), e.name.size() + 1);
  }
  all.shrink_to_fit();
  return all;
}

file_type type_of(unsigned char d_type) {
  switch (d_type) {
  case DT_REG:
    return file_type::regular;
  case DT_DIR:
    return file_type::directory;
  case DT_LNK:
    return file_type::symlink;
  case DT_FIFO:
    return file_type::fifo;
  case DT_SOCK:
    return file_type::socket;
  case DT_CHR:
    return file_type::character_device;
  case DT_BLK:
    return file_type::block_device;
  default:
    return file_type::unknown;
  }
}

void check_entry(const directory_entry& found, const entry& expected) {
  CHECK(found.name.view() == expected.name);
  CHECK(is_leaf_name(found.name));
  CHECK(std::string_view(found.name.c_str()) == expected.name);
  CHECK(found.type == type_of(expected.type));
  CHECK(found.inode == expected.inode);
  CHECK(found.next == expected.next);
  const leaf_buffer kept = found.name;
  CHECK(kept.view() == expected.name);
}

void check_listing(std::vector<entry> entries) {
  const auto records = records_of(entries);
  const directory_listing listing(records);
  CHECK(listing.at_end() == entries.empty());
  CHECK(listing.size_bytes() == records.size());

  std::erase_if(entries, [](const entry& e) { return e.name == "." || e.name == ".."; });
  auto expected = entries.begin();
  for (auto at = listing.begin(); at != listing.end(); ++expected) {
    CHECK(expected != entries.end());
    check_entry(*at, *expected);
    const auto before = at++;
    CHECK(before != at);
    check_entry(*before, *expected);
  }
  CHECK(expected == entries.end());
  CHECK(static_cast<std::size_t>(std::distance(listing.begin(), listing.end())) == entries.size());
}

} // namespace
} // namespace afio

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  afio::input in(data, size);
  afio::check_listing(afio::any_entries(in));
  return 0;
}
