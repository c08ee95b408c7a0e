#include "algorithms/walk/engine.hpp"

#include "algorithms/walk/worker.hpp"

#include <cerrno>
#include <string>
#include <utility>

namespace afio::algorithms::walk_detail {

template <std::size_t N>
engine<N>::engine(const roots& from, const walk_options& options, observer& told,
                  work_queue& queue) noexcept
    : roots_(from),
      options_(options),
      observer_(told),
      queue_(queue),
      descriptors_(descriptor_limit(options), options.mounts),
      limit_(options.deadline.start()) {}

template <std::size_t N>
result<node<N>*> engine<N>::begin() noexcept {
  node<N>* root = node<N>::make(nullptr, {});
  if (root == nullptr) return error(ENOMEM, call::none);
  auto open_sides = [&]() -> result<void> {
    for (std::size_t tree = 0; tree < N; ++tree) {
      if (roots_[tree].directory == nullptr) continue;
      auto& side = root->sides[tree];
      AFIO_TRY(side.handle, directory_handle::directory(*roots_[tree].directory));
      AFIO_TRY(side.id, side.handle.identity());
      side.present = true;
      side.fresh = roots_[tree].fresh;
      side.optional = roots_[tree].optional;
    }
    return success();
  };
  if (auto opened = open_sides(); !opened) {
    node<N>::destroy(root);
    return std::move(opened).as_failure();
  }
  descriptors_.adopt(*root);
  return root;
}

template <std::size_t N>
void engine<N>::work(unsigned index, visitor<N>& acts, task* first) noexcept {
  worker(*this, index, acts).run(first);
}

template <std::size_t N>
walk_report engine<N>::report() const noexcept {
  return {directories_.load(), rows_.load(), failures_.load(), stopped_.load()};
}

/// Looked at once for at most 128 rows, so the clock costs little.
template <std::size_t N>
bool engine<N>::stopping() noexcept {
  if (stopped_.load(std::memory_order_relaxed) != stopped::no) return true;
  if (options_.stop.stop_requested())
    stop(stopped::by_request);
  else if (!limit_.unlimited() && limit_.expired())
    stop(stopped::by_deadline);
  else
    return false;
  return true;
}

template <std::size_t N>
void engine<N>::stop(stopped why) noexcept {
  auto none = stopped::no;
  stopped_.compare_exchange_strong(none, why);
}

template <std::size_t N>
std::string engine<N>::path_of(const node<N>& n, std::string_view leaf) const {
  return path_of(n, leaf, first_name());
}

template <std::size_t N>
std::string engine<N>::path_of(const node<N>& n, std::string_view leaf,
                               std::string_view name) const {
  std::size_t size = leaf.size() + 1;
  for (const node<N>* at = &n; at->parent != nullptr; at = at->parent) size += at->name_size + 1U;
  // Filled from its end, because that is where the walk up begins.
  std::string path(name.size() + size, '/');
  std::size_t end = path.size();
  const auto put = [&](std::string_view part) {
    end -= part.size();
    path.replace(end, part.size(), part);
  };
  if (leaf.empty())
    path.resize(--end);
  else
    put(leaf), --end;
  for (const node<N>* at = &n; at->parent != nullptr; at = at->parent) put(at->name()), --end;
  path.replace(0, name.size(), name);
  // A root without a name, or one that ends in a slash as "/" does, brings no separator.
  if (name.empty() || name.ends_with('/'))
    path.erase(name.size(), path.size() > name.size() ? 1 : 0);
  return path;
}

/// The name of the first tree that has the directory.
template <std::size_t N>
std::string_view engine<N>::name_for(const node<N>& n) const noexcept {
  for (std::size_t tree = 0; tree < N; ++tree) {
    if (n.sides[tree].present && !roots_[tree].name.empty()) return roots_[tree].name;
  }
  return first_name();
}

template <std::size_t N>
std::string_view engine<N>::first_name() const noexcept {
  for (const walk_root& root : roots_) {
    if (root.directory != nullptr && !root.name.empty()) return root.name;
  }
  return {};
}

template <std::size_t N>
void engine<N>::fail(node<N>& n, operation what, std::string_view leaf, const error& why) noexcept {
  fail(n, what, leaf, why, name_for(n));
}

template <std::size_t N>
void engine<N>::fail(node<N>& n, operation what, std::string_view leaf, const error& why,
                     std::string_view root) noexcept {
  if (is_interruption(why)) {
    n.incomplete.store(true, std::memory_order_relaxed);
    if (!stopping()) stop(stopped::by_request); // Where nothing more is begun, nobody would ask.
    return;
  }
  if (options_.counters != nullptr) ++options_.counters->failures;
  {
    const std::scoped_lock one(telling_);
    try {
      const std::string path = path_of(n, leaf, root);
      observer_.failed({what, path, why});
    } catch (const std::bad_alloc&) {
      observer_.failed({what, leaf, why}); // Better a short name than none.
    }
  }
  count_failures(n, 1);
}

template <std::size_t N>
void engine<N>::count_failures(node<N>& n, std::uint64_t failures) noexcept {
  if (failures == 0) return;
  n.incomplete.store(true, std::memory_order_relaxed);
  failures_.fetch_add(failures, std::memory_order_relaxed);
  if (options_.on_failure == on_failure::stop) stop(stopped::by_failure);
}

template <std::size_t N>
void engine<N>::tell(const node<N>& n, event_kind kind, std::string_view leaf,
                     file_type type) noexcept {
  tell(n, kind, leaf, type, name_for(n));
}

template <std::size_t N>
void engine<N>::tell(const node<N>& n, event_kind kind, std::string_view leaf, file_type type,
                     std::string_view root) noexcept {
  if (!observer_.wants_events()) return;
  const std::scoped_lock one(telling_);
  try {
    const std::string path = path_of(n, leaf, root);
    observer_.happened({kind, path, type});
  } catch (const std::bad_alloc&) {
    observer_.happened({kind, leaf, type});
  }
}

template <std::size_t N>
void engine<N>::tell_moved(const node<N>& n, std::string_view leaf, file_type type) noexcept {
  if (!observer_.wants_events()) return;
  const std::scoped_lock one(telling_);
  try {
    const std::string path = path_of(n, leaf);
    const std::string to = path_of(n, leaf, roots_[N - 1].name);
    observer_.happened({event_kind::moved, path, type, to});
  } catch (const std::bad_alloc&) {
    observer_.happened({event_kind::moved, leaf, type});
  }
}

template class engine<1>;
template class engine<2>;
template class engine<3>;

} // namespace afio::algorithms::walk_detail
