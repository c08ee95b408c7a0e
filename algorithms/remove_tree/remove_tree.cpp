#include "algorithms/remove_tree/remove_tree.hpp"

#include "afio/random_name.hpp"
#include "algorithms/ancestor.hpp"
#include "algorithms/remove_tree/removal.hpp"

#include <array>
#include <cerrno>
#include <new>
#include <string>
#include <vector>

namespace afio::algorithms {

namespace remove_detail {

namespace {

/// Refuses what nobody means to delete.
result<void> check_safe(const path_handle& root, leaf_name name) noexcept {
  AFIO_TRY(const bool top, is_root(root));
  if (top) return error(errc::refused, call::verify, name);
  // A working directory that cannot be looked up has been removed itself.
  const auto here = relation_of(root, path_handle::working_directory());
  if (here && here.assume_value() != relation::unrelated) {
    return error(errc::refused, call::verify, name);
  }
  return success();
}

result<remove_report> remove_directory(const path_handle& parent, leaf_name name,
                                       std::string_view shown, const remove_options& options,
                                       observer& told) {
  // Where a user points at a mount point, it is the mount that is meant.
  AFIO_TRY(const path_handle root, path_handle::path(parent, name, crossing::any_mount));
  AFIO_TRY(check_safe(root, name));
  removal work(shown, options, told);
  if (options.doing == remove_options::doing::rehearse) {
    work.remove(parent, name, root);
    return work.report();
  }
  if (options.extent == remove_options::extent::all_or_nothing) {
    AFIO_TRY(const staged all, stage(parent, name, root, shown, options, told));
    if (!all.doomed) return all.report;
    work.remove_staged(parent, all);
    return work.report();
  }
  if (options.hide == remove_options::hide::first) {
    AFIO_TRY(const leaf_buffer now, random_name());
    AFIO_TRY(root.relink(parent, name, parent, now));
    work.remove_hidden(parent, now, root);
  } else {
    work.remove(parent, name, root);
  }
  return work.report();
}

/// One entry that a killed run may have left.
result<remove_report> reap_one(const path_handle& dir, leaf_name name, std::string_view shown,
                               const remove_options& options, observer& told) {
  const auto left = path_handle::path(dir, name);
  if (left) {
    AFIO_TRY(const bool staging, is_staging_area(left.assume_value()));
    if (staging && options.doing == remove_options::doing::rehearse) {
      if (told.wants_events()) told.happened({event_kind::moved, shown, file_type::directory});
      return remove_report{};
    }
    if (staging) {
      AFIO_TRY(const staged all, resume(dir, name, left.assume_value(), shown, options, told));
      if (!all.doomed) {
        const bool is_back = all.report.failures == 0;
        if (is_back && told.wants_events())
          told.happened({event_kind::moved, shown, file_type::directory});
        return all.report;
      }
      AFIO_TRY(check_safe(all.doomed->root, name));
      removal work(shown, options, told);
      work.remove_staged(dir, all);
      return work.report();
    }
  }
  return remove_tree(dir, name, shown, options, told);
}

/// Collected first, because reaping changes the listing.
result<std::vector<leaf_buffer>> random_names_in(const path_handle& anchor) {
  AFIO_TRY(const directory_handle dir, directory_handle::directory(anchor));
  alignas(8) std::array<std::byte, 32 * 1024> buffer;
  std::vector<leaf_buffer> found;
  for (;;) {
    AFIO_TRY(const directory_listing part, dir.read(buffer));
    if (part.at_end()) return found;
    for (const directory_entry e : part) {
      if (is_random_name(e.name)) found.emplace_back(e.name);
    }
  }
}

} // namespace

} // namespace remove_detail

result<remove_report> remove_tree(const path_handle& parent, leaf_name name, std::string_view shown,
                                  const remove_options& options, observer& told) noexcept try {
  stat_t s;
  AFIO_TRY(s.stamp(parent, name, want::type));
  if (s.type == file_type::directory) {
    return remove_detail::remove_directory(parent, name, shown, options, told);
  }
  remove_detail::removal work(shown, options, told);
  const auto removed = options.doing == remove_options::doing::execute ? parent.unlink(name)
                                                                       : result<void>(success());
  if (removed)
    work.deleted(s.type);
  else
    work.fail(operation::remove, shown, removed.assume_error());
  return work.report();

} catch (const std::bad_alloc&) {

  return error(ENOMEM, call::none);
}

result<remove_report> remove_contents(const path_handle& root, std::string_view shown,
                                      const remove_options& options, observer& told) noexcept try {
  AFIO_TRY(const bool top, is_root(root));
  // Emptying the working directory is fine; emptying one above it would remove it.
  const auto here = relation_of(root, path_handle::working_directory());
  if (top || (here && here.assume_value() == relation::above)) {
    return error(errc::refused, call::verify, path_view(shown).filename());
  }
  remove_detail::removal work(shown, options, told);
  work.empty(root);
  return work.report();

} catch (const std::bad_alloc&) {

  return error(ENOMEM, call::none);
}

result<remove_report> reap(const path_handle& dir, std::string_view shown,
                           const remove_options& options, observer& told) noexcept try {
  AFIO_TRY(const auto names, remove_detail::random_names_in(dir));
  remove_options plain = options;
  plain.hide = remove_options::hide::no;
  plain.extent = remove_options::extent::each_entry;
  const auto limit = options.tree.deadline.start(); // One for all.
  remove_report total;
  for (const leaf_buffer& name : names) {
    if (total.stopped == stopped::no)
      total.stopped = remove_detail::reason_to_stop(total, options, limit);
    if (total.stopped != stopped::no) break;
    plain.tree.deadline = limit.rest();
    std::string below(shown);
    if (!below.empty() && !below.ends_with('/')) below += '/';
    below += name.view();
    const auto done = remove_detail::reap_one(dir, name, below, plain, told);
    if (done) {
      remove_detail::add(total, done.assume_value());
    } else {
      told.failed({operation::remove, below, done.assume_error()});
      ++total.failures;
    }
  }
  return total;

} catch (const std::bad_alloc&) {

  return error(ENOMEM, call::none);
}

} // namespace afio::algorithms
