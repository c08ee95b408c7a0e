#include "algorithms/compare_trees/entry_comparer.hpp"

#include "afio/symlink_handle.hpp"
#include "algorithms/attribute_names.hpp"
#include "algorithms/equal_contents.hpp"
#include "algorithms/growing_pause.hpp"

#include <algorithm>
#include <cerrno>
#include <new>

namespace afio::algorithms {

namespace {

using kind = distinction::kind;

constexpr std::uint64_t inheritable = static_cast<std::uint64_t>(attribute::no_dump) |
                                      static_cast<std::uint64_t>(attribute::compressed);

/// The flags that a copy keeps, as far as a status has them.
std::uint64_t kept_flags(const stat_t& s) noexcept {
  constexpr auto kept = static_cast<std::uint64_t>(attribute::immutable) |
                        static_cast<std::uint64_t>(attribute::append_only) | inheritable;
  return static_cast<std::uint64_t>(s.attributes) & kept;
}

/// Holds an entry that still is what its status says.
result<fs_handle> pin(const compared_entry& e) noexcept {
  AFIO_TRY(fs_handle pinned, fs_handle::pin(e.directory, e.name));
  AFIO_TRY(const identity id, pinned.identity());
  if (!id.same_file(e.status.id)) return error(errc::raced, call::openat2, e.name);
  return pinned;
}

/// The same of a regular file, for reading.
result<file_handle> open(const compared_entry& e) noexcept {
  AFIO_TRY(auto opened,
           file_handle::seen(e.directory, e.name, crossing::any_mount, access_time::keep));
  if (!opened.status.id.same_file(e.status.id)) return error(errc::raced, call::openat2, e.name);
  return std::move(opened.file);
}

} // namespace

result<entry_comparer> entry_comparer::make(const comparison& how) noexcept {
  std::unique_ptr<buffers> b(new (std::nothrow) buffers);
  if (!b) return error(ENOMEM, call::none);
  std::optional<file_hasher> hasher;
  if (how.how == comparing::hash) {
    AFIO_TRY(hasher, file_hasher::make({.caching = how.caching,
                                        .retry = how.retry,
                                        .stop = how.stop,
                                        .counters = how.counters}));
  }
  return entry_comparer(how, std::move(b), std::move(hasher));
}

result<distinction> entry_comparer::compare(const compared_entry& left,
                                            const compared_entry& right) noexcept {
  const stat_t &l = left.status, &r = right.status;
  if (l.type != r.type) return distinction{kind::type};
  if (l.id.same_file(r.id)) return distinction{};
  distinction found{kind::none, by_status(l, r)};
  AFIO_TRY(const bool same, same_contents(left, right));
  AFIO_TRY(const bool attributes, have_attributes(left, right));
  if (attributes) {
    AFIO_TRY(const fs_handle of_left, pin(left));
    AFIO_TRY(const fs_handle of_right, pin(right));
    AFIO_TRY(const aspect differing, compare_attributes(of_left, of_right));
    found.metadata = found.metadata | differing;
  }
  if (!same)
    found.what = l.type == file_type::symlink ? kind::target : kind::content;
  else if (found.metadata != aspect::none)
    found.what = kind::metadata;
  return found;
}

distinction entry_comparer::compare_status(const stat_t& left, const stat_t& right) const noexcept {
  distinction found{kind::none, by_status(left, right)};
  const bool regular = left.type == file_type::regular;
  if (regular && (left.size != right.size || left.modified != right.modified))
    found.what = kind::content;
  else if (found.metadata != aspect::none)
    found.what = kind::metadata;
  return found;
}

result<distinction> entry_comparer::compare(const path_handle& left, const stat_t& of_left,
                                            const path_handle& right,
                                            const stat_t& of_right) noexcept {
  if (of_left.id.same_file(of_right.id)) return distinction{};
  aspect differing = by_status(of_left, of_right);
  if (wants_attributes()) {
    AFIO_TRY(const aspect attributes, compare_attributes(left, right));
    differing = differing | attributes;
  }
  return distinction{differing == aspect::none ? kind::none : kind::metadata, differing};
}

/// The parts that a status tells of.
aspect entry_comparer::by_status(const stat_t& left, const stat_t& right) const noexcept {
  aspect differing = aspect::none;
  const auto differs = [&](aspect part, bool it_does) {
    if (it_does && has(how_.metadata, part)) differing = differing | part;
  };
  differs(aspect::mode, left.type != file_type::symlink && left.mode != right.mode);
  differs(aspect::ownership, left.owner != right.owner || left.group != right.group);
  differs(aspect::timestamps, left.modified != right.modified);
  const std::uint64_t of_left = kept_flags(left), of_right = kept_flags(right);
  const bool may_inherit = how_.inherited == comparison::inherited::equal;
  const std::uint64_t ignored = may_inherit ? inheritable & ~of_left : 0;
  differs(aspect::flags, of_left != (of_right & ~ignored));
  return differing;
}

/// Whether either has any that count. Most have none, so they are not held before that is known.
result<bool> entry_comparer::have_attributes(const compared_entry& left,
                                             const compared_entry& right) noexcept {
  if (!wants_attributes()) return false;
  for (const compared_entry* const one : {&left, &right}) {
    AFIO_TRY(const std::string_view names,
             attribute_names(one->directory, one->name, buffers_->of[0].names));
    bool any = false;
    for_each_name(names, [&](const char*) { any = true; });
    if (any) return true;
  }
  return false;
}

result<aspect> entry_comparer::compare_attributes(const fs_handle& left,
                                                  const fs_handle& right) noexcept {
  AFIO_TRY(const std::string_view of_left, attribute_names(left, buffers_->of[0].names));
  AFIO_TRY(const std::string_view of_right, attribute_names(right, buffers_->of[1].names));
  aspect differing = aspect::none;
  result<void> read = success();
  const auto look_at = [&](const char* name, std::string_view other) {
    const aspect part = aspect_of_attribute(name);
    if (!read || !has(how_.metadata, part) || has(differing, part)) return;
    const auto same = contains(other, name) ? same_value(name, left, right) : result<bool>(false);
    if (!same)
      read = same.as_failure();
    else if (!same.assume_value())
      differing = differing | part;
  };
  for_each_name(of_left, [&](const char* name) { look_at(name, of_right); });
  for_each_name(of_right, [&](const char* name) {
    if (!contains(of_left, name)) look_at(name, of_left);
  });
  AFIO_TRY(read);
  return differing;
}

result<bool> entry_comparer::same_value(const char* name, const fs_handle& left,
                                        const fs_handle& right) noexcept {
  const std::array<const fs_handle*, 2> files{&left, &right};
  std::array<std::span<const std::byte>, 2> values;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const auto read = files[i]->get_attribute(name, buffers_->of[i].value);
    // Gone since it was listed.
    if (!read && read.assume_error().native() == ENODATA) return false;
    AFIO_TRY(const std::size_t size, read);
    values[i] = std::span(buffers_->of[i].value).first(size);
  }
  return std::ranges::equal(values[0], values[1]);
}

