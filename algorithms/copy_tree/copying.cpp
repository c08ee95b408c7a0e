#include "algorithms/copy_tree/copying.hpp"

namespace afio::algorithms::copy_detail {

std::string copying::below(const place<2>& here, std::string_view leaf) const {
  const std::string path = here.path(leaf);
  const std::size_t begin = shown.size() + (shown.ends_with('/') ? 0 : 1);
  return begin < path.size() ? path.substr(begin) : std::string();
}

void account::happened(event_kind kind, const place<2>& here, const row<2>& r) noexcept {
  if (kind == event_kind::created) ++report.created;
  if (kind == event_kind::replaced) ++report.replaced;
  if (kind == event_kind::linked) ++report.linked;
  here.tell(kind, r.name, r.in[0].type);
}

} // namespace afio::algorithms::copy_detail
