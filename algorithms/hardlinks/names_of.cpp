#include "algorithms/hardlinks/names_of.hpp"

#include "afio/directory_handle.hpp"
#include "algorithms/ancestor.hpp"
#include "algorithms/filtered.hpp"
#include "algorithms/mounted_on.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <mutex>
#include <new>
#include <set>
#include <tuple>
#include <utility>

namespace afio::algorithms {

namespace {

constexpr want fields = want::type | want::identity | want::links | want::size;

/// What was found so far. Shared by the workers, who come here for names of the inode only.
class found_names {
public:
  explicit found_names(const stat_t& file) noexcept : file_(file) {}

  /// Of what inode: does not change.
  identity wanted() const noexcept { return file_.id; }

  void add(const place<1>& here, leaf_name leaf, const stat_t& now) {
    const std::scoped_lock hold(lock_);
    file_ = now;
    const auto& [mount, device, inode] = here.id();
    if (names_.emplace(device, inode, leaf.view()).second) paths_.push_back(here.path(leaf));
    if (names_.size() >= file_.links) all_.request_stop();
  }

  /// Asked to stop when all are found.
  std::stop_source& all() noexcept { return all_; }

  bool has_all() const noexcept { return names_.size() >= file_.links; }

  /// Not while others add.
  names_report finish() {
    std::sort(paths_.begin(), paths_.end());
    return {.file = file_, .paths = std::move(paths_)};
  }

private:
  std::mutex lock_;
  stat_t file_;
  std::set<std::tuple<std::uint64_t, std::uint64_t, std::string>> names_;
  std::vector<std::string> paths_;
  std::stop_source all_;
};

/// Adds each name of the inode.
class searcher final : public visitor<1> {
public:
  /// What was searched before is left out.
  searcher(found_names& found, const path_filter* filter, const identity& searched) noexcept
      : found_(&found), wanted_(found.wanted()), filter_(filter), searched_(searched) {}

  void rows(const place<1>& here, std::span<row<1>> rows) noexcept override {
    for (row<1>& r : rows) {
      try {
        if (was_searched(here, r.in[0]) || !includes(filter_, here, r))
          r.below = row<1>::below::skip;
        else if (seems_right(r.in[0]))
          verify(here, r.name);
      } catch (const std::bad_alloc&) {
        here.fail(operation::stat, r.name, error(ENOMEM, call::none, r.name));
      }
    }
  }

  verdict denied(const place<1>&, const error& why) noexcept override {
    return why == errc::boundary ? verdict::skip : verdict::report;
  }

private:
  bool was_searched(const place<1>& here, const cell& c) const noexcept {
    return here.is_root() && c.type == file_type::directory && c.inode == searched_.inode &&
           here.id().same_mount(searched_);
  }

  bool seems_right(const cell& c) const noexcept {
    if (c.type == file_type::directory) return false;
    const bool asked = c.stat != nullptr && has(c.stat->filled, want::identity);
    return (asked ? c.stat->id.inode : c.inode) == wanted_.inode;
  }

  void verify(const place<1>& here, leaf_name leaf) const {
    stat_t now;
    const auto read = now.stamp(here.handle(), leaf, fields);
    if (read) {
      if (now.id.same_file(wanted_) && !is_mounted_on(here, 0, now)) found_->add(here, leaf, now);
      return;
    }
    // Removed since it was listed: it is no name any more.
    if (is_gone(read.assume_error())) return;
    here.fail(operation::stat, leaf, read.assume_error());
  }

  found_names* found_;
  identity wanted_;
  const path_filter* filter_;
  identity searched_;
};

/// Whether the listing of the directory says of `file` the inode that its status says.
bool is_listed_as(const location& file, const identity& id) noexcept {
  alignas(8) std::array<std::byte, 32768> buffer;
  const auto directory = directory_handle::directory(file.directory);
  while (directory) {
    const auto part = directory.assume_value().read(buffer);
    if (!part || part.assume_value().at_end()) return false;
    for (const directory_entry& entry : part.assume_value()) {
      if (entry.name == file.name.name()) return entry.inode == id.inode;
    }
  }
  return false;
}

/// Passes on the caller's wish to stop.
struct stops {
  std::stop_source& what;

