#include "afio/path_handle.hpp"
#include "algorithms/walk/walk.hpp"

#include <chrono>
#include <iostream>
#include <vector>

using namespace afio::algorithms;
using namespace std::chrono_literals;

/// Gives every directory below the root the mode 2775: writable for the group, who inherits it.
class opener final : public visitor<1> {
public:
  std::uint64_t changed = 0;

  void rows(const place<1>&, std::span<row<1>>) noexcept override {} // Files stay as they are.

  after leave(const place<1>& here) noexcept override {
    // The directory itself, by its handle: its name may mean another one by now.
    if (const auto set = here.handle().set_mode(02775); set) {
      ++changed;
    } else {
      here.fail(operation::change_mode, {}, set.assume_error());
    }
    return after::done;
  }

  verdict denied(const place<1>&, const afio::error& why) noexcept override {
    return why == afio::errc::boundary ? verdict::skip : verdict::report;
  }
};

int main() {
  const auto root =
      afio::path_handle::path(afio::path_handle::working_directory(), "project").value();
  const walk_options options = {.leaving = leaving::with_handles,
                                .deadline = afio::deadline::in(10min)};
  std::vector<opener> workers(worker_count(options, 1));
  observer quiet;
  const walk_report done =
      walk<1>({walk_root{.directory = &root, .name = "project"}}, workers, options, quiet).value();

  std::uint64_t changed = 0;
  for (const opener& worker : workers) changed += worker.changed;
  std::cout << changed << " directories changed, " << done.failures << " failures, "
            << (done.stopped == stopped::by_deadline ? "out of time" : "all done") << '\n';
}
