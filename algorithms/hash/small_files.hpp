// Small files, read one after another into one buffer and hashed together.
#pragma once

#include "algorithms/hash/file_hasher.hpp"
#include "algorithms/hash/spooky_lanes.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace afio::algorithms::hash_detail {

/// A file that was read, and what it was.
struct small_file {
  leaf_name name;
  std::span<const std::byte> contents; ///< In the batch's buffer.
  stat_t status;
  file_handle watched; ///< Open as long as it is to be recorded; else closed.
};

class small_files {
public:
  static constexpr std::uint64_t largest = 65'536; ///< From there on, a message alone is as quick.
  static constexpr std::size_t most = 64;

  /// Throws std::bad_alloc; nothing after it does.
  small_files() : all_(std::make_unique<storage>()) { files_.reserve(most); }

  /// Where a file of `size` bytes can be read to; empty if the batch must be hashed first.
  buffer room_for(std::uint64_t size) noexcept {
    const bool fits = files_.size() != most && size <= all_->bytes.size() - used_;
    return fits ? buffer(all_->bytes).subspan(used_, size) : buffer();
  }

  void add(small_file file) noexcept {
    used_ += file.contents.size();
    files_.push_back(std::move(file));
  }

  bool empty() const noexcept { return files_.empty(); }

  /// Calls f(file, hash) for each, the shortest first; then the batch is empty.
  template <class F>
  void hash_all(F&& f) noexcept {
    // Of like lengths, they fill the lanes.
    std::ranges::sort(files_, {}, [](const small_file& each) { return each.contents.size(); });
    for (std::size_t i = 0; i < files_.size(); ++i) all_->messages[i] = files_[i].contents;
    spooky_hash128(std::span(all_->messages).first(files_.size()), all_->hashes);
    for (std::size_t i = 0; i < files_.size(); ++i) f(files_[i], all_->hashes[i]);
    files_.clear();
    used_ = 0;
  }

private:
  struct storage {
    std::array<std::byte, 1'048'576> bytes;
    std::array<std::span<const std::byte>, most> messages;
    std::array<hash128, most> hashes;
  };

  std::unique_ptr<storage> all_;
  std::vector<small_file> files_;
  std::size_t used_ = 0;
};

} // namespace afio::algorithms::hash_detail
