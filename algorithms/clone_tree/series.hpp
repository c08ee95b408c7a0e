// A directory of clones that were made one after another, each named by the time when it was begun.
//
//     backup/2026-11-25T01:00:02Z/   complete, published by one rename
//     backup/2026-11-26T01:00:01Z/   shares with the one before what had not changed
//     backup/2026-11-27T01:00:01Z.incomplete/   the same, but lacks what could not be read
//     backup/.afio-series.index      what the source's files were in the last one (source_index)
//     backup/.afio-series.lock       locked by who works in here (file_handle::lock_file)
//
// A clone under construction has a random name (random_name.hpp), and so has one that is being
// deleted. What a killed run leaves of either is deleted by the next one. Only names of these forms
// are ever looked at, let alone deleted.
#pragma once

#include "algorithms/clone_tree/clone_tree.hpp"
#include "algorithms/clone_tree/retention.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace afio::algorithms {

inline constexpr char series_index[] = ".afio-series.index";
inline constexpr char series_lock[] = ".afio-series.lock";

struct series_options {
  /// known and learned are the series' own, sync is all. The deadline is for everything but the
  /// wait for the lock.
  clone_options clone = {};

  /// How a file that has not changed is known.
  enum class knowing : std::uint8_t {
    by_index,      ///< As clone_options::known says, by the series' index.
    by_comparison, ///< As clone.how says.
  } unchanged = knowing::by_index;

  /// What should be cloned, too, and is not there, as the caller knows and has told: a clone that
  /// lacks something.
  std::uint64_t missing = 0;

  retention keep = {};
  /// How long to wait for another run in the same series to end.
  afio::deadline lock = afio::deadline::in(std::chrono::nanoseconds::zero());
};

struct series_report {
  clone_report clone;
  /// Of the new clone, as it lacks something or not; empty if none was published.
  std::string name;
  std::string previous; ///< What it shares with; empty if there was none.
  /// What retention has deleted, or would delete. What it could not delete has lost its name all
  /// the same, and the next run tries again.
  std::vector<std::string> superseded;
  std::uint64_t reaped = 0;   ///< Entries of killed runs that were deleted.
  std::uint64_t failures = 0; ///< Of everything, told to the observer.
  algorithms::stopped stopped = algorithms::stopped::no; ///< Of everything.
  /// Why there was no index that something could be learned from; then contents were compared.
  /// ENODATA: the clones have less of the metadata than is to be kept now.
  std::optional<error> without_index;
};

/// Clones the entry `name` of `from`, called `shown`, into the series in `series`, called
/// `shown_series`: takes its lock, deletes what killed runs left, clones with the newest clone
/// there as the previous one, publishes the new one under its name, and then deletes what retention
/// does not keep. The new name and the index are durable on return. What happens to the clone is
/// told as by clone_tree, what is deleted by one event for each whole tree. A rehearsal changes
/// nothing, takes no lock, and reports as `name` and `superseded` what a run would.
///
/// Names follow each other as the clones were made: where the newest one there says a time that is
/// not over yet, because it was made within this second (which is waited for) or the clock was set
/// back, the new name is one second after that.
///
/// A clone that lacks something, which was told, has a name that says so (series_name), but where
/// that is only what kept changing. The next one shares with it all the same.
///
/// Nothing is superseded unless the new clone was published, complete but for sources that kept
/// changing. A clone goes under a random name first, so that what has a name of the series is whole
/// at every instant.
///
/// Fails if nothing was begun: ETIMEDOUT about the lock's name where another run holds it (nothing
/// is waited for by default), ECANCELED where it was asked to stop meanwhile; errc::refused where
/// the series is the source, or lies in it and would be cloned, too; as the lock file could not be
/// made or `series` not be listed; and as clone_tree, after killed runs were cleaned up.
result<series_report> clone_into_series(const path_handle& from, leaf_name name,
                                        const path_handle& series, std::string_view shown,
                                        std::string_view shown_series,
                                        const series_options& options, observer& told) noexcept;

/// The same of the directory `source`, which need not have a name.
result<series_report> clone_into_series(const path_handle& source, const path_handle& series,
                                        std::string_view shown, std::string_view shown_series,
                                        const series_options& options, observer& told) noexcept;

/// The clones in `series`, sorted: names of the form that are directories. Throws std::bad_alloc.
result<std::vector<series_clone>> clones_in(const path_handle& series);

} // namespace afio::algorithms
