// What an algorithm is to the engine: something that acts on rows, then on finished directories.
#pragma once

#include "afio/directory_handle.hpp"
#include "algorithms/observer.hpp"
#include "algorithms/walk/row.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace afio::algorithms {

namespace walk_detail {
template <std::size_t N>
struct node;
template <std::size_t N>
class engine;
} // namespace walk_detail

/// A directory of the walk, in each of the trees, as the visitor sees it. Lives for one call.
template <std::size_t N>
class place {
public:
  /// Whether the directory exists in that tree.
  bool present(std::size_t tree) const noexcept;
  /// Whether its listing there was complete. If not, an absent cell says nothing.
  bool listed(std::size_t tree) const noexcept;
  /// The directory in that tree, where present. In leave(): only with leaving::with_handles.
  const directory_handle& handle(std::size_t tree = 0) const noexcept;
  const identity& id(std::size_t tree = 0) const noexcept;
  /// What the parent's listing said its inode is: all that is known of it in denied().
  std::uint64_t listed_inode(std::size_t tree = 0) const noexcept;

  /// Whether this directory, or one above it in the walk, is that one.
  bool is_in(const identity& id, std::size_t tree = 0) const noexcept;

  bool is_root() const noexcept;
  std::uint32_t depth() const noexcept; ///< 0 for the root.
  /// Not for the root, which has no name below the walk.
  leaf_name name() const noexcept;
  /// The directory that name() is in. In leave() and denied() only, and not for the root.
  const directory_handle& parent(std::size_t tree = 0) const noexcept;
  /// The parent's slot. Not for the root.
  std::atomic<std::uint64_t>& parent_slot() const noexcept;

  /// For people: the root's name as given, then the components down to `leaf`. Allocates.
  std::string path(std::string_view leaf = {}) const;
  /// The same by the name of that tree's root.
  std::string path_in(std::size_t tree, std::string_view leaf = {}) const;
  /// The components below the roots alone, as filters want them; of the root itself, empty.
  std::string below(std::string_view leaf = {}) const;

  /// Tells the observer that `what` failed for the entry `leaf` of this directory, or for the
  /// directory itself where `leaf` is empty, and marks the directory and all above it incomplete.
  /// The path begins with the name of the first tree that has the directory. An interruption
  /// (is_interruption) is no failure and not told: the entry was left in the middle, and the walk
  /// is stopped, also where that was the last of all.
  void fail(operation what, std::string_view leaf, const error& why) const noexcept;
  /// The same of what that tree has.
  void fail_in(std::size_t tree, operation what, std::string_view leaf,
               const error& why) const noexcept;
  /// Counts failures of this directory that the observer has been told already.
  void count_told(std::uint64_t failures) const noexcept;
  /// Tells the observer, if it wants events.
  void tell(event_kind kind, std::string_view leaf, file_type type) const noexcept;
  void tell_in(std::size_t tree, event_kind kind, std::string_view leaf,
               file_type type) const noexcept;
  /// The same of an entry that moved to its place in the last tree.
  void tell_moved(std::string_view leaf, file_type type) const noexcept;
  /// Whether something in or below failed, or was left out by a boundary or an early stop.
  bool incomplete() const noexcept;
  void mark_incomplete() const noexcept;

  /// In denied() only: the directory is not there in that tree, so that it can be opened again in
  /// the others.
  void leave_out(std::size_t tree) const noexcept;

  /// A word of the visitor's own for each directory, 0 at first. Workers share it: hence atomic.
  std::atomic<std::uint64_t>& slot() const noexcept;

private:
  friend class walk_detail::engine<N>;

  place(walk_detail::engine<N>& e, walk_detail::node<N>& n) noexcept : engine_(e), node_(n) {}

  walk_detail::engine<N>& engine_;
  walk_detail::node<N>& node_;
};

/// Of a directory whose rows are all done.
enum class after : std::uint8_t {
  done,
  /// Rows and leave() once more. Where the walk will not, because it stops or has done so often
  /// enough, leave() alone, incomplete by then, and for the last time.
  list_again,
};
/// Of a directory that could not be opened or must not be entered.
enum class verdict : std::uint8_t {
  report,  ///< A failure; the parent is incomplete.
  skip,    ///< None; the parent is incomplete.
  handled, ///< None; as if it had been walked.
  /// The visitor mended something. At most once a directory: where that has not helped, denied() is
  /// called again, to undo it, and this then is report.
  open_again,
};

/// Each worker has one of its own, so a visitor needs no locks; results are merged by the caller
/// afterwards. Calls for one directory: rows() zero times or more, from several workers at once if
/// the directory is large; then, when all its rows and all below it are done, leave() once from
/// one. (Not if the handles promised to it cannot be opened again: that is told as a failure,
/// unless the directory is gone.)
template <std::size_t N>
class visitor {
public:
  virtual ~visitor() = default;

  /// Some rows of `here`, at most 128, in the order that walk_options::order says.
  virtual void rows(const place<N>& here, std::span<row<N>> rows) noexcept = 0;

  /// `here`, which was entered, is finished; after a stop as well, when it is incomplete.
  virtual after leave(const place<N>&) noexcept { return after::done; }

  /// `here` was not entered: its open failed, it is another file than was listed (errc::raced), or
  /// is on another mount, device or subvolume (errc::boundary). Not called if it is gone (ENOENT),
  /// but where N > 1, because another tree may have it.
  virtual verdict denied(const place<N>&, const error&) noexcept { return verdict::report; }

protected:
  visitor() = default;
  visitor(const visitor&) = default;
  visitor(visitor&&) = default;
  visitor& operator=(const visitor&) = default;
  visitor& operator=(visitor&&) = default;
};

} // namespace afio::algorithms
