// The names of clones in a series, and which of them stay. Pure: of times alone.
#pragma once

#include <chrono>
#include <compare>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace afio::algorithms {

/// The name of a clone that was begun at that time: "2026-11-26T01:00:01Z", UTC. Names sort as
/// times do. Of the years 0 to 9999; empty for any other.
std::string series_name(std::chrono::sys_seconds when);
/// The time that such a name says; nothing of any other name, nor of a time that there is not.
std::optional<std::chrono::sys_seconds> series_time(std::string_view name) noexcept;

/// A clone that has a name of the series.
struct series_clone {
  std::chrono::sys_seconds time;
  /// Whether nothing was told that it lacks. One that lacks something says so in its name.
  bool complete = true;

  friend auto operator<=>(const series_clone&, const series_clone&) noexcept = default;
};

/// "2026-11-26T01:00:01Z", or "2026-11-26T01:00:01Z.incomplete".
std::string series_name(const series_clone& of);
std::optional<series_clone> series_clone_of(std::string_view name) noexcept;

/// Which clones stay. Nothing said: all. A clone stays if any of the rules wants it; the newest
/// always does.
struct retention {
  std::optional<unsigned> last = {}; ///< The newest so many.
  /// The newest of each of the last so many days (UTC) that have any.
  std::optional<unsigned> daily = {};
  std::optional<unsigned> weekly = {};  ///< The same of weeks (ISO 8601: they begin on Mondays).
  std::optional<unsigned> monthly = {}; ///< The same of months.

  bool keeps_all() const noexcept { return !last && !daily && !weekly && !monthly; }
};

/// Of the times in `all`, sorted, those that go, sorted. Throws std::bad_alloc.
std::vector<std::chrono::sys_seconds> superseded(std::span<const std::chrono::sys_seconds> all,
                                                 const retention& keep);

/// The same of clones, sorted by their times. Complete ones stay as if there were no others. An
/// incomplete one stays where no complete one has come after it; or where one of the rules about
/// days, weeks and months finds it the newest of a period that has no complete one, and that is one
/// of the last so many that have any at all.
std::vector<series_clone> superseded(std::span<const series_clone> all, const retention& keep);

} // namespace afio::algorithms
