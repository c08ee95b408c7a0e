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
};

class remover final : public visitor<1> {
public:
  /// `root` is borrowed for the walk.
  remover(const path_handle& root, const remove_options& options) noexcept
      : root_(&root), options_(&options) {}

  void rows(const place<1>& here, std::span<row<1>> rows) noexcept override;
  after leave(const place<1>& here) noexcept override;
  verdict denied(const place<1>& here, const error& why) noexcept override;

  std::uint64_t deleted() const noexcept { return deleted_; }

  std::vector<displaced>& busy() noexcept { return busy_; }

private:
  bool rehearses() const noexcept { return options_->doing == remove_options::doing::rehearse; }

  void remove_file(const place<1>& here, const row<1>& r) noexcept;
  bool displace(const place<1>& here, leaf_name name, const error& why) noexcept;
  after remove_directory(const place<1>& here) noexcept;
  void count(const place<1>& here, std::string_view name, file_type type) noexcept;

  const path_handle* root_;
  const remove_options* options_;
  std::uint64_t deleted_ = 0;
  std::vector<displaced> busy_;
};

} // namespace afio::algorithms::remove_detail