  void operator()() const noexcept { what.request_stop(); }
};

/// The walks that one search consists of.
class name_search {
public:
  name_search(const location& file, const stat_t& now, const hardlinks_options& options,
              observer& told) noexcept
      : options_(options),
        told_(told),
        found_(now),
        limit_(options.tree.deadline.start()),
        how_(options.tree.for_walk()),
        passed_on_(options.tree.stop, stops{found_.all()}) {
    how_.stop = found_.all().get_token();
    if (!is_listed_as(file, now.id)) how_.fields = want::identity;
  }

  void look_in(const walk_root& tree, const path_filter* filter, const identity& searched = {}) {
    how_.deadline = limit_.rest();
    std::vector<searcher> workers(worker_count(how_, 1), searcher(found_, filter, searched));
    const auto done = walk<1>({tree}, workers, how_, told_);
    if (!done) return fail(tree.name, done.assume_error());
    failures_ += done.assume_value().failures;
    if (!found_.has_all()) stopped_ = done.assume_value().stopped;
  }

  void fail(std::string_view path, const error& why) noexcept {
    ++failures_;
    told_.failed({operation::open, path, why});
    if (options_.tree.on_failure == on_failure::stop) stopped_ = stopped::by_failure;
  }

  bool goes_on() const noexcept { return stopped_ == stopped::no && !found_.has_all(); }

  names_report finish() {
    names_report report = found_.finish();
    report.failures = failures_;
    report.stopped = stopped_;
    return report;
  }

private:
  const hardlinks_options& options_;
  observer& told_;
  found_names found_;
  deadline::running limit_; // One for all walks.
  walk_options how_;
  std::uint64_t failures_ = 0;
  stopped stopped_ = stopped::no;
  std::stop_callback<stops> passed_on_;
};

result<stat_t> status_of(const location& file) noexcept {
  stat_t now;
  AFIO_TRY(now.stamp(file.directory, file.name, fields));
  if (now.type == file_type::directory) return error(EISDIR, call::statx, file.name.view());
  return now;
}

result<std::string> path_of(const path_handle& directory) {
  std::array<char, path_view::max_size> buffer;
  AFIO_TRY(const std::string_view path, directory.current_path(buffer));
  return std::string(path);
}

} // namespace

result<names_report> names_of(const location& file, std::span<const walk_root> trees,
                              const hardlinks_options& options, observer& told) noexcept try {
  AFIO_TRY(const stat_t now, status_of(file));
  name_search search(file, now, options, told);
  for (const walk_root& tree : trees) {
    if (search.goes_on()) search.look_in(tree, options.filter);
  }
  return search.finish();

} catch (const std::bad_alloc&) {

  return error(ENOMEM, call::none);
}

result<names_report> names_of(const location& file, const hardlinks_options& options,
                              observer& told) noexcept try {
  AFIO_TRY(const stat_t now, status_of(file));
  name_search search(file, now, options, told);
  AFIO_TRY(path_handle at, file.directory.clone());
  for (identity searched; search.goes_on();) {
    AFIO_TRY(const std::string path, path_of(at));
    AFIO_TRY(const identity here, at.identity());
    search.look_in({&at, path}, nullptr, searched);
    searched = here;
    auto above = parent_of(at, options.tree.mounts);
    if (!above) {
      if (above.assume_error() != errc::boundary) search.fail(path, above.assume_error());
      break;
    }
    at = std::move(above).assume_value();
  }
  return search.finish();

} catch (const std::bad_alloc&) {

  return error(ENOMEM, call::none);
}

} // namespace afio::algorithms
