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
  case operation::copy:
    return "copy";
  case operation::create:
    return "create";
  case operation::link:
    return "link";
  case operation::set_metadata:
    return "set the metadata of";
  case operation::publish:
    return "publish";
  case operation::verify:
    return "verify";
  case operation::move:
    return "move";
  case operation::compare:
    return "compare";
  case operation::punch:
    return "punch holes in";
  case operation::hash:
    return "hash";
  case operation::share:
    return "share the blocks of";
  }
  return "handle";
}

} // namespace afio::algorithms
