// A directory of clones that were made one after another, each named by the time when it was begun.
//
//     backup/2026-11-25T01:00:02Z/   complete, published by one rename
//     backup/2026-11-26T01:00:01Z/   shares with the one before what had not changed
//     backup/.afio-series.index      what the source's files were in the last one (source_index)
//     backup/.afio-series.lock       locked by who works in here
//
// A clone under construction has a random name (random_name.hpp); what a killed run leaves of it is
// deleted by the next one. Only names of that form are ever looked at, let alone deleted.
#pragma once

#include "algorithms/clone_tree/clone_tree.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace afio::algorithms {

/// The name of a clone that was begun at that time: "2026-11-26T01:00:01Z", UTC.
std::string series_name(std::chrono::sys_seconds when);
/// The time that such a name says; nothing of any other name.
std::optional<std::chrono::sys_seconds> series_time(std::string_view name) noexcept;

/// Which clones stay. Nothing said: all. A clone stays if any of the rules wants it; the newest
/// always does.
struct retention {
  std::optional<unsigned> last; ///< The newest so many.
  std::optional<unsigned>
      daily; ///< The newest of each of the last so many days (UTC) that have any.
  std::optional<unsigned> weekly;  ///< The same of weeks (ISO 8601: they begin on Mondays).
  std::optional<unsigned> monthly; ///< The same of months.

  bool keeps_all() const noexcept { return !last && !daily && !weekly && !monthly; }
};

/// Of the times in `all`, sorted, those that go. Throws std::bad_alloc.
std::vector<std::chrono::sys_seconds> superseded(std::span<const std::chrono::sys_seconds> all,
                                                 const retention& keep);

struct series_options {
  clone_options clone; ///< known and learned are the series' own.
  retention keep;
  /// How long to wait for another run in the same series to end.
  afio::deadline lock = afio::deadline::in(std::chrono::nanoseconds::zero());
};

struct series_report {
  clone_report clone;
  std::string name;                    ///< Of the new clone; empty if none was published.
  std::string previous;                ///< What it shares with; empty if there was none.
  std::vector<std::string> superseded; ///< What retention has deleted, or would delete.
  std::uint64_t reaped = 0;            ///< Entries of killed runs that were deleted.
  std::uint64_t failures = 0;          ///< Of everything, told to the observer.
};

/// Clones the entry `name` of `from` into the series in `series`: takes its lock, deletes what
/// killed runs left, clones with the newest clone there as the previous one, publishes the new one
/// under its name, and then deletes what retention does not keep. Nothing is deleted unless the new
/// clone was published without a failure. The new name and the index are durable on return.
///
/// Fails if nothing was begun: ETIMEDOUT where another run holds the lock (nothing is waited for by
/// default), errc::refused where the series lies in the source, and as clone_tree.
result<series_report> clone_into_series(const path_handle& from, leaf_name name,
                                        const path_handle& series, std::string_view shown,
                                        const series_options& options, observer& told) noexcept;

} // namespace afio::algorithms
