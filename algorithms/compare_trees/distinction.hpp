// What distinguishes two entries of one name.
#pragma once

#include "algorithms/file_metadata.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace afio::algorithms {

/// A value: what a copy would have to change.
struct distinction {
  /// The first that applies.
  enum class kind : std::uint8_t {
    none,
    only_left,
    only_right,
    type,    ///< One is a directory and the other a file, say.
    content, ///< Of files, or the number of devices.
    target,  ///< Of symlinks.
    metadata,
  } what = kind::none;

  /// The parts that differ, where both are there and of one type: also beside contents.
  aspect metadata = aspect::none;

  explicit operator bool() const noexcept { return what != kind::none; }
};

/// The same difference with other metadata.
constexpr distinction with_metadata(distinction found, aspect differing) noexcept {
  using kind = distinction::kind;
  found.metadata = differing;
  if (found.what == kind::none || found.what == kind::metadata)
    found.what = differing == aspect::none ? kind::none : kind::metadata;
  return found;
}

/// Of directories: any change in one changes its times.
constexpr distinction without_times(const distinction& found) noexcept {
  return with_metadata(found, without(found.metadata, aspect::timestamps));
}

/// How many kinds there are.
constexpr std::size_t distinction_kinds = 7;

/// "only_left", "type", …; of none, "same".
constexpr std::string_view name_of(distinction::kind what) noexcept {
  switch (what) {
  case distinction::kind::none:
    break;
  case distinction::kind::only_left:
    return "only_left";
  case distinction::kind::only_right:
    return "only_right";
  case distinction::kind::type:
    return "type";
  case distinction::kind::content:
    return "content";
  case distinction::kind::target:
    return "target";
  case distinction::kind::metadata:
    return "metadata";
  }
  return "same";
}

} // namespace afio::algorithms
