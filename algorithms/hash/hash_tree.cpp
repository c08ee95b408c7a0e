#include "algorithms/hash/hash_tree.hpp"

#include "algorithms/filtered.hpp"
#include "algorithms/hash/small_files.hpp"
#include "algorithms/mounted_on.hpp"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <unordered_map>
#include <vector>

namespace afio::algorithms {

namespace {

using hash_detail::small_file;
using hash_detail::small_files;

/// The side files of the directories that are being hashed. A directory's slot says where its own
/// is, so that this is asked once a directory.
class open_side_files {
public:
  side_hashes* open(const place<1>& here) noexcept {
    auto& slot = here.slot();
    if (const std::uint64_t known = slot.load(std::memory_order_acquire))
      return reinterpret_cast<side_hashes*>(known);
    const std::scoped_lock hold(lock_);
    if (const std::uint64_t known = slot.load(std::memory_order_acquire))
      return reinterpret_cast<side_hashes*>(known);
    try {
      auto made = std::make_unique<side_hashes>();
      side_hashes* const at = made.get();
      open_.emplace(at, std::move(made));
      // Others that work on the same directory wait: it would be as long if each loaded it.
      at->load(here.handle());
      slot.store(reinterpret_cast<std::uintptr_t>(at), std::memory_order_release);
      return at;
    } catch (const std::bad_alloc&) {
      return nullptr; // Then there is no cache.
    }
  }

  void close(const place<1>& here) noexcept {
    auto* const done = reinterpret_cast<side_hashes*>(here.slot().load(std::memory_order_acquire));
    if (done == nullptr) return;
    // A hash that cannot be kept is computed again.
    if (done->has_news()) (void)done->save(here.handle());
    const std::scoped_lock hold(lock_);
    open_.erase(done);
  }

private:
  std::mutex lock_;
  std::unordered_map<side_hashes*, std::unique_ptr<side_hashes>> open_;
};

/// What all workers share.
struct hashing_tree {
  const hash_options& options;
  std::size_t most_together; ///< Large files that a worker holds at once.
  hash_listener& found;
  open_side_files beside;
  std::mutex telling;
};

file_hashing for_files(const hash_options& options) noexcept {
  return {.caching = options.caching,
          .retry = options.retry,
          .stop = options.tree.stop,
          .counters = options.tree.counters};
}

/// A walk takes three quarters of the descriptors at the most; a file that is mapped takes two.
std::size_t most_together(const walk_options& how) noexcept {
  const std::size_t left = descriptor_limit(how) / 3;
  return std::clamp<std::size_t>(left / (2UL * worker_count(how, 1)), 1,
                                 file_hasher::most_together());
}

bool is_fewer_descriptors(const error& e) noexcept {
  return e.native() == EMFILE || e.native() == ENFILE;
}

class tree_hasher final : public visitor<1> {
public:
  /// Throws std::bad_alloc.
  tree_hasher(hashing_tree& shared, file_hasher&& files)
      : shared_(&shared), files_(std::move(files)) {
    large_.reserve(shared.most_together);
  }

  void rows(const place<1>& here, std::span<row<1>> rows) noexcept override {
    beside_ = shared_->options.caching == hash_caching::none ? nullptr : shared_->beside.open(here);
    for (row<1>& r : rows) {
      if (!wants(here, r))
        r.below = row<1>::below::skip;
      else if (r.in[0].type == file_type::regular && r.name.view() != side_hashes::file_name)
        hash(here, r);
    }
    hash_small_ones(here);
    hash_large_ones(here);
  }

  after leave(const place<1>& here) noexcept override {
    if (shared_->options.caching != hash_caching::none) shared_->beside.close(here);
    return after::done;
  }

  const hash_report& report() const noexcept { return report_; }

private:
  bool wants(const place<1>& here, const row<1>& r) const noexcept try {
    return includes(shared_->options.filter, here, r);

  } catch (const std::bad_alloc&) {

    here.fail(operation::hash, r.name, error(ENOMEM, call::none));
    return false;
  }

  void hash(const place<1>& here, const row<1>& r) noexcept {
    // Not even a record of what is mounted there is to be read; opening it says what it is.
    if (r.in[0].stat != nullptr && !is_left_out(here, *r.in[0].stat)) {
      if (const auto known = files_.cache().find(here.handle(), r.name, *r.in[0].stat, beside_))
        return tell(here, r.name, {*known, r.in[0].stat->size, true});
    }
    auto opened = open(here, r.name);
    // Files that wait to be hashed or recorded are open.
    const bool wait = !small_.empty() || !large_.empty();
    if (!opened && is_fewer_descriptors(opened.assume_error()) && wait) {
      hash_small_ones(here);
      hash_large_ones(here);
      opened = open(here, r.name);
    }
    if (!opened) return fail(here, r.name, opened.assume_error());
    opened_file file = std::move(opened).assume_value();
    if (take_small(here, r.name, file) || take_large(here, r.name, file)) return;
    hash_alone(here, r.name, file);
  }

  bool is_left_out(const place<1>& here, const stat_t& s) const noexcept {
    return is_mounted_on(here, 0, s, shared_->options.tree.mounts);
  }

  result<opened_file> open(const place<1>& here, leaf_name name) const noexcept {
    AFIO_TRY(auto opened, file_handle::seen(here.handle(), name, shared_->options.tree.mounts,
                                            access_time::keep));
    // Where there is no openat2, mount points are entered.
    if (is_left_out(here, opened.status)) return error(EXDEV, call::verify, name);
    return opened;
  }

