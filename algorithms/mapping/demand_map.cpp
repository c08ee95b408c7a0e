#include "algorithms/mapping/demand_map.hpp"

#include "afio/memory_usage.hpp"
#include "afio/page_map.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <list>
#include <map>
#include <mutex>
#include <new>

namespace afio::algorithms {

namespace {

constexpr std::uint64_t large = std::uint64_t{1} << 21;
constexpr std::uint64_t huge = std::uint64_t{1} << 30;

/// The pieces in which so much is mapped.
std::uint64_t unit_of(std::uint64_t length) noexcept {
  return length >= huge ? huge : length >= large ? large : page_size();
}

std::uint64_t rounded_up(std::uint64_t bytes, std::uint64_t unit) noexcept {
  return (bytes + unit - 1) / unit * unit;
}

map_flags flags_of(demand how) noexcept {
  switch (how) {
  case demand::read:
    return map_flags::read;
  case demand::write:
    return map_flags::read | map_flags::write;
  case demand::copy:
    return map_flags::read | map_flags::cow | map_flags::nocommit;
  }
  return map_flags::read;
}

/// What is mapped at once, and unmapped at once.
struct piece {
  std::uint64_t length;
  std::list<std::uint64_t>::iterator node; ///< Its place in the state's lists.
  std::int64_t holds = 0;
  bool changed = false; ///< It was seen to have pages of its own.

  bool is_idle() const noexcept { return holds == 0 && !changed; }
};

} // namespace

struct demand_map::state {
  section_handle section;
  map_handle room;
  page_map pages; ///< Only of a copy.
  demand_options options;
  std::uint64_t size = 0;
  std::uint64_t base = 0; ///< Where in the room the file begins.

  std::mutex one;
  std::map<std::uint64_t, piece> pieces; ///< By offset in the file. They never overlap.
  std::list<std::uint64_t> idle; ///< Those that may be unmapped; first who was held longest ago.
  /// The others. A node goes from one to the other, without allocation.
  std::list<std::uint64_t> busy;
  std::uint64_t mapped = 0;

  extent in_room(std::uint64_t offset, std::uint64_t length) const noexcept {
    return {base + offset, length};
  }

  /// The first piece that goes beyond `offset`.
  std::map<std::uint64_t, piece>::iterator first_behind(std::uint64_t offset) {
    auto at = pieces.upper_bound(offset);
    if (at != pieces.begin() && std::prev(at)->first + std::prev(at)->second.length > offset) --at;
    return at;
  }

