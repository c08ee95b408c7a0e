// Makes one file of two that are equal, or lets them share their blocks: one group after another.
#pragma once

#include "algorithms/compare_trees/entry_comparer.hpp"
#include "algorithms/dedupe/candidate.hpp"
#include "algorithms/dedupe/directory_cache.hpp"
#include "algorithms/dedupe/kept_times.hpp"
#include "algorithms/observer.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

namespace afio::algorithms::dedupe_detail {

/// What was found out about devices. By any thread.
class sharing_devices {
public:
  enum class ability : std::uint8_t { can, cannot };

  /// What has been noted of it first.
  std::optional<ability> known(std::uint64_t device) const noexcept {
    const std::scoped_lock hold(lock_);
    const auto noted = found_.find(device);
    return noted == found_.end() ? std::nullopt : std::optional(noted->second);
  }

  /// Whether it has not been found that files on it cannot share blocks.
  bool may_share(std::uint64_t device) const noexcept { return known(device) != ability::cannot; }

  /// What two files on it could do. The first time decides: a single file may be unable for reasons
  /// of its own. Throws std::bad_alloc.
  void note(std::uint64_t device, ability found) {
    const std::scoped_lock hold(lock_);
    found_.try_emplace(device, found);
  }

private:
  mutable std::mutex lock_;
  std::map<std::uint64_t, ability> found_;
};

/// What the workers of one call share. Borrowed.
struct replacing {
  const contents_of_plan& plan;
  const dedupe_options& options;
  observer& told;
  deadline::running limit;
  kept_times times;
  sharing_devices devices;
  std::atomic<bool> failed{false};
  std::atomic<stopped> broken_off{stopped::no}; ///< Why not all was tried.

  /// Why nothing more is to be begun.
  stopped reason_to_stop() const noexcept {
    if (options.tree.stop.stop_requested()) return stopped::by_request;
    if (options.tree.on_failure == on_failure::stop && failed) return stopped::by_failure;
    return limit.expired() ? stopped::by_deadline : stopped::no;
  }

  bool stopping() const noexcept { return reason_to_stop() != stopped::no; }

  /// The same, for who leaves work undone then.
  bool breaks_off() noexcept {
    const stopped why = reason_to_stop();
    if (why != stopped::no) broken_off = why;
    return why != stopped::no;
  }
};

/// One for each thread: it owns buffers (1 MiB).
class replacer {
public:
  /// ENOMEM.
  static result<replacer> make(replacing& shared) noexcept;

  /// All of it, or until it is to stop.
  void replace(const contents_of_plan::group& g) noexcept;

  /// What was replaced is given up for good. Last.
  void finish() noexcept { settle_all(); }

  const dedupe_report& report() const noexcept { return report_; }

private:
  struct held_file {
    file_handle file;
    stat_t status;               ///< When it was opened.
    bool has_attributes = false; ///< Such as count. The same.
  };

  /// Whether nobody may write to it while it is held.
  enum class guard : std::uint8_t { none, lease };

  replacer(replacing& shared, entry_comparer&& comparer,
           std::unique_ptr<std::array<std::byte, 262'144>> through) noexcept;

  /// One whose names become another's.
  struct old_file : held_file {
    explicit old_file(held_file&& held) noexcept : held_file(std::move(held)) {}

    std::uint64_t replaced = 0; ///< Names of it.
  };

  /// The kept file has the name, and the old one a private name beside it.
  struct replaced_name {
    std::shared_ptr<const held_file> kept;
    std::shared_ptr<old_file> old;
    const candidate* of_kept;
    const candidate* of_old;
    const found_file* name;
    leaf_buffer aside;
    path_handle directory = {};
    std::chrono::steady_clock::time_point since = {};
  };

  bool by_sharing(const candidate& one) const noexcept;
  bool cannot_share(const file_handle& kept, const candidate& other, const error& why);
  result<held_file> hold(const candidate& one, guard by) noexcept;
  result<held_file> hold(const found_file& name, guard by) noexcept;
  result<void> lease_read(file_handle& file, leaf_name name) const noexcept;
  result<void> replace(std::shared_ptr<held_file>& kept, const candidate& of_kept,
                       const candidate& other);
  result<void> share(const held_file& kept, const candidate& of_kept, const candidate& other);
  result<void> link(const std::shared_ptr<held_file>& kept, const candidate& of_kept,
                    const candidate& other);
  result<void> check_equal(const held_file& kept, const held_file& other) noexcept;
  result<bool> has_attributes(const file_handle& file) noexcept;
  result<void> check_attributes(const held_file& kept, const held_file& other) noexcept;
  static result<void> check_guarded(const held_file& kept, const held_file& other) noexcept;
  static result<void> check_guarded(const held_file& one) noexcept;
  result<void> exchange(replaced_name one);
  result<void> link_and_exchange(replaced_name& one) noexcept;
  static result<void> exchange_with_aside(const replaced_name& one) noexcept;
  static result<void> swap_names(const replaced_name& one) noexcept;
  result<void> confirm(const replaced_name& one,
                       std::chrono::steady_clock::time_point checked) noexcept;
  result<void> check_exchanged(const replaced_name& one) noexcept;
  static result<void> check_old(const replaced_name& one) noexcept;
  static result<void> take_back(const replaced_name& one, const error& why) noexcept;
  static result<void> swap_back(const replaced_name& one) noexcept;
  static result<void> remove_aside(const replaced_name& one, const identity& expected) noexcept;
  static result<void> keep_foreign(const replaced_name& one) noexcept;
  void settle_those_due() noexcept;
  void settle_all() noexcept;
  void settle_first() noexcept;
  static result<void> settle(const replaced_name& one) noexcept;
  void tell(event_kind kind, const found_file& name, const candidate& of_kept);
  void fail(const candidate& one, const error& why) noexcept;

  replacing* shared_;
  entry_comparer comparer_;
  std::unique_ptr<std::array<std::byte, 262'144>> through_; // Also for lists of attributes.
  directory_cache directories_;
  std::size_t most_unsettled_;
  std::list<replaced_name> unsettled_; ///< The oldest first.
  dedupe_report report_;
};

} // namespace afio::algorithms::dedupe_detail
