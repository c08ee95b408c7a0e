#include "algorithms/dedupe/fingerprinter.hpp"

#include "afio/physical_extents.hpp"
#include "algorithms/attribute_names.hpp"
#include "algorithms/hash/spooky_lanes.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <new>
#include <optional>

namespace afio::algorithms::dedupe_detail {

namespace {

constexpr std::uint64_t end_size = 4096;
/// What remains in a worker's cache of directories: those of files that lie beside each other.
constexpr std::size_t open_directories = 16;

/// Somebody has removed, replaced or changed it since: that is nobody's failure, and no duplicate.
bool means_gone(const error& why) noexcept {
  return means_another_file(why) || why == std::errc::invalid_argument ||
         why == errc::kept_changing;
}

/// The sum does not depend on the order in which they are listed.
void add(hash128& sum, const char* name, std::span<const std::byte> value) noexcept {
  const auto of_name = spooky_hash128(std::as_bytes(std::span(name, std::strlen(name))), {1, 2});
  const auto hash = spooky_hash128(value, of_name);
  sum.first += hash.first;
  sum.second += hash.second;
}

/// Of its first block. Where it cannot be told, any order does.
std::uint64_t place_of(const file_handle& file) noexcept {
  std::array<physical_extent, 1> first;
  const auto found = physical_extents(file, {0, 1}, first);
  return found && !found.assume_value().empty() ? first[0].physical : 0;
}

} // namespace

result<fingerprinter> fingerprinter::make(fingerprinting& shared) noexcept {
  const dedupe_options& options = shared.options;
  AFIO_TRY(auto files, file_hasher::make({.caching = options.caching,
                                          .retry = deadline::in(std::chrono::seconds(0)),
                                          .stop = options.tree.stop,
                                          .counters = options.tree.counters}));
  std::unique_ptr<buffers> b(new (std::nothrow) buffers);
  if (!b) return error(ENOMEM, call::none);
  return fingerprinter(shared, std::move(files), std::move(b));
}

fingerprinter::fingerprinter(fingerprinting& shared, file_hasher&& files,
                             std::unique_ptr<buffers> b) noexcept
    : shared_(&shared),
      files_(std::move(files)),
      buffers_(std::move(b)),
      directories_(shared.plan.found, open_directories, shared.options.tree.mounts) {}

result<fingerprinter::opened_candidate> fingerprinter::open(const candidate& one) noexcept {
  return shared_->plan.by_any_name(one, [&](const found_file& name) { return open(name); });
}

result<fingerprinter::opened_candidate> fingerprinter::open(const found_file& name) noexcept {
  AFIO_TRY(auto opened, directories_.open(name));
  const stat_t& now = opened.status;
  if (now.size != name.size || now.modified != name.modified)
    return error(errc::raced, call::verify, name.at.leaf());
  side_hashes* beside = nullptr;
  if (files_.cache().caching() != hash_caching::none) {
    AFIO_TRY(const path_handle* const dir, directories_.open(name.at.directory));
    beside = shared_->beside.of(name.at.directory, *dir);
  }
  return opened_candidate{std::move(opened), name.at.leaf(), beside};
}

/// Calls read(opened). Whatever fails is told, and the candidate is none.
template <class F>
void fingerprinter::with_file(candidate& one, F&& read) noexcept {
  const auto done = [&]() -> result<void> {
    auto opened = open(one);
    // Files that wait to be recorded are open.
    const bool too_many = !opened && opened.assume_error().native() == EMFILE;
    if (too_many && buffers_->count != 0) {
      finish();
      opened = open(one);
    }
    if (!opened) return std::move(opened).as_failure();
    return read(opened.assume_value());
  }();
  if (done) return;
  one.read = candidate::read::failed;
  if (means_gone(done.assume_error())) return;
  if (is_interruption(done.assume_error())) return;
  ++failures_;
  try {
    const std::string path = shared_->plan.found.path(shared_->plan.file(one).at);
    shared_->told.failed({operation::compare, path, done.assume_error()});
  } catch (const std::bad_alloc&) {
    const leaf_name name = shared_->plan.file(one).at.leaf();
    shared_->told.failed({operation::compare, name, done.assume_error()});
  }
}

void fingerprinter::begin(candidate& one) noexcept {
  if (buffers_->count == buffers::most || buffers_->contents.size() - buffers_->used < read_at_once)
    finish();
  if (is_in_cache(one)) return;
  with_file(one, [&](opened_candidate& from) -> result<void> {
    AFIO_TRY(read_attributes(one, from.opened.file));
    return read_contents(one, from);
  });
}

/// Whether contents and attributes are known without opening the file, or at least without reading
/// it.
bool fingerprinter::is_in_cache(candidate& one) noexcept {
  if (files_.cache().caching() == hash_caching::none) return false;
  const found_file& name = shared_->plan.file(one);
  const auto dir = directories_.open(name.at.directory);
  if (!dir) return false;
  const path_handle& in = *dir.assume_value();
  stat_t status;
  status.type = file_type::regular;
  status.id = name.id;
  status.size = name.size;
  status.modified = name.modified;
  status.changed = name.changed;
  const auto known =
      files_.cache().find(in, name.at.leaf(), status, shared_->beside.of(name.at.directory, in));
  if (!known) return false;
  bool any = false;
  if (attributes_count()) {
    const auto names = attribute_names(in, name.at.leaf(), buffers_->names);
    if (!names) return false;
    for_each_name(names.assume_value(), [&](const char* which) { any = any || counts(which); });
  }
  one.contents = *known;
  one.read = candidate::read::all;
  if (any) {
    with_file(one, [&](opened_candidate& from) -> result<void> {
      return read_attributes(one, from.opened.file);
    });
  }
  return true;
}

bool fingerprinter::attributes_count() const noexcept {
  const aspect match = shared_->options.match;
  return has(match, aspect::acl) || has(match, aspect::xattr);
}

bool fingerprinter::counts(const char* attribute) const noexcept {
  return has(shared_->options.match, aspect_of_attribute(attribute));
}

/// Extended attributes and ACLs, as far as they count.
result<void> fingerprinter::read_attributes(candidate& one, const file_handle& file) noexcept {
  if (!attributes_count()) return success();
  AFIO_TRY(const std::string_view names, attribute_names(file, buffers_->names));
  std::optional<error> failure;
  for_each_name(names, [&](const char* name) {
    if (failure || !counts(name)) return;
    const auto size = file.get_attribute(name, buffers_->value);
    if (size)
      add(one.attributes, name, std::span(buffers_->value).first(size.assume_value()));
    else
      failure = size.assume_error();
  });
  if (failure) return std::move(*failure);
  return success();
}

result<void> fingerprinter::read_contents(candidate& one, opened_candidate& from) noexcept {
  buffers& b = *buffers_;
  file_handle& file = from.opened.file;
  const std::uint64_t size = from.opened.status.size;
  const std::size_t before = b.used;
  const bool whole = size <= read_at_once;
  const bool watched = whole && files_.cache().watch(file, from.opened.status);
  bool complete;
  if (whole) {
    AFIO_TRY(complete, read_part(file, {0, size}));
  } else {
    AFIO_TRY(const bool first, read_part(file, {0, end_size}));
    AFIO_TRY(const bool last, read_part(file, {size - end_size, end_size}));
    complete = first && last;
    one.place = place_of(file);
  }
  if (!complete) return error(errc::raced, call::verify); // It has become shorter.
  waiting_file& next = b.waiting[b.count];
  next = {.of = &one, .contents = std::span(b.contents).subspan(before, b.used - before)};
  if (watched) {
    AFIO_TRY(next.status, file.stat(hash_cache_fields));
    if (!unchanged(from.opened.status, next.status)) return error(errc::raced, call::verify);
    next.watched = std::move(file);
    next.beside = from.beside;
  }
  one.read = whole ? candidate::read::all : candidate::read::ends;
  ++b.count;
  return success();
}

/// Adds it to what waits. Whether the file has all of it.
result<bool> fingerprinter::read_part(const file_handle& file, extent part) noexcept {
  for (std::uint64_t done = 0; done < part.length;) {
    const buffer into = buffer(buffers_->contents).subspan(buffers_->used, part.length - done);
    AFIO_TRY(const std::size_t bytes, file.read(into, part.offset + done));
    if (bytes == 0) return false;
    buffers_->used += bytes;
    done += bytes;
  }
  if (progress* const counters = shared_->options.tree.counters)
    counters->bytes.fetch_add(part.length, std::memory_order_relaxed);
  return true;
}

/// All at once, those of like length beside each other.
void fingerprinter::finish() noexcept {
  buffers& b = *buffers_;
  const std::span files = std::span(b.waiting).first(b.count);
  std::ranges::sort(files, {}, [](const waiting_file& f) { return f.contents.size(); });
  std::array<std::span<const std::byte>, buffers::most> messages;
  std::ranges::transform(files, messages.begin(), &waiting_file::contents);
  spooky_hash128(std::span(messages).first(b.count), b.hashes);
  for (std::size_t i = 0; i < b.count; ++i) {
    waiting_file& file = files[i];
    file.of->contents = b.hashes[i];
    if (file.watched.is_open())
      files_.cache().record(file.watched, file.status, b.hashes[i], file.beside);
    file.watched = {};
  }
  b.count = 0;
  b.used = 0;
}

void fingerprinter::read_whole(candidate& one) noexcept {
  with_file(one, [&](opened_candidate& from) -> result<void> {
    AFIO_TRY(const file_hash done, files_.hash(from.opened, from.name, from.beside));
    if (done.size != shared_->plan.file(one).size) return error(errc::raced, call::verify);
    one.contents = done.hash;
    one.read = candidate::read::all;
    return success();
  });
}

} // namespace afio::algorithms::dedupe_detail
