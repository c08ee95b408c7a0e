// The removal of one thing: its walks, what is busy, and the root itself.
#pragma once

#include "algorithms/remove_tree/permissions.hpp"
#include "algorithms/remove_tree/remover.hpp"
#include "algorithms/remove_tree/staging.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace afio::algorithms::remove_detail {

void add(remove_report& to, const remove_report& from) noexcept;

/// Why nothing more is to be begun after what was done so far.
stopped reason_to_stop(const remove_report& so_far, const remove_options& options,
                       const deadline::running& limit) noexcept;

/// One call's state: what is removed, and what came of it.
class removal {
public:
  removal(std::string_view shown, const remove_options& options, observer& told)
      : shown_(shown),
        walk_name_(shown),
        options_(options),
        limit_(options.tree.deadline.start()),
        told_(told) {}

  /// Empties `root`, which stays.
  void empty(const path_handle& root);
  /// Removes `root`, the entry `name` of `parent`, and all that is in it. True if it is gone.
  bool remove(const path_handle& parent, leaf_name name, const path_handle& root);
  /// The same for a tree under a random name beside its own; the report tells if something is left.
  void remove_hidden(const path_handle& parent, leaf_name name, const path_handle& root);
  /// The same for a tree that was staged, under the names that it had.
  void remove_staged(const path_handle& parent, const staged& all);

  void fail(operation what, std::string_view path, const error& why) noexcept;
  void deleted(file_type type) noexcept;

  const remove_report& report() const noexcept { return report_; }

private:
  bool walk_once(const path_handle& root);
  bool remove_unlisted(const path_handle& parent, leaf_name name, const path_handle& root);
  bool remove_walked(const path_handle& parent, leaf_name name, const path_handle& root);
  void retry_busy(const path_handle& root, const deadline::running& limit,
                  const std::vector<displaced>& busy);
  lent_mode lend(const path_handle& root) const noexcept;
  void give_back(const path_handle& root, lent_mode lent) noexcept;

  std::string shown_;
  std::string walk_name_;      ///< What the paths of a walk begin with.
  std::string_view staged_as_; ///< See remover.
  const remove_options& options_;
  deadline::running limit_; ///< One for all walks.
  observer& told_;
  remove_report report_;
};

} // namespace afio::algorithms::remove_detail