  void change(piece& which, std::int64_t holds, bool changed) noexcept;
  result<void> add(std::uint64_t from, std::uint64_t to);
  result<void> fill(std::uint64_t from, std::uint64_t to);
  void count(extent part, int by) noexcept;
  result<bool> has_changed(std::uint64_t offset, std::uint64_t length) const noexcept;
  result<void> drop(std::uint64_t offset) noexcept;
  result<void> keep_to_budget() noexcept;
};

void demand_map::state::change(piece& which, std::int64_t holds, bool changed) noexcept {
  const bool was_idle = which.is_idle();
  which.holds = holds;
  which.changed = changed;
  if (which.is_idle() == was_idle) return;
  auto& from = was_idle ? idle : busy;
  auto& to = was_idle ? busy : idle;
  to.splice(to.end(), from, which.node);
}

/// Maps one piece.
result<void> demand_map::state::add(std::uint64_t from, std::uint64_t to) {
  // Memory first: what is mapped is never unknown.
  std::list<std::uint64_t> node(1, from);
  const auto made = pieces.try_emplace(from, piece{to - from, node.begin()}).first;
  auto is_mapped = room.commit(in_room(from, to - from), section, from, flags_of(options.how));
  if (!is_mapped) {
    pieces.erase(made);
    return is_mapped;
  }
  idle.splice(idle.end(), node);
  mapped += to - from;
  // Where one page is asked for, those around it need not be read.
  if (to - from < large) return room.advise(in_room(from, to - from), access_pattern::random);
  return success();
}

/// Maps what lies between the pieces that are there.
result<void> demand_map::state::fill(std::uint64_t from, std::uint64_t to) {
  for (auto next = first_behind(from); from < to;) {
    const std::uint64_t gap_end = next == pieces.end() ? to : std::min(to, next->first);
    if (from < gap_end) {
      AFIO_TRY(add(from, gap_end));
    }
    if (next == pieces.end()) break;
    from = next->first + next->second.length;
    ++next;
  }
  return success();
}

/// `by` is 1 for a hold that begins, and -1 for one that ends.
void demand_map::state::count(extent part, int by) noexcept {
  for (auto at = first_behind(part.offset); at != pieces.end() && at->first < part.end(); ++at)
    change(at->second, at->second.holds + by, at->second.changed);
}

result<bool> demand_map::state::has_changed(std::uint64_t offset,
                                            std::uint64_t length) const noexcept {
  if (options.how != demand::copy) return false;
  std::array<extent, 1> runs;
  AFIO_TRY(const auto found, pages.copied(room, in_room(offset, length), runs));
  return !found.empty();
}

result<void> demand_map::state::drop(std::uint64_t offset) noexcept {
  const auto at = pieces.find(offset);
  AFIO_TRY(room.decommit(in_room(offset, at->second.length)));
  mapped -= at->second.length;
  (at->second.is_idle() ? idle : busy).erase(at->second.node);
  pieces.erase(at);
  return success();
}

result<void> demand_map::state::keep_to_budget() noexcept {
  while (!idle.empty() && (mapped > options.budget || pieces.size() > options.pieces)) {
    const std::uint64_t offset = idle.front();
    piece& oldest = pieces.find(offset)->second;
    AFIO_TRY(const bool changed, has_changed(offset, oldest.length));
    if (changed) {
      change(oldest, 0, true);
      continue;
    }
    AFIO_TRY(drop(offset));
  }
  return success();
}

demand_map::hold::~hold() {
  if (from_ == nullptr) return;
  const std::lock_guard locked(from_->one);
  from_->count(part_, -1);
}

demand_map::demand_map() noexcept = default;
demand_map::demand_map(demand_map&&) noexcept = default;
demand_map& demand_map::operator=(demand_map&&) noexcept = default;
demand_map::~demand_map() = default;

demand_map::demand_map(std::unique_ptr<state> made) noexcept : state_(std::move(made)) {}

result<demand_map> demand_map::open(const file_handle& file, demand_options options) noexcept {
  std::unique_ptr<state> made(new (std::nothrow) state);
  if (!made) return error(ENOMEM, call::none);
  made->options = options;
  AFIO_TRY(made->size, file.size());
  if (made->size == 0) return error(EINVAL, call::mmap);
  AFIO_TRY(made->section, section_handle::section(file));
  const std::uint64_t alignment = made->size >= huge ? huge : large;
  AFIO_TRY(made->room, map_handle::reserve(rounded_up(made->size, page_size()) + alignment));
  const auto address = std::bit_cast<std::uintptr_t>(made->room.address());
  made->base = rounded_up(address, alignment) - address;
  if (options.how == demand::copy) {
    AFIO_TRY(made->pages, page_map::open());
  }
  return demand_map(std::move(made));
}

std::uint64_t demand_map::size() const noexcept { return state_->size; }

std::uint64_t demand_map::mapped() const noexcept {
  const std::lock_guard locked(state_->one);
  return state_->mapped;
}

result<demand_map::hold> demand_map::at(extent part) noexcept {
  state& here = *state_;
  if (part.length == 0 || part.offset > here.size || part.length > here.size - part.offset)
    return error(EINVAL, call::mmap);
  const std::uint64_t unit = unit_of(part.length);
  const std::uint64_t from = part.offset / unit * unit;
  const std::uint64_t to =
      std::min(rounded_up(part.end(), unit), rounded_up(here.size, page_size()));
  const std::lock_guard locked(here.one);
  try {
    AFIO_TRY(here.fill(from, to));
  } catch (const std::bad_alloc&) {
    return error(ENOMEM, call::none);
  }
  here.count(part, 1);
  if (auto kept = here.keep_to_budget(); !kept) {
    here.count(part, -1);
    return kept.assume_error();
  }
  return hold(here, part,
              here.room.bytes().subspan(static_cast<std::size_t>(here.base + part.offset),
                                        static_cast<std::size_t>(part.length)));
}

result<delta_report> demand_map::write_delta(file_handle& to) const noexcept {
  state& here = *state_;
  if (here.options.how != demand::copy) return error(EINVAL, call::verify);
  const std::lock_guard locked(here.one);
  delta_writer delta(to);
  AFIO_TRY(delta.begin(here.size));
  std::array<extent, 256> runs;
  const extent all = here.in_room(0, here.size);
  for (std::uint64_t from = all.offset; from < all.end();) {
    AFIO_TRY(const auto found, here.pages.copied(here.room, {from, all.end() - from}, runs));
    for (const extent& run : found) {
      const std::uint64_t end = std::min(run.end(), all.end()); // The last page may go beyond.
      AFIO_TRY(delta.add(run.offset - here.base,
                         here.room.bytes().subspan(static_cast<std::size_t>(run.offset),
                                                   static_cast<std::size_t>(end - run.offset))));
    }
    if (found.size() < runs.size()) break;
    from = found.back().end();
  }
  return delta.finish();
}

result<void> demand_map::discard() noexcept {
  state& here = *state_;
  if (here.options.how != demand::copy) return error(EINVAL, call::verify);
  const std::lock_guard locked(here.one);
  const bool is_held = std::any_of(here.pieces.begin(), here.pieces.end(),
                                   [](const auto& at) { return at.second.holds != 0; });
  if (is_held) return error(EBUSY, call::verify);
  while (!here.pieces.empty()) {
    AFIO_TRY(here.drop(here.pieces.begin()->first));
  }
  return success();
}

} // namespace afio::algorithms
