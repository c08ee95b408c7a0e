#include "algorithms/hash/hash_cache.hpp"

#include <cerrno>
#include <chrono>
#include <thread>

namespace afio::algorithms {

namespace {

void await_tick() noexcept {
  using namespace std::chrono_literals;
  const timestamp now = coarse_clock_now();
  // The slowest clocks tick every 10 ms.
  for (int i = 0; i < 40 && coarse_clock_now() == now; ++i) std::this_thread::sleep_for(500us);
}

/// Whether a change which is not dated before `now` is certain to be dated otherwise than
/// `changed`.
bool is_before(const timestamp& changed, const timestamp& now) noexcept {
  // File systems that keep whole seconds cut the rest off.
  return changed.nanoseconds == 0 ? changed.seconds < now.seconds : changed < now;
}

bool is_same_but_for_change(const stat_t& a, const stat_t& b) noexcept {
  return a.id.same_file(b.id) && a.size == b.size && a.modified == b.modified;
}

std::optional<hash128> believed(std::span<const std::byte> record, const stat_t& file) noexcept {
  const auto r = decode_hash_record(record);
  return r && r->describes(file) ? std::optional(r->hash) : std::nullopt;
}

result<void> set(const file_handle& file, const stat_t& status, const hash128& hash,
                 const timestamp& now) noexcept {
  const auto bytes = encode(hash_record::of(hash, status, now));
  if (!bytes) return error(EOVERFLOW, call::none);
  return file.set_attribute(hash_cache::attribute, *bytes);
}

enum class answer : std::uint8_t { yes, no, unknown };

/// Whether two changes within a tick are dated differently, if there is a look between them. One
/// has just been made, at or after the tick `tick`, and was looked at: `seen`. Makes another, which
/// leaves a void record, and puts its date into `last`.
answer dates_finely(const file_handle& file, const stat_t& seen, const hash128& hash,
                    const timestamp& tick, timestamp& last) noexcept {
  // Other bytes than before: a file system may do nothing for the same ones.
  if (!set(file, seen, hash, {seen.changed.seconds + 1, 0})) return answer::unknown;
  const auto changed = file.stat(hash_cache_fields);
  if (!changed) return answer::unknown;
  const timestamp first = seen.changed, second = changed.assume_value().changed;
  last = second;
  if (first == second) return answer::no;
  // A tick, or a second where only these are kept, may have passed: then it says nothing.
  const bool same_tick = coarse_clock_now() == tick;
  return same_tick && first.nanoseconds != 0 && second.nanoseconds != 0 ? answer::yes
                                                                        : answer::unknown;
}

} // namespace

/// What is known of the device of that number, by `file_on_it`, called for a handle to a file there
/// if it must be found out.
template <class F>
hash_cache::device& hash_cache::of(std::uint64_t number, F&& file_on_it) noexcept {
  for (device& d : devices_) {
    if (d.known && d.number == number) return d;
  }
  device& d = devices_[oldest_];
  oldest_ = (oldest_ + 1) % devices_.size();
  d = {.number = number};
  const result<statfs_t> found = file_on_it();
  if (!found) return d; // Nothing is believed now; it is asked again for the next file.
  d.known = true;
  const std::string_view kind = found.assume_value().kind_name();
  d.dates_changes = kind == "ext4" || kind == "xfs" || kind == "btrfs";
  return d;
}

std::optional<hash128> hash_cache::find(const path_handle& dir, leaf_name name, const stat_t& file,
                                        const side_hashes* beside) noexcept {
  if (how_ == hash_caching::none || file.type != file_type::regular) return std::nullopt;
  const device& on = of(file.id.device, [&]() -> result<statfs_t> {
    // The file, not the directory: something may be mounted on it.
    AFIO_TRY(const fs_handle pinned, fs_handle::pin(dir, name));
    AFIO_TRY(const identity id, pinned.identity());
    if (id.device != file.id.device) return error(errc::raced, call::statx, name);
    return pinned.statfs();
  });
  if (!on.dates_changes) return std::nullopt;
  if (beside != nullptr) {
    if (const auto r = beside->find(file)) return r->hash;
  }
  if (how_ == hash_caching::file) return std::nullopt;
  encoded_hash_record bytes;
  const auto read = dir.find_attribute(name, attribute, bytes);
  // A failure, and a longer value is one: then it is hashed again.
  if (!read || !read.assume_value()) return std::nullopt;
  return believed(std::span(bytes).first(*read.assume_value()), file);
}

std::optional<hash128> hash_cache::find(const file_handle& open, const stat_t& file) noexcept {
  if (how_ == hash_caching::none || how_ == hash_caching::file) return std::nullopt;
  if (!of(file.id.device, [&] { return open.statfs(); }).dates_changes) return std::nullopt;
  encoded_hash_record bytes;
  const auto read = open.get_attribute(attribute, bytes);
  if (!read) return std::nullopt;
  return believed(std::span(bytes).first(read.assume_value()), file);
}

bool hash_cache::watch(file_handle& file, const stat_t& status) noexcept {
  if (!remembers()) return false;
  if (!of(status.id.device, [&] { return file.statfs(); }).dates_changes) return false;
  const auto taken = file.try_lease(lease::read);
  return taken && taken.assume_value();
}

bool hash_cache::record(file_handle& file, const stat_t& after, const hash128& hash,
                        side_hashes* beside) noexcept {
  if (!remembers()) return false;
  device& on = of(after.id.device, [&] { return file.statfs(); });
  auto done = outcome::refused;
  if (on.dates_changes) {
    if (how_ == hash_caching::attribute && on.attributes != attributes::refused)
      done = set_attribute(file, after, hash, on);
    if (done == outcome::refused && note_beside(file, after, hash, beside)) done = outcome::done;
  }
  (void)file.drop_lease(); // Closing the file does it, too.
  return done == outcome::done;
}

hash_cache::outcome hash_cache::set_attribute(file_handle& file, const stat_t& after,
                                              const hash128& hash, device& on) noexcept {
  timestamp last = after.changed; // What the file's last change is dated.
  for (int tries = 0; tries != 8; ++tries) {
    // With many threads at it, each question makes the others' guesses wrong, until the next tick.
    if (tries > 3) await_tick();
    const timestamp tick = coarse_clock_now();
    stat_t claimed = after;
    claimed.changed = clock_.expected();
    if (claimed.changed <= last || (tries > 0 && tries <= 3)) claimed.changed = clock_.after(last);
    const auto written = set(file, claimed, hash, claimed.changed);
    if (!written) {
      if (written.assume_error().native() == ENOTSUP) on.attributes = attributes::refused;
      return tries == 0 ? outcome::refused : outcome::failed;
    }
    const auto seen = file.stat(hash_cache_fields);
    const auto held = file.holds_lease(lease::read);
    // Somebody waits to write: nothing is to be remembered, and they shall not wait long.
    if (!seen || !held || !held.assume_value()) break;
    const stat_t& now = seen.assume_value();
    if (!is_same_but_for_change(now, after)) break;
    last = now.changed;
    clock_.saw(last);
    if (on.attributes == attributes::serve) {
      if (last == claimed.changed) return outcome::done;
      continue;
    }
    const answer finely = dates_finely(file, now, hash, tick, last);
    if (finely == answer::yes) on.attributes = attributes::serve;
    if (finely == answer::no) {
      on.attributes = attributes::refused;
      break;
    }
  }
  (void)file.remove_attribute(attribute); // A void record does no harm, but is none.
  return outcome::failed;
}

bool hash_cache::note_beside(file_handle& file, const stat_t& after, const hash128& hash,
                             side_hashes* beside) noexcept {
  if (beside == nullptr) return false;
  timestamp now = coarse_clock_now();
  if (!is_before(after.changed, now)) now = clock_.after(after.changed);
  if (!is_before(after.changed, now)) return false;
  // Asked last: while the lease holds, the clock has not been late.
  const auto held = file.holds_lease(lease::read);
  if (!held || !held.assume_value()) return false;
  const hash_record r = hash_record::of(hash, after, now);
  if (!encode(r)) return false;
  beside->note(r);
  return true;
}

} // namespace afio::algorithms
