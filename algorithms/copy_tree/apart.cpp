#include "algorithms/copy_tree/apart.hpp"

#include "algorithms/ancestor.hpp"
#include "algorithms/copy_tree/real_path.hpp"

namespace afio::algorithms::copy_detail {

result<void> check_apart(const path_handle& source, const path_handle& other,
                         std::string_view name) noexcept {
  const auto where = relation_of(source, other);
  if (where && where.assume_value() == relation::unrelated) return success();
  // Above is a directory that may not be searched: the walk will not enter its own copy, either.
  if (!where && where.assume_error() == std::errc::permission_denied) return success();
  if (!where) return where.as_failure();
  return error(errc::refused, call::verify, name);
}

namespace {

/// Whether the filter leaves out `other`, or a directory on the way to it from `source`.
result<bool> is_excluded(const path_handle& source, const path_handle& other,
                         const path_filter& filter) {
  AFIO_TRY(const std::string above, real_path(source));
  AFIO_TRY(const std::string path, real_path(other));
  if (!path.starts_with(above + '/')) return false; // By a bind mount.
  const std::string_view below = std::string_view(path).substr(above.size() + 1);
  for (auto end = below.find('/');; end = below.find('/', end + 1)) {
    if (!filter.includes(below.substr(0, end), file_type::directory)) return true;
    if (end == below.npos) return false;
  }
}

} // namespace

result<void> check_out_of_reach(const path_handle& source, const path_handle& other,
                                std::string_view name, crossing mounts, const path_filter* filter) {
  auto apart = check_apart(source, other, name);
  if (apart || !(apart.assume_error() == errc::refused)) return apart;
  AFIO_TRY(const identity top, source.identity());
  AFIO_TRY(const identity id, other.identity());
  if (top.same_file(id)) return apart;
  // Not by the mount alone: a bind mount may show what is in the source, too.
  if (mounts == crossing::same_mount && top.device != id.device) return success();
  AFIO_TRY(const bool excluded,
           filter != nullptr ? is_excluded(source, other, *filter) : result<bool>(false));
  return excluded ? success() : apart;
}

result<void> check_not_source(const path_handle& target, leaf_name name,
                              const identity& source) noexcept {
  stat_t s;
  AFIO_TRY(s.stamp(target, name, want::identity));
  if (s.id.same_file(source)) return error(errc::refused, call::verify, name);
  return success();
}

} // namespace afio::algorithms::copy_detail
