#include "algorithms/copy_tree/apart.hpp"

#include "algorithms/ancestor.hpp"

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

result<void> check_not_source(const path_handle& target, leaf_name name,
                              const identity& source) noexcept {
  stat_t s;
  AFIO_TRY(s.stamp(target, name, want::identity));
  if (s.id.same_file(source)) return error(errc::refused, call::verify, name);
  return success();
}

} // namespace afio::algorithms::copy_detail
