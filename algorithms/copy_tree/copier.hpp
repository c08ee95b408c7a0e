// The visitor that copies: tree 0 is the source, tree 1 the copy.
#pragma once

#include "algorithms/copy_tree/copy_tree.hpp"
#include "algorithms/copy_tree/directory_state.hpp"
#include "algorithms/copy_tree/entry_copier.hpp"
#include "algorithms/copy_tree/link_groups.hpp"
#include "algorithms/copy_tree/loss_book.hpp"
#include "algorithms/walk/walk.hpp"

#include <string>
#include <utility>

namespace afio::algorithms::copy_detail {

/// What the workers of one copy share.
struct copying {
  const copy_options& options;
  copy_file_options file; ///< With the threads and the stop token of the tree.
  std::string_view shown;
  const path_handle* root = nullptr; ///< Of the copy; null in a rehearsal of a new one.
  identity root_id{};
  destination::visible seen = destination::visible::by_nobody;
  link_groups groups;
  loss_book losses;
  large_files large{0};

  bool rehearses() const noexcept { return options.doing == copy_options::doing::rehearse; }

  bool merges() const noexcept { return seen == destination::visible::by_others; }
};

class copier final : public visitor<2> {
public:
  copier(copying& shared, entry_copier&& entries) noexcept
      : shared_(&shared), entries_(std::move(entries)) {}

  void rows(const place<2>& here, std::span<row<2>> rows) noexcept override;
  after leave(const place<2>& here) noexcept override;
  verdict denied(const place<2>& here, const error& why) noexcept override;

  /// Gives the directory `to` the metadata of `from`, when all in it is done.
  result<void> finish_directory(const directory_handle& from, const directory_state& was,
                                const directory_handle& to, loss_listener& told) noexcept;

  const copy_report& report() const noexcept { return report_; }

  const copied_sources& copied() const noexcept { return copied_; }

  entry_copier& entries() noexcept { return entries_; }

private:
  void copy_row(const place<2>& here, row<2>& r);
  static void look_up(const place<2>& here, row<2>& r) noexcept;
  bool wants(const place<2>& here, const row<2>& r) const;
  result<void> enter_directory(const place<2>& here, row<2>& r);
  result<void> make_directory(const place<2>& here, row<2>& r) noexcept;
  result<void> copy_entry(const place<2>& here, const row<2>& r);
  result<void> copy_grouped(const place<2>& here, const row<2>& r, const fs_handle& source,
                            const stat_t& status, const std::optional<identity>& old);
  result<void> copy_alone(const place<2>& here, const row<2>& r, const fs_handle& source,
                          const stat_t& status, const std::optional<identity>& old);
  result<bool> link(const place<2>& here, const row<2>& r, const placed& where,
                    const std::optional<identity>& old) noexcept;
  void done(const place<2>& here, const row<2>& r, event_kind kind) noexcept;
  void leave_unentered(const place<2>& here, const directory_state& was) noexcept;
  std::string below(const place<2>& here, std::string_view leaf) const;

  copying* shared_;
  entry_copier entries_;
  copy_report report_;
  copied_sources copied_; // Where options.copied asks for it.
  directory_states states_;
};

} // namespace afio::algorithms::copy_detail
