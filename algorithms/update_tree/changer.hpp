// What an update does to the target, one entry after another. What is to be done, others decide.
#pragma once

#include "algorithms/compare_trees/compare_trees.hpp"
#include "algorithms/copy_tree/copier.hpp"
#include "algorithms/remove_tree/remove_tree.hpp"
#include "algorithms/update_tree/in_place.hpp"
#include "algorithms/update_tree/update_tree.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace afio::algorithms::update_detail {

/// What the workers of one update share.
struct updating {
  const update_options& options;
  observer& told;
  const deadline::running& limit; ///< Of all walks.
  copy_detail::copying copying;
  std::mutex telling = {}; ///< Of conflicts.
  compare_detail::link_pairs links = {};
  std::atomic<std::uint64_t> removed{0}; ///< Entries that went, or may.

  bool rehearses() const noexcept { return options.doing == update_options::doing::rehearse; }

  /// Whether no tree's entry of the name is excluded: what is excluded in one stays as it is in
  /// all.
  template <std::size_t N>
  bool wants(const place<N>& here, const row<N>& r) const {
    if (options.filter == nullptr) return true;
    const std::string path = here.below(r.name);
    return std::ranges::all_of(
        r.in, [&](const cell& c) { return !c.present || options.filter->includes(path, c.type); });
  }

  /// For a walk within the walk, by the same worker.
  tree_options for_inner_walk() const noexcept {
    tree_options how = options.tree;
    how.threads = 1;
    how.deadline = limit.rest();
    return how;
  }

  /// Counts so many more entries that are to go; false, and nothing is counted, where that would be
  /// too many.
  bool may_remove(std::uint64_t more = 1) noexcept {
    const bool may = removed.fetch_add(more) + more <= options.most_removed;
    if (!may) removed -= more;
    return may;
  }
};

/// Does without what it hears.
class no_listener final : public difference_listener {};

/// One for each worker. Tree 0 is the source, the last one the target. Failures are told.
template <std::size_t N>
class changer {
public:
  static constexpr std::size_t target = N - 1;

  /// Which directory of the target's goes, to make room for what is none.
  enum class room_for_it : std::uint8_t {
    whatever,
    /// One that holds what the base's does (errc::raced), also when the copy is ready. Of three
    /// trees, both of which have it.
    as_in_base,
  };

  changer(updating& shared, copy_detail::entry_copier&& entries,
          std::unique_ptr<in_place<N>> there) noexcept
      : shared_(&shared),
        there_(std::move(there)),
        copies_(shared.copying, std::move(entries), there_.get()) {}

  /// Gives the entry to the target, in place of whatever has its name there, as far as that is not
  /// so already; a directory is entered. Throws std::bad_alloc.
  void put(const place<N>& here, row<N>& r, room_for_it goes = room_for_it::whatever);

  /// Whether two directories hold the same; nothing where that could not be found out, which was
  /// told. ECANCELED where there was no time to.
  result<std::optional<bool>> same_below(const place<N>& here, const compared_entry& a,
                                         const compared_entry& b) const;

  /// Tells, in a rehearsal, what put() would do if the target's file had that name already.
  void rehearse_put(const place<N>& here, const row<N>& r, const compared_entry& there);

  /// Whether the source certainly lacks the name: a listing may miss one that is renamed to
  /// meanwhile. Else it stays, and what cannot be found out is told.
  bool is_absent(const place<N>& here, const row<N>& r) const noexcept;

  /// Takes the entry from the target; a directory is entered, and goes with all that is in it.
  void remove(const place<N>& here, row<N>& r);

  /// The directory goes, if it is empty.
  void remove_if_empty(const place<N>& here) noexcept;

  /// With sync::all: in leave(), of the target's directory, where nothing else sees to it.
  void make_durable(const place<N>& here) noexcept;

  /// Whether the directory is one that goes.
  static bool is_going(const place<N>& here) noexcept;

  after leave(const place<N>& here) noexcept;
  verdict denied(const place<N>& here, const error& why) noexcept;

  in_place<N>& there() noexcept { return *there_; }

  /// With the metadata of the root, when all else is done.
  copy_detail::copier<N>& copies() noexcept { return copies_; }

  /// Counts what was copied in another way, failures aside.
  void add(const copy_report& more) noexcept;

  /// What was done so far.
  void add_to(update_report& sum) const noexcept;

private:
  result<void> put_entry(const place<N>& here, row<N>& r, room_for_it goes);
  class emptying;
  result<void> put_over_directory(const place<N>& here, row<N>& r, room_for_it goes);
  result<bool> empty_directory(const place<N>& here, const row<N>& r);
  result<void> check_number(const place<N>& here, const row<N>& r, const path_handle& old);
  result<bool> holds_nothing_excluded(const place<N>& here, const row<N>& r) const;
  result<void> put_directory_over(const place<N>& here, row<N>& r);
  result<void> compare_directories(const place<N>& here, const row<N>& r);
  result<void> remove_leaf(const place<N>& here, const row<N>& r) noexcept;
  result<void> remove_directory(const place<N>& here) noexcept;

  updating* shared_;
  std::unique_ptr<in_place<N>> there_; // Where it stays, because copies_ knows it.
  copy_detail::copier<N> copies_;
  std::uint64_t removed_ = 0;
};

} // namespace afio::algorithms::update_detail
