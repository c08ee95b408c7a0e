// A whole directory, read through directory_handle into memory of the test's own.
#pragma once

#include "afio/directory_handle.hpp"
#include "tests/afio/scene.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace afio::unit {

struct listed {
  std::string name;
  file_type type;
  std::uint64_t inode;
  std::int64_t next;
  friend bool operator==(const listed&, const listed&) = default;
};

/// A buffer of exactly this size, so that a sanitizer sees what is read behind it.
class listing_buffer {
public:
  explicit listing_buffer(std::size_t size = 32'768)
      : words_(std::make_unique<std::uint64_t[]>(size / 8)), size_(size) {}

  operator std::span<std::byte>() const {
    return std::as_writable_bytes(std::span(words_.get(), size_ / 8));
  }

private:
  std::unique_ptr<std::uint64_t[]> words_;
  std::size_t size_;
};

inline void append(std::vector<listed>& all, const directory_listing& part) {
  for (const directory_entry& entry : part) {
    all.push_back({std::string(entry.name.view()), entry.type, entry.inode, entry.next});
  }
}

/// From where the handle is to the end of the directory.
inline std::vector<listed> list_rest(const directory_handle& directory,
                                     std::size_t buffer_size = 32'768) {
  const listing_buffer buffer(buffer_size);
  std::vector<listed> all;
  for (;;) {
    const auto part = take(directory.read(buffer));
    if (part.at_end()) return all;
    append(all, part);
  }
}

inline std::set<std::string> names_of(const std::vector<listed>& entries) {
  std::set<std::string> names;
  for (const auto& entry : entries) {
    names.insert(entry.name);
  }
  return names;
}

} // namespace afio::unit