/// What an entry holds, of whatever type: bytes, a target, a device's number.
result<bool> entry_comparer::same_contents(const compared_entry& left,
                                           const compared_entry& right) noexcept {
  const stat_t &l = left.status, &r = right.status;
  switch (l.type) {
  case file_type::regular:
    if (l.size != r.size) return false;
    switch (how_.how) {
    case comparing::quick:
      return l.modified == r.modified;
    case comparing::hash:
      return same_hash(left, right);
    case comparing::content:
      break;
    }
    return same_bytes(left, right);
  case file_type::symlink:
    return same_target(left, right);
  case file_type::character_device:
  case file_type::block_device:
    return l.device_number == r.device_number;
  default:
    return true;
  }
}

result<bool> entry_comparer::same_target(const compared_entry& left,
                                         const compared_entry& right) noexcept {
  // Longer than any target, so that both fit.
  const std::span<char> room(reinterpret_cast<char*>(buffers_->contents.data()),
                             buffers_->contents.size());
  const auto read = [](const compared_entry& e, std::span<char> into) -> result<std::string_view> {
    AFIO_TRY(const symlink_handle link, symlink_handle::symlink(e.directory, e.name));
    AFIO_TRY(const identity id, link.identity());
    if (!id.same_file(e.status.id)) return error(errc::raced, call::openat2, e.name);
    return link.read(into);
  };
  AFIO_TRY(const std::string_view of_left, read(left, room.first(path_view::max_size)));
  AFIO_TRY(const std::string_view of_right, read(right, room.last(path_view::max_size)));
  return of_left == of_right;
}

result<bool> entry_comparer::same_hash(const compared_entry& left,
                                       const compared_entry& right) noexcept {
  AFIO_TRY(const file_hash l, hasher_->hash(left.directory, left.name, left.status, nullptr));
  AFIO_TRY(const file_hash r, hasher_->hash(right.directory, right.name, right.status, nullptr));
  return l.hash == r.hash && l.size == r.size;
}

/// Again while either changes.
result<bool> entry_comparer::same_bytes(const compared_entry& left,
                                        const compared_entry& right) noexcept {
  AFIO_TRY(const file_handle a, open(left));
  AFIO_TRY(const file_handle b, open(right));
  const auto limit = how_.retry.start();
  stat_t before_a = left.status, before_b = right.status;
  for (growing_pause pause;;) {
    AFIO_TRY(const bool same, equal_contents(a, b, std::max(before_a.size, before_b.size),
                                             buffers_->contents, how_.stop, how_.counters));
    AFIO_TRY(const stat_t after_a, a.stat());
    AFIO_TRY(const stat_t after_b, b.stat());
    if (unchanged(before_a, after_a) && unchanged(before_b, after_b)) return same;
    if (how_.stop.stop_requested()) return error(ECANCELED, call::none);
    if (limit.expired()) return error(errc::kept_changing, call::statx, left.name);
    pause.sleep(limit);
    before_a = after_a;
    before_b = after_b;
  }
}

} // namespace afio::algorithms
