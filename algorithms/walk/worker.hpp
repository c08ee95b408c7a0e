// One worker of the engine: opens and lists a directory, has its rows visited, finishes it.
#pragma once

#include "algorithms/walk/engine.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <new>

namespace afio::algorithms::walk_detail {

template <std::size_t N>
class engine<N>::worker {
public:
  worker(engine& shared, unsigned index, visitor<N>& acts) noexcept
      : engine_(shared), visitor_(acts), index_(index) {}

  void run(task* next) noexcept {
    while (next != nullptr || (next = engine_.queue_.take(index_)) != nullptr) {
      next = next->what == task::kind::directory ? visit(static_cast<node<N>&>(*next))
                                                 : help(static_cast<batch<N>&>(*next));
    }
  }

private:
  /// Rows handed to a visitor at once: enough to spread the cost of a virtual call and a look at
  /// the clock, few enough to stop soon.
  static constexpr std::uint32_t rows_at_once = 128;

  // Directories. Each returns what to go on with, null for the queue's next.
  task* visit(node<N>& n) noexcept;
  task* list(node<N>& n) noexcept;
  task* finish(node<N>& n) noexcept;
  after leave(node<N>& n) noexcept;
  bool may_list_again(node<N>& n) noexcept;
  bool cut_short(node<N>& n) noexcept;
  bool enter(node<N>& n) noexcept;
  bool deny(node<N>& n, const error& why) noexcept;
  static bool is_gone(const error& why) noexcept;
  void not_opened(node<N>& n, const error& why) noexcept;
  void not_reopened(node<N>& n, const error& why) noexcept;
  result<void> open_below_parent(node<N>& n) noexcept;
  result<void> seek(node<N>& n) noexcept;

  // Rows.
  task* help(batch<N>& b) noexcept;
  std::unique_ptr<batch<N>> spare_batch() noexcept;
  std::uint32_t worth_sharing() const noexcept;
  std::uint32_t claim_size(const batch<N>& b) const noexcept;
  void share(batch<N>& b) noexcept;
  void act_on(batch<N>& b, claim_range::run claimed) noexcept;
  std::span<row<N>> with_status(node<N>& n, std::span<row<N>> rows) noexcept;
  bool read_status(node<N>& n, row<N>& r, std::span<stat_t, N> into) noexcept;
  void add_child(node<N>& n, const row<N>& r) noexcept;
  void drop_share(batch<N>& b) noexcept;

