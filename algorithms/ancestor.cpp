#include "algorithms/ancestor.hpp"

namespace afio::algorithms {

namespace {

// The one place where ".." is used: to look, never to act.
result<path_handle> parent_of(const path_handle& dir) noexcept {
  return path_handle::path(dir, path_view(".."));
}

} // namespace

result<path_handle> parent_of(const path_handle& dir, crossing how) noexcept {
  AFIO_TRY(const identity here, dir.identity());
  AFIO_TRY(path_handle above, parent_of(dir));
  AFIO_TRY(const identity there, above.identity());
  const bool ends = how == crossing::same_mount && !there.same_mount(here);
  if (ends || there == here) return error(errc::boundary, call::openat2);
  return above;
}

result<relation> relation_of(const path_handle& dir, const path_handle& other) noexcept {
  AFIO_TRY(const identity wanted, dir.identity());
  AFIO_TRY(identity at, other.identity());
  if (at.same_file(wanted)) return relation::same;
  path_handle above;
  for (const path_handle* here = &other;; here = &above) {
    AFIO_TRY(path_handle next, parent_of(*here));
    AFIO_TRY(const identity id, next.identity());
    if (id.same_file(wanted)) return relation::above;
    if (id == at) return relation::unrelated;
    at = id;
    above = std::move(next);
  }
}

result<bool> is_root(const path_handle& dir) noexcept {
  AFIO_TRY(const auto root, path_handle::path(path_handle::working_directory(), path_view("/")));
  AFIO_TRY(const identity top, root.identity());
  AFIO_TRY(const identity here, dir.identity());
  return here.same_file(top);
}

} // namespace afio::algorithms
