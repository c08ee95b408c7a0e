// The visitor that deletes what has been copied, and nothing else.
#pragma once

#include "algorithms/copy_tree/copied_sources.hpp"
#include "algorithms/inode.hpp"
#include "algorithms/move_tree/told_once.hpp"
#include "algorithms/walk/walk.hpp"

#include <cstdint>
#include <mutex>
#include <unordered_map>

namespace afio::algorithms::move_detail {

/// What the workers of one deletion share.
class deletable {
public:
  /// `copied` is sorted, and borrowed.
  explicit deletable(const copied_sources& copied) noexcept : copied_(copied) {}

  /// Removes the entry `name` of `dir` if it is an inode that was copied and is still in the state
  /// that was. errc::raced if not, or if the name means another file by then. True where there was
  /// something to remove.
  result<bool> remove(const path_handle& dir, leaf_name name);

  /// Whether the directory was copied.
  bool holds_directory(const identity& id) const noexcept { return copied_.holds_directory(id); }

private:
  result<void> check_left_so(const stat_t& now, leaf_name name) const noexcept;

  const copied_sources& copied_;
  std::mutex lock_;
  /// When inodes with several names were changed by the removal of one, or why that is not known.
  std::unordered_map<identity, result<timestamp>, inode_hash, same_inode> left_;
};

class source_remover final : public visitor<1> {
public:
  /// What failed before, as `told` knows, is left alone, and all below it.
  source_remover(deletable& shared, const told_once& told) noexcept
      : shared_(&shared), told_(&told) {}

  void rows(const place<1>& here, std::span<row<1>> rows) noexcept override;
  after leave(const place<1>& here) noexcept override;

  std::uint64_t deleted() const noexcept { return deleted_; }

private:
  void remove(const place<1>& here, const row<1>& r) noexcept;
  bool has_failed(const place<1>& here, const row<1>& r) const noexcept;
  static void leave_out(const place<1>& here, row<1>& r) noexcept;

  deletable* shared_;
  const told_once* told_;
  std::uint64_t deleted_ = 0;
};

} // namespace afio::algorithms::move_detail
