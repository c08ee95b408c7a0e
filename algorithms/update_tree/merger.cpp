#include "algorithms/update_tree/merger.hpp"

#include "algorithms/copy_tree/copy_tree.hpp"

#include <cerrno>
#include <new>
#include <optional>
#include <string>

namespace afio::algorithms::update_detail {

using copy_detail::directory_state;
using copy_detail::directory_states;
using kind = distinction::kind;
using conflicts = enum update_options::conflicts;

namespace {

constexpr std::size_t source = 0, base = 1, target = 2;

/// What the slot says of a directory that the source has removed: it goes if nothing stays in it.
const directory_state emptied;

bool is_emptied(const place<3>& here) noexcept { return directory_states::of(here) == &emptied; }

bool is_directory(const row<3>& r, std::size_t tree) noexcept {
  return r.in[tree].type == file_type::directory;
}

} // namespace

void merger::rows(const place<3>& here, std::span<row<3>> rows) noexcept {
  for (row<3>& r : rows) {
    r.below = row<3>::below::skip;
    result<void> done = success();
    try {
      done = merge_row(here, r);
    } catch (const std::bad_alloc&) {
      done = error(ENOMEM, call::none);
    }
    if (done) continue;
    here.fail(operation::compare, r.name, done.assume_error());
    if (is_interruption(done.assume_error())) return;
  }
}

result<void> merger::merge_row(const place<3>& here, row<3>& r) {
  if (!wants(here, r)) return keep(here, r);
  if (changer<3>::is_going(here)) return remove(here, r);
  // What only the target has had no part in the changes.
  if (!r.in[source].present && !r.in[base].present) return keep(here, r);
  if (!r.in[source].present && !changes_.is_absent(here, r)) return keep(here, r);
  const bool removed = is_directory(r, base) && is_directory(r, target) && !r.in[source].present;
  if (removed) {
    r.slot = reinterpret_cast<std::uintptr_t>(&emptied);
    r.below = row<3>::below::enter;
    return success();
  }
  AFIO_TRY(const auto o, outcome_of(here, r));
  if (!o) return keep(here, r);
  if (o->what == three_way::conflict) return resolve(here, r, *o);
  return o->what == three_way::changed_left ? apply(here, r, changer<3>::room_for_it::as_in_base)
                                            : keep(here, r);
}

/// Of a directory that could not be listed, which was told, an absent name says nothing.
bool merger::wants(const place<3>& here, const row<3>& r) const {
  for (std::size_t tree = 0; tree < 3; ++tree) {
    if (!r.in[tree].present && here.present(tree) && !here.listed(tree)) return false;
  }
  return shared_->wants(here, r);
}

/// What the target has stays; but of two directories, perhaps not all that is in them.
result<void> merger::keep(const place<3>& here, row<3>& r) {
  if (is_directory(r, source) && is_directory(r, target) && wants(here, r))
    r.below = row<3>::below::enter;
  const bool holds = is_emptied(here) || changer<3>::is_going(here);
  if (holds && r.in[target].present) here.mark_incomplete(); // So the directory stays, too.
  return success();
}

result<void> merger::remove(const place<3>& here, row<3>& r) {
  if (r.in[target].present) changes_.remove(here, r);
  return success();
}

// ---- What became of it

/// Nothing where something could not be compared, which was told: it may be anything.
result<std::optional<merger::outcome>> merger::outcome_of(const place<3>& here, const row<3>& r) {
  AFIO_TRY(const auto left, between(here, r, base, source));
  if (!left) return std::optional<outcome>();
  AFIO_TRY(const auto right, between(here, r, base, target));
  if (!right) return std::optional<outcome>();
  std::optional apart = distinction{};
  if (*left && *right) {
    AFIO_TRY(apart, between(here, r, source, target));
  }
  if (!apart) return std::optional<outcome>();
  return std::optional(outcome{three_way_of(!*left, !*right, !*apart), *left, *right});
}

/// As compare_trees tells it; but where not both are directories that the walk will enter, what is
/// in one of the base's counts, too. Nothing as of changer::same_below().
result<std::optional<distinction>> merger::between(const place<3>& here, const row<3>& r,
                                                   std::size_t a, std::size_t b) {
  if (!r.in[a].present && !r.in[b].present) return std::optional(distinction{});
  if (!r.in[b].present) return std::optional(distinction{kind::only_left});
  if (!r.in[a].present) return std::optional(distinction{kind::only_right});
  AFIO_TRY(const distinction found, changes_.there().compare(here, r, a, b));
  if (!is_directory(r, a) || !is_directory(r, b)) return std::optional(found);
  const bool entered = is_directory(r, source) && is_directory(r, target);
  const distinction of_itself = without_times(found);
  if (entered || of_itself) return std::optional(of_itself);
  AFIO_TRY(const auto same, changes_.same_below(here, {here.handle(a), r.name, *r.in[a].stat},
                                                {here.handle(b), r.name, *r.in[b].stat}));
  if (!same) return std::optional<distinction>();
  return std::optional(*same ? distinction{} : distinction{kind::content});
}

// ---- What is done about it

result<void> merger::apply(const place<3>& here, row<3>& r, changer<3>::room_for_it goes) {
  if (!r.in[source].present) return remove(here, r);
  // All that is in a directory that the target lacks counts as new.
  if (!is_directory(r, target)) r.in[base] = {};
  r.below = row<3>::below::enter;
  changes_.put(here, r, goes);
  return success();
}

result<void> merger::resolve(const place<3>& here, row<3>& r, const outcome& o) {
  tell(here, r, o);
  switch (shared_->options.conflicts) {
  case conflicts::source:
    return apply(here, r, changer<3>::room_for_it::whatever);
  case conflicts::both:
    if (!r.in[target].present) return apply(here, r, changer<3>::room_for_it::whatever);
    if (r.in[source].present) {
      AFIO_TRY(put_beside(here, r));
    }
    break;
  case conflicts::fail:
  case conflicts::target:
    break;
  }
  return keep(here, r);
}

namespace {

/// "name.from-source", "name.from-source-2" and so on. ENAMETOOLONG.
result<leaf_buffer> beside(leaf_name name, unsigned number) {
  std::string text = std::string(name.view()) + ".from-source";
  if (number > 1) text += '-' + std::to_string(number);
  return leaf_buffer::from(text);
}

} // namespace

/// The source's version, under the first name that is free; nothing where it is there already.
result<void> merger::put_beside(const place<3>& here, const row<3>& r) {
  if (is_directory(r, source) && is_directory(r, target)) return success(); // Of metadata alone.
  // Its rules are about the whole tree, and cannot be about a part that has another name.
  if (is_directory(r, source) && shared_->options.filter != nullptr)
    return error(ENOTSUP, call::verify, r.name);
  constexpr unsigned enough = 1000;
  copy_options how = shared_->copying.options;
  how.tree = shared_->for_inner_walk();
  how.existing = copy_options::existing::refuse;
  how.filter = nullptr;
  for (unsigned number = 1; number <= enough; ++number) {
    AFIO_TRY(const leaf_buffer name, beside(r.name, number));
    stat_t there;
    const auto looked = there.stamp(here.handle(target), name, compared_fields);
    if (looked) {
      AFIO_TRY(const bool same, same_entry(here, {here.handle(source), r.name, *r.in[source].stat},
                                           {here.handle(target), name, there}));
      if (same) return success();
      continue;
    }
    if (!is_gone(looked.assume_error())) return looked.as_failure();
    AFIO_TRY(const copy_report done, copy_tree(here.handle(source), r.name, here.handle(target),
                                               name, here.path(r.name), how, shared_->told));
    changes_.add(done);
    here.count_told(done.failures);
    if (done.left_as) {
      AFIO_TRY(discard(here, *done.left_as));
    }
    if (done.stopped != stopped::no) return error(ECANCELED, call::none);
    return success();
  }
  return error(EEXIST, call::verify, r.name);
}

/// What was begun and is not complete: nobody would know of it.
result<void> merger::discard(const place<3>& here, leaf_name begun) {
  const remove_options how{.tree = {.threads = 1},
                           .permissions = remove_options::permissions::force};
  AFIO_TRY(const remove_report gone, remove_tree(here.handle(target), begun,
                                                 here.path_in(target, begun), how, shared_->told));
  here.count_told(gone.failures);
  return success();
}

result<bool> merger::same_entry(const place<3>& here, const compared_entry& a,
                                const compared_entry& b) {
  AFIO_TRY(const distinction found, changes_.there().comparer().compare(a, b));
  if (found) return false;
  if (a.status.type != file_type::directory) return true;
  AFIO_TRY(const auto same, changes_.same_below(here, a, b));
  return same.value_or(false); // Perhaps not: both have room.
}

void merger::tell(const place<3>& here, const row<3>& r, const outcome& o) {
  ++found_;
  const std::string path = here.below(r.name);
  const std::scoped_lock one(shared_->telling);
  conflicts_->differs(merge_difference{
      path, o.what, o.left, o.right, {r.in[base].stat, r.in[source].stat, r.in[target].stat}});
}

// ---- Directories

after merger::leave(const place<3>& here) noexcept {
  if (!is_emptied(here)) return changes_.leave(here);
  if (here.incomplete())
    changes_.make_durable(here);
  else
    changes_.remove_if_empty(here);
  return after::done;
}

verdict merger::denied(const place<3>& here, const error& why) noexcept {
  return is_emptied(here) ? verdict::report : changes_.denied(here, why);
}

} // namespace afio::algorithms::update_detail
