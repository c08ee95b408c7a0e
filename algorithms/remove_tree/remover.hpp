// The visitor that deletes.
#pragma once

#include "algorithms/remove_tree/remove_tree.hpp"

#include <string>
#include <vector>

namespace afio::algorithms::remove_detail {

/// A busy file, waiting in the root.
struct displaced {
  leaf_buffer now;
  std::string was; // For people.
  file_type type;
};

class remover final : public visitor<1> {
public:
  /// `root` and `staged_as` are borrowed for the walk. In a mirror, each directory of the tree is
  /// an entry `staged_as` of its own mirror, which is counted for both; empty: this is no mirror.
  remover(const path_handle& root, const remove_options& options,
          std::string_view staged_as) noexcept
      : root_(&root), options_(&options), staged_as_(staged_as) {}

  void rows(const place<1>& here, std::span<row<1>> rows) noexcept override;
  after leave(const place<1>& here) noexcept override;
  verdict denied(const place<1>& here, const error& why) noexcept override;

  std::uint64_t deleted() const noexcept { return deleted_; }

  std::vector<displaced>& busy() noexcept { return busy_; }

private:
  bool rehearses() const noexcept { return options_->doing == remove_options::doing::rehearse; }

  bool is_expected(const place<1>& here) noexcept;
  void remove_staged_directory(const place<1>& here, row<1>& r) noexcept;
  void remove_file(const place<1>& here, const row<1>& r) noexcept;
  bool displace(const place<1>& here, leaf_name name, file_type type, const error& why) noexcept;
  after remove_directory(const place<1>& here) noexcept;
  result<void> remove_from_parent(const place<1>& here) const noexcept;
  bool may_force(const error& why) const noexcept;
  void count(const place<1>& here, std::string_view name, file_type type) noexcept;

  const path_handle* root_;
  const remove_options* options_;
  std::string_view staged_as_;
  std::uint64_t deleted_ = 0;
  std::vector<displaced> busy_;
};

} // namespace afio::algorithms::remove_detail
