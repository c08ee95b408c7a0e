// The copy of something that is not a directory and stands alone.
#pragma once

#include "algorithms/copy_tree/copying.hpp"

namespace afio::algorithms::copy_detail {

/// The entry `name` of `from`, held by `source`, which may be what it leads to; and where its copy,
/// or the link in its place, shall be.
struct single {
  const path_handle& from;
  leaf_name name;
  const fs_handle& source;
  const stat_t& status;
  destination to;
};

struct single_made {
  event_kind kind = event_kind::created;
  copied_file copied;
};

/// Makes it; of a rehearsal, finds out what would be made. shared.at is where source and copy
/// themselves are. Throws std::bad_alloc.
result<single_made> make_single(copying& shared, const single& one);

} // namespace afio::algorithms::copy_detail
