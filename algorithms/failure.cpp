#include "algorithms/failure.hpp"

namespace afio::algorithms {

std::string_view name_of(operation what) noexcept {
  switch (what) {
  case operation::open:
    return "open";
  case operation::list:
    return "list";
  case operation::stat:
    return "read the status of";
  case operation::remove:
    return "delete";
  case operation::rename:
    return "rename";
  case operation::change_mode:
    return "change the mode of";
  case operation::restore:
    return "put back";
  }
  return "handle";
}

} // namespace afio::algorithms
