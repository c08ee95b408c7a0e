#include "algorithms/walk/walk.hpp"

#include "afio/utils.hpp"
#include "algorithms/walk/engine.hpp"
#include "algorithms/walk/in_parallel.hpp"

#include <algorithm>
#include <cerrno>

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/single_threaded.h>

namespace afio::algorithms {

unsigned descriptor_limit(const walk_options& options) noexcept {
  if (options.descriptors != 0) return options.descriptors;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 256;
  return static_cast<unsigned>(std::min<rlim_t>(limit.rlim_cur / 4 * 3, 4096));
}

namespace walk_detail {

namespace {

unsigned available_processors() noexcept {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof(set), &set) != 0) return 1;
  return static_cast<unsigned>(std::max(CPU_COUNT(&set), 1));
}

/// Deep trees hold many directories open; the table is cheap to enlarge only before there are
/// threads.
template <std::size_t N>
void reserve_while_alone(const node<N>& root, const walk_options& options) {
  if (__libc_single_threaded == 0) return;
  for (const auto& side : root.sides) {
    // Refused near RLIMIT_NOFILE: then it grows as it is used, only slower.
    if (side.present) (void)reserve_descriptors(side.handle, descriptor_limit(options));
  }
}

template <std::size_t N>
void run(engine<N>& shared, std::span<visitor<N>* const> visitors, task* root) {
  in_parallel(static_cast<unsigned>(visitors.size()),
              [&](unsigned i) { shared.work(i, *visitors[i], i == 0 ? root : nullptr); });
}

} // namespace

} // namespace walk_detail

unsigned worker_count(const walk_options& options, std::size_t trees) noexcept {
  const unsigned wanted =
      options.threads != 0 ? options.threads : walk_detail::available_processors();
  // The root is always open, and a worker has two directories pinned at a time.
  const std::size_t directories = descriptor_limit(options) / trees;
  const std::size_t bearable = directories > 1 ? (directories - 1) / 2 : 0;
  return static_cast<unsigned>(std::clamp<std::size_t>(bearable, 1, wanted));
}

template <std::size_t N>
result<walk_report> walk(const std::array<walk_root, N>& roots,
                         std::span<visitor<N>* const> visitors, const walk_options& options,
                         observer& told) noexcept {
  if (visitors.empty()) return error(EINVAL, call::none);
  auto queue = walk_detail::work_queue::make(static_cast<unsigned>(visitors.size()));
  if (!queue) return error(ENOMEM, call::none);
  walk_detail::engine<N> shared(roots, options, told, *queue);
  AFIO_TRY(auto* root, shared.begin());
  if (visitors.size() > 1) walk_detail::reserve_while_alone(*root, options);
  walk_detail::run(shared, visitors, root);
  walk_detail::node<N>::destroy(root);
  return shared.report();
}

template result<walk_report> walk(const std::array<walk_root, 1>&, std::span<visitor<1>* const>,
                                  const walk_options&, observer&) noexcept;
template result<walk_report> walk(const std::array<walk_root, 2>&, std::span<visitor<2>* const>,
                                  const walk_options&, observer&) noexcept;
template result<walk_report> walk(const std::array<walk_root, 3>&, std::span<visitor<3>* const>,
                                  const walk_options&, observer&) noexcept;

} // namespace afio::algorithms
