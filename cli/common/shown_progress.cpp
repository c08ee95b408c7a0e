#include "cli/common/shown_progress.hpp"

#include <utility>

namespace afio::cli {

shown_progress::shown_progress(const common_arguments& wanted, std::string verb,
                               std::vector<std::string> paths, const algorithms::tree_options& how,
                               output& out, total of)
    : out_(out) {
  if (!wanted.wants_progress()) return;
  count_ = std::make_unique<count_beside>(std::move(paths), how);
  const std::atomic<bool>& final = of == total::counted ? count_->is_final() : never_;
  bar_ = std::make_unique<progress_bar>(std::move(verb), *how.counters, count_->total(), final);
  out_.draw_with(bar_.get());
}

} // namespace afio::cli
