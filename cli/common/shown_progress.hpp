// The bar of one run, with its total counted beside the work.
#pragma once

#include "cli/common/arguments.hpp"
#include "cli/common/count_beside.hpp"
#include "cli/common/output.hpp"
#include "cli/common/progress_bar.hpp"

#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace afio::cli {

/// Where the command line wants a bar, counts what is below some paths and draws, for as long as
/// this lives.
class shown_progress {
public:
  /// Whether what is counted is all that there is to do.
  enum class total : std::uint8_t { counted, unknown };

  /// `verb` is what the line begins with. `how` has the counters of the work.
  shown_progress(const common_arguments& wanted, std::string verb, std::vector<std::string> paths,
                 const algorithms::tree_options& how, output& out, total of = total::counted);

  ~shown_progress() { out_.draw_with(nullptr); }

  shown_progress(const shown_progress&) = delete;
  shown_progress& operator=(const shown_progress&) = delete;

private:
  output& out_;
  const std::atomic<bool> never_{false};
  std::unique_ptr<count_beside> count_;
  std::unique_ptr<progress_bar> bar_;
};

} // namespace afio::cli
