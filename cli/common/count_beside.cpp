#include "cli/common/count_beside.hpp"

#include "cli/common/anchor.hpp"

#include <utility>

namespace afio::cli {

count_beside::count_beside(std::vector<std::string> paths, algorithms::tree_options how)
    : paths_(std::move(paths)), how_(std::move(how)), counter_([this] { count(); }) {}

count_beside::~count_beside() {
  stop_.request_stop();
  counter_.join();
}

void count_beside::count() {
  how_.threads = 1;
  how_.counters = &total_;
  how_.stop = stop_.get_token();
  algorithms::observer nobody; // The work itself tells of the same failures.
  for (const std::string& path : paths_) {
    ++total_.entries;
    const auto at = open_directory(path);
    if (at) (void)summarize({&at.assume_value(), {}}, algorithms::counting::names, how_, nobody);
  }
  final_.store(!stop_.stop_requested());
}

} // namespace afio::cli
