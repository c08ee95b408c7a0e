// Which sources were copied, and in which state: what a move may delete.
#pragma once

#include "afio/stat.hpp"

#include <compare>
#include <cstdint>
#include <string_view>
#include <vector>

namespace afio::algorithms {

/// Inodes as they were when their copies were complete: 32 bytes each, and for each name of those
/// that have several. Not for several threads at once, but for the calls that ask.
class copied_sources {
public:
  /// Throws std::bad_alloc.
  void add(const stat_t& source) { states_.push_back(state_of(source)); }

  /// A directory, whose own changes do not count. Throws std::bad_alloc.
  void add_directory(const identity& id) { states_.push_back(state_of(id)); }

  /// One of the names of an inode that has several: `name` in the directory `dir`. Throws
  /// std::bad_alloc.
  void add_name(const identity& dir, std::string_view name, const identity& inode) {
    states_.push_back(name_of(dir, name, inode));
  }

  /// Takes over what `other` has. Throws std::bad_alloc.
  void add(const copied_sources& other) {
    states_.insert(states_.end(), other.states_.begin(), other.states_.end());
  }

  /// To be called before holds().
  void sort() noexcept;

  /// Whether the inode was copied in the very state that `now` says it is in.
  bool holds(const stat_t& now) const noexcept;
  /// Whether the directory was copied, in whatever state.
  bool holds_directory(const identity& id) const noexcept;
  /// Whether that one of the inode's names was.
  bool holds_name(const identity& dir, std::string_view name, const identity& inode) const noexcept;

private:
  /// Nothing changes an inode without changing when it was changed.
  struct state {
    std::uint64_t device;
    std::uint64_t inode;
    timestamp changed;
    friend auto operator<=>(const state&, const state&) noexcept = default;
  };

  static state state_of(const stat_t& s) noexcept { return {s.id.device, s.id.inode, s.changed}; }

  static state state_of(const identity& id) noexcept { return {id.device, id.inode, {}}; }

  static state name_of(const identity& dir, std::string_view name, const identity& inode) noexcept;

  std::vector<state> states_;
};

} // namespace afio::algorithms
