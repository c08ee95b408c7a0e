#include "algorithms/copy_tree/copying.hpp"

namespace afio::algorithms::copy_detail {

template <std::size_t N>
void account::happened(event_kind kind, const place<N>& here, const row<N>& r) noexcept {
  if (kind == event_kind::created) ++report.created;
  if (kind == event_kind::replaced) ++report.replaced;
  if (kind == event_kind::linked) ++report.linked;
  if (kind == event_kind::changed) ++changed;
  here.tell(kind, r.name, r.in[0].type);
}

template void account::happened(event_kind, const place<2>&, const row<2>&) noexcept;
template void account::happened(event_kind, const place<3>&, const row<3>&) noexcept;

} // namespace afio::algorithms::copy_detail
