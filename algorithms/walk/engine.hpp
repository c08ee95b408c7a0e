// The engine: takes directories and batches from the queue, and does to them what walk.hpp
// promises.
#pragma once

#include "algorithms/walk/batch.hpp"
#include "algorithms/walk/descriptor_budget.hpp"
#include "algorithms/walk/walk.hpp"
#include "algorithms/walk/work_queue.hpp"

#include <array>
#include <atomic>
#include <mutex>

namespace afio::algorithms::walk_detail {

/// What workers have in common: where everything stops, and whom failures are told to.
template <std::size_t N>
class engine {
public:
  using roots = std::array<walk_root, N>;

  engine(const roots& from, const walk_options& options, observer& told,
         work_queue& queue) noexcept;

  /// Opens the root. Not for several threads.
  result<node<N>*> begin() noexcept;
  /// Works on the queue until the walk has ended. `first` may be null.
  void work(unsigned worker, visitor<N>& acts, task* first) noexcept;
  walk_report report() const noexcept;

  // For place.
  std::string path_of(const node<N>& n, std::string_view leaf) const;
  std::string path_of(const node<N>& n, std::string_view leaf, std::string_view root) const;
  void fail(node<N>& n, operation what, std::string_view leaf, const error& why) noexcept;
  void fail(node<N>& n, operation what, std::string_view leaf, const error& why,
            std::string_view root) noexcept;
  void count_failures(node<N>& n, std::uint64_t failures) noexcept;
  void tell(const node<N>& n, event_kind kind, std::string_view leaf, file_type type) noexcept;
  void tell(const node<N>& n, event_kind kind, std::string_view leaf, file_type type,
            std::string_view root) noexcept;
  void tell_moved(const node<N>& n, std::string_view leaf, file_type type) noexcept;

  /// The first name that there is, where it has none.
  std::string_view name_of(std::size_t tree) const noexcept {
    return roots_[tree].name.empty() ? first_name() : roots_[tree].name;
  }

private:
  class worker;
  friend class worker;

  place<N> at(node<N>& n) noexcept { return place<N>(*this, n); }

  std::string_view name_for(const node<N>& n) const noexcept;
  std::string_view first_name() const noexcept;
  bool stopping() noexcept;
  void stop(stopped why) noexcept;

  const roots& roots_;
  const walk_options& options_;
  observer& observer_;
  work_queue& queue_;
  descriptor_budget<N> descriptors_;
  deadline::running limit_;
  std::mutex telling_;
  std::atomic<stopped> stopped_{stopped::no};
  std::atomic<std::uint64_t> directories_{1}; // The root is open before there are workers.
  std::atomic<std::uint64_t> rows_{0};
  std::atomic<std::uint64_t> failures_{0};
};

extern template class engine<1>;
extern template class engine<2>;
extern template class engine<3>;

} // namespace afio::algorithms::walk_detail