  void hash_alone(const place<1>& here, leaf_name name, opened_file& file) noexcept {
    const auto hash = files_.hash(file, name, beside_);
    if (!hash) return fail(here, name, hash.assume_error());
    tell(here, name, hash.assume_value());
  }

  /// Reads it into the batch. False if it is none of those that can be.
  bool take_small(const place<1>& here, leaf_name name, opened_file& file) noexcept {
    const std::uint64_t size = file.status.size;
    if (size == 0 || size > small_files::largest) return false;
    if (small_.room_for(size).empty()) hash_small_ones(here);
    const buffer into = small_.room_for(size);
    const bool watched = files_.cache().watch(file.file, file.status);
    const auto read = file.file.read(into, 0);
    if (!read || read.assume_value() != size) return false;
    const auto after = file.file.stat(hash_cache_fields);
    if (!after || !unchanged(file.status, after.assume_value())) return false;
    if (progress* const counters = shared_->options.tree.counters)
      counters->bytes.fetch_add(size, std::memory_order_relaxed);
    small_.add({name, into, after.assume_value(), watched ? std::move(file.file) : file_handle()});
    return true;
  }

  void hash_small_ones(const place<1>& here) noexcept {
    small_.hash_all([&](small_file& f, const hash128& hash) {
      if (f.watched.is_open()) files_.cache().record(f.watched, f.status, hash, beside_);
      tell(here, f.name, {hash, f.status.size, false});
    });
  }

  /// To be hashed with others. False if it is not worth it. What takes no room may be no file at
  /// all, but the registers of a device in sysfs, which nobody may map by accident.
  bool take_large(const place<1>& here, leaf_name name, opened_file& file) noexcept {
    if (file.status.size < file_hasher::worth_together || file.status.allocated == 0) return false;
    large_.push_back({name, std::move(file), beside_, {}});
    if (large_.size() == shared_->most_together) hash_large_ones(here);
    return true;
  }

  void hash_large_ones(const place<1>& here) noexcept {
    files_.hash_together(large_);
    for (hashing_file& f : large_) {
      if (f.hash)
        tell(here, f.name, *f.hash);
      else
        hash_alone(here, f.name, f.opened);
    }
    large_.clear();
  }

  void tell(const place<1>& here, leaf_name name, const file_hash& hash) noexcept try {
    const std::string path = here.path(name);
    ++report_.files;
    report_.bytes += hash.size;
    report_.from_cache += hash.from_cache ? 1 : 0;
    const std::scoped_lock one(shared_->telling);
    shared_->found.hashed({path, hash});

  } catch (const std::bad_alloc&) {

    fail(here, name, error(ENOMEM, call::none));
  }

  void fail(const place<1>& here, leaf_name name, const error& why) noexcept {
    if (why == errc::kept_changing) ++report_.kept_changing;
    here.fail(operation::hash, name, why);
  }

  hashing_tree* shared_;
  file_hasher files_;
  small_files small_;
  std::vector<hashing_file> large_; // Has room for most_together().
  side_hashes* beside_ = nullptr;   // Of the directory whose rows are being hashed.
  hash_report report_;
};

void add(hash_report& to, const hash_report& from) noexcept {
  to.files += from.files;
  to.bytes += from.bytes;
  to.from_cache += from.from_cache;
  to.kept_changing += from.kept_changing;
}

} // namespace

result<hash_report> hash_tree(const walk_root& root, const hash_options& options,
                              hash_listener& found, observer& told) noexcept try {
  walk_options how = options.tree.for_walk();
  hashing_tree shared{options, most_together(how), found, {}, {}};
  how.row_cost = row_cost::contents;
  how.rows_together = static_cast<unsigned>(shared.most_together);
  how.order = row_order::by_inode;
  if (options.caching != hash_caching::none) {
    how.fields = hash_cache_fields;
    how.leaving = leaving::with_handles;
  }
  std::vector<tree_hasher> workers;
  for (unsigned left = worker_count(how, 1); left != 0; --left) {
    AFIO_TRY(auto files, file_hasher::make(for_files(options)));
    workers.emplace_back(shared, std::move(files));
  }
  AFIO_TRY(const walk_report done, walk<1>({root}, workers, how, told));
  hash_report sum;
  for (const tree_hasher& worker : workers) add(sum, worker.report());
  sum.failures = done.failures;
  sum.stopped = done.stopped;
  return sum;

} catch (const std::bad_alloc&) {

  return error(ENOMEM, call::none);
}

result<hash_report> hash_file(const path_handle& base, path_view path, const hash_options& options,
                              hash_listener& found) noexcept {
  AFIO_TRY(file_handle file, file_handle::file(base, path, {.access_time = access_time::keep}));
  AFIO_TRY(const stat_t status, file.stat());
  AFIO_TRY(auto files, file_hasher::make(for_files(options)));
  file_hash is{{}, status.size, true};
  if (const auto known = files.cache().find(file, status)) {
    is.hash = *known;
  } else {
    opened_file opened{std::move(file), status};
    AFIO_TRY(is, files.hash(opened, path.filename(), nullptr));
  }
  found.hashed({path.view(), is});
  return hash_report{.files = 1, .bytes = is.size, .from_cache = is.from_cache ? 1U : 0U};
}

} // namespace afio::algorithms
