#include "algorithms/dedupe/directory_cache.hpp"

#include <cerrno>
#include <new>
#include <utility>
#include <vector>

namespace afio::algorithms::dedupe_detail {

result<const path_handle*> directory_cache::open(directory_number number) noexcept try {
  std::vector<directory_number> closed; // From the one wanted upward.
  const path_handle* at = nullptr;
  for (auto one = number; (at = find(one)) == nullptr;) {
    closed.push_back(one);
    one = found_->directory(one).at.directory;
  }
  for (auto one = closed.rbegin(); one != closed.rend(); ++one) {
    AFIO_TRY(at, open_below(*at, *one));
  }
  return at;

} catch (const std::bad_alloc&) {

  return error(ENOMEM, call::none);
}

result<opened_file> directory_cache::open(const found_file& file) noexcept {
  const leaf_name leaf = file.at.leaf();
  AFIO_TRY(const path_handle* const dir, open(file.at.directory));
  AFIO_TRY(auto seen, file_handle::seen(*dir, leaf, mounts_, access_time::keep));
  if (!seen.status.id.same_file(file.id)) return error(errc::raced, call::verify, leaf);
  return seen;
}

const path_handle* directory_cache::find(directory_number number) noexcept {
  if (const auto* const root = found_->directory(number).root) return root;
  const auto known = by_number_.find(number);
  if (known == by_number_.end()) return nullptr;
  latest_first_.splice(latest_first_.begin(), latest_first_, known->second);
  return &known->second->handle;
}

result<const path_handle*> directory_cache::open_below(const path_handle& parent,
                                                       directory_number number) {
  const found_directory& wanted = found_->directory(number);
  AFIO_TRY(path_handle handle, path_handle::path(parent, wanted.at.leaf(), mounts_));
  AFIO_TRY(const identity id, handle.identity());
  if (id != wanted.id) return error(errc::raced, call::verify, wanted.at.leaf());
  latest_first_.push_front({number, std::move(handle)});
  by_number_.emplace(number, latest_first_.begin());
  if (latest_first_.size() > limit_) {
    by_number_.erase(latest_first_.back().number);
    latest_first_.pop_back();
  }
  return &latest_first_.front().handle;
}

bool means_another_file(const error& why) noexcept {
  return why == errc::raced || is_gone(why) || why == std::errc::too_many_symbolic_link_levels ||
         why == std::errc::not_a_directory || why == std::errc::is_a_directory;
}

} // namespace afio::algorithms::dedupe_detail
