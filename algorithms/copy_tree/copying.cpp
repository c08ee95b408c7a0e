#include "algorithms/copy_tree/copying.hpp"

namespace afio::algorithms::copy_detail {

template <std::size_t N>
std::string copying::below(const place<N>& here, std::string_view leaf) const {
  const std::string path = here.path(leaf);
  const std::size_t begin = shown.size() + (shown.ends_with('/') ? 0 : 1);
  return begin < path.size() ? path.substr(begin) : std::string();
}

template <std::size_t N>
void account::happened(event_kind kind, const place<N>& here, const row<N>& r) noexcept {
  if (kind == event_kind::created) ++report.created;
  if (kind == event_kind::replaced) ++report.replaced;
  if (kind == event_kind::linked) ++report.linked;
  if (kind == event_kind::changed) ++changed;
  here.tell(kind, r.name, r.in[0].type);
}

template std::string copying::below(const place<2>&, std::string_view) const;
template std::string copying::below(const place<3>&, std::string_view) const;
template void account::happened(event_kind, const place<2>&, const row<2>&) noexcept;
template void account::happened(event_kind, const place<3>&, const row<3>&) noexcept;

} // namespace afio::algorithms::copy_detail
