// Names of one inode in the source, which shall be names of one inode in the copy.
#pragma once

#include "afio/fs_handle.hpp"
#include "afio/path_handle.hpp"
#include "algorithms/inode.hpp"

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace afio::algorithms::copy_detail {

/// Where the copy of an inode is.
struct placed {
  std::string path; ///< Below the copy's root.
  identity id;
};

/// Shared by all workers. Remembers an inode from its first name to its last.
class link_groups {
public:
  /// The caller comes upon a name of the inode `source`, which has `links` of them. Nothing: it is
  /// the first, and the caller makes a claim and copies it. Else, where the copy is; waits while
  /// another worker makes it. Throws std::bad_alloc.
  std::optional<placed> join(const identity& source, std::uint64_t links);

  /// Held by who copies the first name. If it is not told where the copy is before it ends, the
  /// next one who joins is the first.
  class claim {
  public:
    claim(link_groups& of, const identity& source) noexcept : of_(&of), source_(source) {}

    ~claim() {
      if (of_ != nullptr) of_->end(source_, nullptr);
    }

    claim(const claim&) = delete;
    claim& operator=(const claim&) = delete;

    void placed_at(placed where) noexcept { std::exchange(of_, nullptr)->end(source_, &where); }

  private:
    link_groups* of_;
    identity source_;
  };

private:
  struct group {
    std::uint64_t names_left;
    enum class state : std::uint8_t { empty, copying, there } is = state::empty;
    placed where;
  };

  void end(const identity& source, placed* where) noexcept;

  std::mutex lock_;
  std::condition_variable changed_;
  std::unordered_map<identity, group, inode_hash, same_inode> groups_;
};

/// Holds the file at `where` below `root`, found name by name. errc::raced if something else is
/// there by now.
result<fs_handle> pin_again(const path_handle& root, const placed& where) noexcept;

} // namespace afio::algorithms::copy_detail
