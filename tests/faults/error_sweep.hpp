// Makes each system call of a tool fail in turn, with each errno, and looks at what it says and
// does.
#pragma once

#include "tests/race/contenders.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>

namespace afio::testing {

/// How a tool may take a call that failed, and how not.
enum class reaction {
  coped,           ///< exit 0, and all is gone or copied: it tried again or went another way, or
                   ///< said what of the metadata was lost
  reported,        ///< exit 1, it named the error, and all that did not depend on the call was done
  touched_outside, ///< something outside the tree is not as it was
  damaged,         ///< something of the tree survives with another mode, owner or content
  half_done,       ///< all-or-nothing: neither all of the tree is in its place nor nothing of it;
                   ///< a copier: a name in the copy means neither what it did nor what it shall
  false_success,   ///< exit 0, and something is left, or was not copied
  wrong_reason,    ///< exit 1, but the errno is not what it named
  place_untold,    ///< exit 1, and something is left under a name that it did not tell
  not_reapable,    ///< exit 1, and the reaper can't finish what is left
  told_twice,      ///< one failure, and it said several things
  gave_up,         ///< exit 1, and it left what it could have deleted or copied
  not_retried,     ///< EINTR is no error, but it failed
  hung,
  ended_oddly,
};

bool allowed(reaction what) noexcept;
const char* name_of(reaction what) noexcept;

/// The errnos that file systems, quotas, policies and limits are known to answer with.
std::span<const int> likely_errors() noexcept;

enum class failing { once, from_then_on };

struct error_sweep {
  failing how = failing::once;
  std::uint64_t step = 1; ///< every so many of all (call, ordinal, errno)
  /// Reads, writes and closes fail, too.
  enum supervision::streams streams = supervision::streams::passed_by;
};

struct error_tally {
  std::uint64_t planned = 0; ///< calls of an undisturbed run × errnos
  std::uint64_t runs = 0;
  std::map<reaction, std::uint64_t> reactions;
  std::set<std::string> places; ///< the calls that were taken wrongly, and how
  std::string failures;         ///< an example of each

  [[nodiscard]] std::uint64_t failed() const;
};

error_tally sweep_errors(const contender& tool, const error_sweep& how = {});

void print_line(const contender& tool, const error_tally& counted);

} // namespace afio::testing
