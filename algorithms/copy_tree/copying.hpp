// What the workers of one copy share, and what each of them has done.
#pragma once

#include "algorithms/copy_file/file_copier.hpp"
#include "algorithms/copy_tree/copy_options.hpp"
#include "algorithms/copy_tree/link_groups.hpp"
#include "algorithms/copy_tree/loss_book.hpp"
#include "algorithms/copy_tree/symlink_target.hpp"
#include "algorithms/walk/visitor.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace afio::algorithms::copy_detail {

struct copying {
  const copy_options& options;
  copy_file_options file; ///< With the threads and the stop token of the tree.
  std::string_view shown;
  const path_handle* root = nullptr; ///< Of the copy; null in a rehearsal of a new one.
  identity root_id{};
  identity source_id{}; ///< Of the source's root.
  /// What the copy is in; of a merge, the copy itself. Nothing that holds it may be copied.
  const path_handle* around = nullptr;
  whereabouts at; ///< Where symlinks are made that did not say so in the source.
  destination::visible seen = destination::visible::by_nobody;
  /// Files that the walk has seen there.
  enum class replaces : std::uint8_t {
    whatever,  ///< Whatever others have written into them since.
    unchanged, ///< Only while their sizes and times of modification are what they were.
  } replaces = replaces::whatever;
  link_groups groups;
  loss_book losses;
  large_files large{0};

  bool rehearses() const noexcept { return options.doing == copy_options::doing::rehearse; }

  bool follows() const noexcept { return options.symlinks == copy_options::symlinks::follow; }

  bool merges() const noexcept { return seen == destination::visible::by_others; }
};

/// Of one worker.
struct account {
  copy_report report;
  // By ways around copying:
  std::uint64_t changed = 0; ///< Metadata alone.
  std::uint64_t shared = 0;  ///< Files that are an older copy's.
  std::uint64_t bytes_shared = 0;
  copied_sources copied; ///< Where options.copied asks for it.

  /// Counts, and tells.
  template <std::size_t N>
  void happened(event_kind kind, const place<N>& here, const row<N>& r) noexcept;
};

} // namespace afio::algorithms::copy_detail