  engine& engine_;
  visitor<N>& visitor_;
  unsigned index_;
  task_list found_; // Children of the rows acted on, not yet in the queue.
  std::unique_ptr<batch<N>> spare_;
  std::array<row<N>, rows_at_once> made_; // Of several trees, of the run that was claimed.
  std::array<std::array<stat_t, N>, rows_at_once> status_;
};

// ---- Directories

template <std::size_t N>
task* engine<N>::worker::visit(node<N>& n) noexcept {
  if (cut_short(n) || !enter(n)) return finish(n);
  task* next = list(n);
  engine_.descriptors_.unpin(n);
  // Something to go on with is a child, which keeps `n` from being finished.
  task* finished = finish(n);
  return next != nullptr ? next : finished;
}

/// Pins `n`, at its first visit after opening it. False: denied, and the visitor has been asked.
template <std::size_t N>
bool engine<N>::worker::enter(node<N>& n) noexcept {
  if (n.opened) {
    auto ready = engine_.descriptors_.pin(n);
    if (ready) {
      ready = seek(n);
      if (!ready) engine_.descriptors_.unpin(n);
    }
    if (!ready) not_reopened(n, ready.assume_error());
    return ready.has_value();
  }
  auto opened = open_below_parent(n);
  if (!opened) {
    if (deny(n, opened.assume_error())) return false;
    opened = open_below_parent(n);
    // The visitor is asked once more, so that it can undo what has not helped.
    if (!opened && !deny(n, opened.assume_error())) not_opened(n, opened.assume_error());
    if (!opened) return false;
  }
  engine_.directories_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

/// To where the last visit ended, which the descriptor knows only if it is still the same one.
template <std::size_t N>
result<void> engine<N>::worker::seek(node<N>& n) noexcept {
  for (auto& side : n.sides) {
    if (!side.present) continue;
    AFIO_TRY(side.handle.seek(side.next));
  }
  return success();
}

template <std::size_t N>
result<void> engine<N>::worker::open_below_parent(node<N>& n) noexcept {
  AFIO_TRY(engine_.descriptors_.pin(*n.parent));
  auto opened = engine_.descriptors_.open(n);
  engine_.descriptors_.unpin(*n.parent);
  return opened;
}

/// Somebody removed it since it was listed: there is nothing to walk, and nothing was left out. Of
/// several trees, another one may still have it: then that is for others to judge.
template <std::size_t N>
bool engine<N>::worker::is_gone(const error& why) noexcept {
  return N == 1 && why == std::errc::no_such_file_or_directory;
}

template <std::size_t N>
void engine<N>::worker::not_reopened(node<N>& n, const error& why) noexcept {
  if (!is_gone(why)) engine_.fail(n, operation::open, {}, why);
}

/// Whether that is the end of it; false if the visitor wants it opened again.
template <std::size_t N>
bool engine<N>::worker::deny(node<N>& n, const error& why) noexcept {
  if (is_gone(why)) return true;
  verdict says = verdict::report;
  if (engine_.descriptors_.pin(*n.parent)) {
    says = visitor_.denied(engine_.at(n), why);
    engine_.descriptors_.unpin(*n.parent);
  }
  switch (says) {
  case verdict::open_again:
    return false;
  case verdict::handled:
    return true;
  case verdict::skip:
    n.incomplete.store(true, std::memory_order_relaxed);
    return true;
  case verdict::report:
    break;
  }
  not_opened(n, why);
  return true;
}

/// By the name of the tree where it could not be.
template <std::size_t N>
void engine<N>::worker::not_opened(node<N>& n, const error& why) noexcept {
  engine_.fail(n, operation::open, {}, why, engine_.name_of(n.at_fault));
}

/// Lists the pinned `n` from where its last visit ended, has its rows visited, and leaves its
/// children to the queue but for one, which it returns. A large directory is itself left in the
/// queue, below its children, when its names do not fit into one batch.
template <std::size_t N>
task* engine<N>::worker::list(node<N>& n) noexcept {
  for (;;) {
    auto b = spare_batch();
    if (!b) {
      engine_.fail(n, operation::list, {}, error(ENOMEM, call::none));
      return nullptr;
    }
    filled<N> got = fill(*b, n, engine_.options_.order);
    for (std::size_t tree = 0; tree < N; ++tree) {
      const auto& failure = got.failures[tree];
      if (failure) engine_.fail(n, operation::list, {}, *failure, engine_.name_of(tree));
    }
    while (b->unclaimed.left() != 0) {
      share(*b);
      act_on(*b, b->unclaimed.claim_front(claim_size(*b)));
    }
    drop_share(*b.release());
    if (got.more && cut_short(n)) got.more = false;
    if (got.more && found_.empty()) continue;
    task* next = found_.pop_back();
    if (got.more) {
      n.pending.fetch_add(1, std::memory_order_relaxed);
      engine_.queue_.push(index_, n);
    }
    engine_.queue_.push(index_, found_);
    return next;
  }
}

/// Ends one of the things that `n` is waiting for. With the last one, `n` is left, and then perhaps
/// its parent, and so on up.
template <std::size_t N>
task* engine<N>::worker::finish(node<N>& n) noexcept {
  node<N>* at = &n;
  while (at->pending.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    if (at->opened && leave(*at) == after::list_again) {
      if (may_list_again(*at)) return at;
      (void)leave(*at); // Now incomplete, and for the last time.
    }
    if (at->parent != nullptr) engine_.descriptors_.close(*at);
    if (at->opened && engine_.options_.counters != nullptr) {
      engine_.options_.counters->directories.fetch_add(1, std::memory_order_relaxed);
    }
    node<N>* parent = at->parent;
    if (parent == nullptr) {
      engine_.queue_.close();
      return nullptr;
    }
    if (at->incomplete.load(std::memory_order_relaxed)) {
      parent->incomplete.store(true, std::memory_order_relaxed);
    }
    node<N>::destroy(at);
    at = parent;
  }
  return nullptr;
}

template <std::size_t N>
bool engine<N>::worker::may_list_again(node<N>& n) noexcept {
  if (cut_short(n)) return false;
  if (n.listed_again++ == engine_.options_.list_again_limit) {
    engine_.fail(n, operation::list, {}, error(errc::still_growing, call::verify));
    return false;
  }
  for (auto& side : n.sides) side.next = 0;
  n.pending.store(1, std::memory_order_relaxed);
  return true;
}

/// Whether the walk stops, so that something of `n` is left out.
template <std::size_t N>
bool engine<N>::worker::cut_short(node<N>& n) noexcept {
  if (!engine_.stopping()) return false;
  n.incomplete.store(true, std::memory_order_relaxed);
  return true;
}

/// Calls the visitor's leave() with the handles pinned that it may use.
template <std::size_t N>
after engine<N>::worker::leave(node<N>& n) noexcept {
  auto& descriptors = engine_.descriptors_;
  const bool keeps = engine_.options_.leaving == leaving::with_handles;
  // Closed first where nobody needs it: rmdir of an open directory would leave the freeing to
  // close.
  if (!keeps && n.parent != nullptr) descriptors.close(n);
  auto pinned = n.parent != nullptr ? descriptors.pin(*n.parent) : result<void>(success());
  if (pinned && keeps) {
    pinned = descriptors.pin(n);
    if (!pinned && n.parent != nullptr) descriptors.unpin(*n.parent);
  }
  if (!pinned) {
    not_reopened(n, pinned.assume_error());
    return after::done;
  }
  const after says = visitor_.leave(engine_.at(n));
  if (keeps) descriptors.unpin(n);
  if (n.parent != nullptr) descriptors.unpin(*n.parent);
  return says;
}

// ---- Rows

/// Acts on the back of a batch that another worker is acting on from the front.
template <std::size_t N>
task* engine<N>::worker::help(batch<N>& b) noexcept {
  node<N>& n = *b.of;
  b.offered.store(false, std::memory_order_release); // It stands in no list any more.
  auto pinned = engine_.descriptors_.pin(n);
  if (!pinned) not_reopened(n, pinned.assume_error());
  // Not even then are the rows left to others: each would fail alike.
  while (b.unclaimed.left() != 0) {
    share(b);
    const auto claimed = b.unclaimed.claim_back(claim_size(b));
    if (pinned) act_on(b, claimed);
  }
  if (pinned) engine_.descriptors_.unpin(n);
  task* next = found_.pop_back();
  engine_.queue_.push(index_, found_);
  drop_share(b);
  task* finished = finish(n);
  return next != nullptr ? next : finished;
}

template <std::size_t N>
std::unique_ptr<batch<N>> engine<N>::worker::spare_batch() noexcept {
  if (spare_) return std::move(spare_);
  return std::unique_ptr<batch<N>>(new (std::nothrow) batch<N>);
}

/// A batch with fewer rows is not worth another worker's while.
template <std::size_t N>
std::uint32_t engine<N>::worker::worth_sharing() const noexcept {
  return engine_.options_.row_cost == row_cost::contents ? 2 : 2 * rows_at_once;
}

/// Costly rows are taken in ever smaller numbers, so that all workers end together.
template <std::size_t N>
std::uint32_t engine<N>::worker::claim_size(const batch<N>& b) const noexcept {
  const unsigned workers = engine_.queue_.workers();
  if (engine_.options_.row_cost == row_cost::calls || workers == 1) return rows_at_once;
  const std::uint32_t left = b.unclaimed.left();
  const std::uint32_t together = std::clamp(engine_.options_.rows_together, 1U, rows_at_once);
  const std::uint32_t size = std::max(left / (2 * workers), std::min(together, left / workers));
  if (size <= together) return std::max(size, 1U);
  return std::min(size - size % together, rows_at_once - rows_at_once % together);
}

/// Leaves a large batch in the queue for somebody who has nothing to do.
template <std::size_t N>
void engine<N>::worker::share(batch<N>& b) noexcept {
  if (b.unclaimed.left() < worth_sharing() || !engine_.queue_.somebody_waits()) return;
  if (b.offered.exchange(true, std::memory_order_acquire)) return;
  b.owners.fetch_add(1, std::memory_order_relaxed);
  b.of->pending.fetch_add(1, std::memory_order_relaxed);
  engine_.queue_.push(index_, b);
}

/// The last owner keeps the batch for its next directory.
template <std::size_t N>
void engine<N>::worker::drop_share(batch<N>& b) noexcept {
  if (b.owners.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  b.owners.store(1, std::memory_order_relaxed);
  spare_.reset(&b);
}

template <std::size_t N>
void engine<N>::worker::act_on(batch<N>& b, claim_range::run claimed) noexcept {
  node<N>& n = *b.of;
  if (claimed.count == 0 || cut_short(n)) return;
  const auto rows = with_status(n, b.rows_of(claimed, made_));
  visitor_.rows(engine_.at(n), rows);
  for (const row<N>& r : rows) {
    if (r.below == row<N>::below::enter && r.has_directory()) add_child(n, r);
  }
  engine_.rows_.fetch_add(rows.size(), std::memory_order_relaxed);
  if (engine_.options_.counters != nullptr) {
    engine_.options_.counters->entries.fetch_add(rows.size(), std::memory_order_relaxed);
  }
}

/// Reads what the visitor wants to know, and types that listings did not tell. Rows that are gone
/// by now in every tree, or cannot be read in one that is not optional, are left out.
template <std::size_t N>
std::span<row<N>> engine<N>::worker::with_status(node<N>& n, std::span<row<N>> rows) noexcept {
  std::size_t kept = 0;
  for (row<N>& r : rows) {
    if (!read_status(n, r, status_[kept])) continue;
    rows[kept] = r;
    ++kept;
  }
  return rows.first(kept);
}

template <std::size_t N>
bool engine<N>::worker::read_status(node<N>& n, row<N>& r, std::span<stat_t, N> into) noexcept {
  bool any = false;
  for (std::size_t tree = 0; tree < N; ++tree) {
    cell& c = r.in[tree];
    if (!c.present) continue;
    const want fields = engine_.options_.fields;
    if (fields != want::none || c.type == file_type::unknown) {
      const auto read = into[tree].stamp(n.sides[tree].handle, r.name, fields | want::type);
      if (!read) {
        const error& why = read.assume_error();
        c = {};
        // Removed since it was listed: as if it had never been there.
        if (why == std::errc::no_such_file_or_directory || n.sides[tree].optional) continue;
        engine_.fail(n, operation::stat, r.name, why, engine_.name_of(tree));
        return false;
      }
      c.type = into[tree].type;
      c.stat = &into[tree];
    }
    any = true;
  }
  return any;
}

template <std::size_t N>
void engine<N>::worker::add_child(node<N>& n, const row<N>& r) noexcept {
  node<N>* child = node<N>::make(&n, r.name);
  if (child == nullptr) return engine_.fail(n, operation::open, r.name, error(ENOMEM, call::none));
  for (std::size_t tree = 0; tree < N; ++tree) {
    child->sides[tree].present = r.in[tree].type == file_type::directory;
    child->sides[tree].listed_inode = r.in[tree].inode;
    child->sides[tree].fresh = r.in[tree].fresh;
    child->sides[tree].followed = r.in[tree].followed;
    child->sides[tree].device = r.in[tree].device;
    child->sides[tree].optional = n.sides[tree].optional;
  }
  child->slot.store(r.slot, std::memory_order_relaxed);
  n.pending.fetch_add(1, std::memory_order_relaxed);
  found_.push_back(*child);
}

} // namespace afio::algorithms::walk_detail
