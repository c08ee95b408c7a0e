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
#include <map>
#include <memory>
#include <mutex>

namespace afio::algorithms::dedupe_detail {

/// What was found out about devices. By any thread.
class sharing_devices {
public:
  /// Whether it has not been found that files on it cannot share blocks.
  bool may_share(std::uint64_t device) const noexcept {
    const std::scoped_lock hold(lock_);
    const auto known = found_.find(device);
    return known == found_.end() || known->second == ability::can;
  }

  enum class ability : std::uint8_t { can, cannot };

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

  bool stopping() const noexcept {
    const bool gives_up = options.tree.on_failure == on_failure::stop && failed;
    return gives_up || options.tree.stop.stop_requested() || limit.expired();
  }
};

/// One for each thread: it owns buffers (1 MiB).
class replacer {
public:
  /// ENOMEM.
  static result<replacer> make(replacing& shared) noexcept;

  /// All of it, or until it is to stop.
  void replace(const contents_of_plan::group& g) noexcept;

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

  bool by_sharing(const candidate& one) const noexcept;
  result<held_file> hold(const candidate& one, guard by) noexcept;
  result<held_file> hold(const found_file& name, guard by) noexcept;
  result<void> lease_read(file_handle& file, leaf_name name) const noexcept;
  result<void> replace(held_file& kept, const candidate& of_kept, const candidate& other);
  result<void> share(const held_file& kept, const candidate& of_kept, const candidate& other);
  result<void> link(const held_file& kept, const candidate& of_kept, const candidate& other);
  result<void> check_equal(const held_file& kept, const held_file& other) noexcept;
  result<bool> has_attributes(const file_handle& file) noexcept;
  result<void> check_attributes(const held_file& kept, const held_file& other) noexcept;
  static result<void> check_guarded(const held_file& kept, const held_file& other) noexcept;
  static result<void> check_guarded(const held_file& one) noexcept;
  result<void> exchange(const held_file& kept, const found_file& name, const held_file& other);
  result<void> exchange(const held_file& kept, const path_handle& dir, leaf_name name,
                        leaf_name aside, const held_file& other) noexcept;
  static result<void> keep_foreign(const path_handle& dir, leaf_name aside) noexcept;
  result<void> check_exchanged(const held_file& kept, const path_handle& dir, leaf_name aside,
                               const held_file& other,
                               std::chrono::steady_clock::time_point checked) noexcept;
  void tell(event_kind kind, const found_file& name, const candidate& of_kept);
  void fail(const candidate& one, const error& why) noexcept;

  replacing* shared_;
  entry_comparer comparer_;
  std::unique_ptr<std::array<std::byte, 262'144>> through_; // Also for lists of attributes.
  directory_cache directories_;
  dedupe_report report_;
};

} // namespace afio::algorithms::dedupe_detail
