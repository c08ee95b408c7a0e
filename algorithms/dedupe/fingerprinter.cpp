#include "algorithms/dedupe/fingerprinter.hpp"

#include "afio/physical_extents.hpp"
#include "algorithms/attribute_names.hpp"
#include "algorithms/hash/spooky_lanes.hpp"

#include <algorithm>
#include <cerrno>
#include <new>
#include <numeric>
#include <optional>

namespace afio::algorithms::dedupe_detail {

namespace {

constexpr std::uint64_t end_size = 4096;
/// What remains in a worker's cache of directories: those of files that lie beside each other.
constexpr std::size_t open_directories = 16;

/// Somebody has removed or replaced it since: that is nobody's failure, and no duplicate.
bool means_gone(const error& why) noexcept {
  return why == std::errc::no_such_file_or_directory || why == errc::raced ||
         why == std::errc::too_many_symbolic_link_levels || why == std::errc::not_a_directory ||
         why == std::errc::invalid_argument || why == std::errc::is_a_directory;
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

result<fingerprinter> fingerprinter::make(const contents_of_plan& of, const dedupe_options& options,
                                          observer& told) noexcept {
  std::unique_ptr<buffers> b(new (std::nothrow) buffers);
  if (!b) return error(ENOMEM, call::none);
  return fingerprinter(of, options, told, std::move(b));
}

fingerprinter::fingerprinter(const contents_of_plan& of, const dedupe_options& options,
                             observer& told, std::unique_ptr<buffers> b) noexcept
    : of_(&of),
      options_(&options),
      told_(&told),
      buffers_(std::move(b)),
      directories_(of.found, open_directories, options.tree.mounts) {}

/// Under any of its names: by one it may have been renamed.
result<file_handle> fingerprinter::open(const candidate& one) noexcept {
  result<file_handle> last = error(ENOENT, call::none);
  for (const found_file* const name : of_->names_of(one)) {
    last = [&]() -> result<file_handle> {
      AFIO_TRY(const path_handle* const dir, directories_.open(name->at.directory));
      AFIO_TRY(auto opened,
               file_handle::seen(*dir, name->at.leaf(), options_->tree.mounts, access_time::keep));
      const stat_t& now = opened.status;
      const bool same =
          now.id.same_file(name->id) && now.size == name->size && now.modified == name->modified;
      if (!same) return error(errc::raced, call::verify, name->at.leaf());
      return std::move(opened.file);
    }();
    if (last) return last;
  }
  return last;
}

/// Calls read(file). Whatever fails is told, and the candidate is none.
template <class F>
void fingerprinter::with_file(candidate& one, F&& read) noexcept {
  const auto done = [&]() -> result<void> {
    AFIO_TRY(const file_handle file, open(one));
    return read(file);
  }();
  if (done) return;
  one.read = candidate::read::failed;
  if (means_gone(done.assume_error())) return;
  if (done.assume_error() == std::errc::operation_canceled) return;
  ++failures_;
  try {
    const std::string path = of_->found.path(of_->file(one).at);
    told_->failed({operation::compare, path, done.assume_error()});
  } catch (const std::bad_alloc&) {
    told_->failed({operation::compare, of_->file(one).at.leaf(), done.assume_error()});
  }
}

void fingerprinter::begin(candidate& one) noexcept {
  if (buffers_->count == buffers::most || buffers_->contents.size() - buffers_->used < read_at_once)
    finish();
  with_file(one, [&](const file_handle& file) -> result<void> {
    AFIO_TRY(read_attributes(one, file));
    return read_contents(one, file);
  });
}

/// Extended attributes and ACLs, as far as they count.
result<void> fingerprinter::read_attributes(candidate& one, const file_handle& file) noexcept {
  const bool acls = has(options_->match, aspect::acl), others = has(options_->match, aspect::xattr);
  if (!acls && !others) return success();
  AFIO_TRY(const std::string_view names, attribute_names(file, buffers_->names));
  std::optional<error> failure;
  for_each_name(names, [&](const char* name) {
    if (failure || (is_acl(name) ? !acls : !others)) return;
    const auto size = file.get_attribute(name, buffers_->value);
    if (size)
      add(one.attributes, name, std::span(buffers_->value).first(size.assume_value()));
    else
      failure = size.assume_error();
  });
  if (failure) return std::move(*failure);
  return success();
}

result<void> fingerprinter::read_contents(candidate& one, const file_handle& file) noexcept {
  const std::uint64_t size = of_->file(one).size;
  const std::size_t before = buffers_->used;
  bool complete;
  if (size <= read_at_once) {
    one.read = candidate::read::all;
    AFIO_TRY(complete, read_part(file, {0, size}));
  } else {
    one.read = candidate::read::ends;
    AFIO_TRY(const bool first, read_part(file, {0, end_size}));
    AFIO_TRY(const bool last, read_part(file, {size - end_size, end_size}));
    complete = first && last;
    one.place = place_of(file);
  }
  if (!complete) return error(errc::raced, call::verify); // It has become shorter.
  buffers& b = *buffers_;
  b.waiting[b.count] = &one;
  b.messages[b.count] = std::span(b.contents).subspan(before, b.used - before);
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
  if (progress* const counters = options_->tree.counters)
    counters->bytes.fetch_add(part.length, std::memory_order_relaxed);
  return true;
}

/// All at once, those of like length beside each other.
void fingerprinter::finish() noexcept {
  buffers& b = *buffers_;
  std::array<std::size_t, buffers::most> order;
  const std::span sorted = std::span(order).first(b.count);
  std::iota(sorted.begin(), sorted.end(), 0);
  std::ranges::sort(sorted, {}, [&](std::size_t i) { return b.messages[i].size(); });
  std::array<std::span<const std::byte>, buffers::most> messages;
  for (std::size_t i = 0; i < b.count; ++i) messages[i] = b.messages[sorted[i]];
  spooky_hash128(std::span(messages).first(b.count), b.hashes);
  for (std::size_t i = 0; i < b.count; ++i) b.waiting[sorted[i]]->contents = b.hashes[i];
  b.count = 0;
  b.used = 0;
}

void fingerprinter::read_whole(candidate& one) noexcept {
  with_file(one, [&](const file_handle& file) -> result<void> {
    spooky_hasher hasher;
    const buffer through = buffer(buffers_->contents).first(256 << 10);
    const std::uint64_t size = of_->file(one).size;
    for (std::uint64_t at = 0; at < size;) {
      if (options_->tree.stop.stop_requested()) return error(ECANCELED, call::none);
      AFIO_TRY(const std::size_t bytes, file.read(through, at));
      if (bytes == 0) return error(errc::raced, call::verify);
      hasher.update(through.first(bytes));
      at += bytes;
      if (progress* const counters = options_->tree.counters)
        counters->bytes.fetch_add(bytes, std::memory_order_relaxed);
    }
    one.contents = hasher.final();
    one.read = candidate::read::all;
    return success();
  });
}

} // namespace afio::algorithms::dedupe_detail
