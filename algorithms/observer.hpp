// Who is told what an algorithm does, while it does it.
#pragma once

#include "afio/stat.hpp"
#include "algorithms/failure.hpp"

#include <atomic>
#include <cstdint>
#include <string_view>

namespace afio::algorithms {

/// What happened to an entry.
enum class event_kind : std::uint8_t {
  created,
  replaced, ///< Something of that name was there, and went in the same instant.
  changed,  ///< Its metadata only.
  linked,   ///< It became one more name of a file that is there.
  shared,   ///< Its blocks became those of a file that is there; it reads and is dated as before.
  deleted,
  moved,
  punched, ///< Zeros in it became holes.
};

/// Borrowed for the time of the call.
struct event {
  event_kind kind;
  std::string_view path;
  file_type type = file_type::unknown;
  std::string_view to = {}; ///< Where what moved is now; empty where that is not known.
  std::uint64_t bytes = 0;  ///< Of what was punched.
};

/// Something of an entry that a copy could not keep, though the entry is there. Borrowed for the
/// time of the call.
struct loss {
  std::string_view what; ///< For people: "owner", "extended attribute", "hard link", …
  std::string_view path; ///< The first entry that it happened to.
  const error& why;
};

/// Whether single events are worth their paths, which cost an allocation each.
enum class verbosity : std::uint8_t { failures, events };

/// Calls come from the workers' threads, one at a time. They must not block for long: the walk
/// waits.
class observer {
public:
  explicit observer(verbosity v = verbosity::failures) noexcept : verbosity_(v) {}

  virtual ~observer() = default;
  observer(const observer&) = delete;
  observer& operator=(const observer&) = delete;

  /// Every entry that something could not be done to, once.
  virtual void failed(const failure&) noexcept {}

  /// Every entry that was rightly left alone, once, and why. No failure.
  virtual void skipped(const failure&) noexcept {}

  /// What could not be kept: once for each `what` and errno, not for each entry.
  virtual void lost(const loss&) noexcept {}

  /// Every entry that something was done to; only with verbosity::events.
  virtual void happened(const event&) noexcept {}

  bool wants_events() const noexcept { return verbosity_ == verbosity::events; }

private:
  verbosity verbosity_;
};

/// Counters that any thread may read at any time. Workers add to them a batch at a time.
struct progress {
  std::atomic<std::uint64_t> entries{0};     ///< Acted on; directories when they are listed.
  std::atomic<std::uint64_t> directories{0}; ///< Entered and finished with all below them.
  std::atomic<std::uint64_t> bytes{0};       ///< Of contents: copied, compared, hashed.
  std::atomic<std::uint64_t> failures{0};
};

} // namespace afio::algorithms
