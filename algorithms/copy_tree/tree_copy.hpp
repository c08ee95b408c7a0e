// One copy of a tree: its walk, and how it gets its name.
#pragma once

#include "algorithms/copy_tree/copier.hpp"
#include "algorithms/serial_observer.hpp"

#include <memory>
#include <optional>
#include <string_view>

namespace afio::algorithms::copy_detail {

/// A tree that is walked beside the source, because what is in it may do instead of a copy. What
/// cannot be read there is not.
class older_copy {
public:
  /// Null where there is none yet. Borrowed for the walk.
  virtual const path_handle* root() const noexcept = 0;
  /// For one worker. Tree 1 is the older copy.
  virtual result<std::unique_ptr<shortcut<3>>> around(copying& shared) = 0;

protected:
  ~older_copy() = default;
};

/// One call's state. All throw std::bad_alloc.
class tree_copy {
public:
  /// `older`: null where there is none.
  tree_copy(const path_handle& to, leaf_name new_name, std::string_view shown,
            const copy_options& options, observer& told, older_copy* older = nullptr);

  /// A new tree that lacks something that was told, but for what kept changing, gets this name
  /// instead.
  void name_if_incomplete(leaf_name name) noexcept { incomplete_name_ = leaf_buffer(name); }

  /// As copy_tree() of a directory, and of anything else.
  result<copy_report> copy_directory(const path_handle& source, const stat_t& status);
  result<copy_report> copy_one(const path_handle& from, leaf_name name, const fs_handle& source,
                               const stat_t& status);

  /// The name that a new tree has got, or in a rehearsal would get; nothing if it is not published.
  const std::optional<leaf_buffer>& published_as() const noexcept { return published_as_; }

  std::uint64_t shared() const noexcept { return shared_with_older_; }

  std::uint64_t bytes_shared() const noexcept { return bytes_shared_; }

private:
  const copy_options& options() const noexcept { return shared_.options; }

  bool needs_paths() const noexcept;
  result<std::optional<stat_t>> namesake() noexcept;
  result<copy_report> build(const path_handle& source, const stat_t& status);
  result<copy_report> merge(const path_handle& source, const stat_t& status, const stat_t& there);
  result<void> walk_into(const path_handle& source, const path_handle* target,
                         const directory_state& root);
  template <std::size_t N>
  result<void> walk_trees(const std::array<walk_root, N>& roots, const directory_state& root);
  template <std::size_t N>
  result<std::unique_ptr<shortcut<N>>> way_around();
  result<void> publish(const directory_handle& hidden, leaf_name hidden_name) noexcept;
  const leaf_buffer& name_to_get() const noexcept;
  void sync_names() noexcept;
  void discard(leaf_name hidden_name);
  void add(const account& more);
  void fail(operation what, const error& why) noexcept;
  void happened(event_kind kind, file_type type) noexcept;

  const path_handle& to_;
  leaf_buffer new_name_;
  std::optional<leaf_buffer> incomplete_name_;
  std::optional<leaf_buffer> published_as_;
  serial_observer told_; // Workers tell of losses beside the walk.
  copying shared_;
  older_copy* older_;
  copy_report report_;
  std::uint64_t shared_with_older_ = 0;
  std::uint64_t bytes_shared_ = 0;
};

} // namespace afio::algorithms::copy_detail
