#include "algorithms/mapping/file_memory_resource.hpp"

#include "algorithms/mapping/marked_map.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <new>
#include <type_traits>

namespace afio::algorithms {

namespace {

constexpr std::uint64_t magic = 0x316d'656d'6f69'6661; // "afiomem1"
constexpr std::uint64_t header_bytes = 4096;
constexpr std::uint64_t growth = std::uint64_t{1} << 20;
constexpr std::uint64_t most_alignment = std::uint64_t{1} << 30;

/// A store that a kill comes before or behind, in the order of the program.
void store(std::uint64_t& word, std::uint64_t value) noexcept {
  std::atomic_ref(word).store(value, std::memory_order_release);
}

} // namespace

/// As it is in the file: offsets from the beginning, 0 where there is nothing. All of it zeros but
/// for the magic is a file of which nothing was given out.
struct file_memory_resource::header {
  std::uint64_t magic;
  std::uint64_t end; ///< Behind it nothing was ever given out; within the header it means that.
  std::uint64_t root;
  /// The first block of each list; it begins with the next.
  std::uint64_t free[size_classes::count];
};

file_memory_resource::header& file_memory_resource::head() const noexcept {
  static_assert(sizeof(header) <= header_bytes && std::is_trivial_v<header>);
  return *std::launder(reinterpret_cast<header*>(map_.address()));
}

std::uint64_t& file_memory_resource::link_at(std::uint64_t block) const noexcept {
  return *std::launder(reinterpret_cast<std::uint64_t*>(map_.address() + block));
}

/// Whether a block of that class can be there.
bool file_memory_resource::is_block(std::uint64_t block, std::size_t which) const noexcept {
  const std::uint64_t bytes = size_classes::bytes_of(which);
  const std::uint64_t end = head().end;
  return block % size_classes::grain == 0 && block >= header_bytes && block <= end &&
         bytes <= end - block;
}

result<std::unique_ptr<file_memory_resource>>
file_memory_resource::open(file_handle file, std::uint64_t reservation, deadline limit) noexcept {
  AFIO_TRY(auto lock, file.lock_file(lock_kind::exclusive, limit));
  AFIO_TRY(auto marked, mapping_detail::map_marked(file, {magic, header_bytes}, reservation));
  std::unique_ptr<file_memory_resource> made(
      new (std::nothrow) file_memory_resource(std::move(file), std::move(marked.map), marked.size));
  if (!made) return error(ENOMEM, call::none);
  made->lock_ = std::move(lock);
  header& head = made->head();
  if (head.end > marked.size) return error(EBADMSG, call::verify);
  if (head.end < header_bytes) store(head.end, header_bytes);
  for (std::size_t which = 0; which < size_classes::count; ++which) {
    if (head.free[which] != 0) made->stocked_.add(which);
  }
  return made;
}

file_memory_resource::~file_memory_resource() = default;

result<std::byte*> file_memory_resource::try_allocate(std::uint64_t bytes,
                                                      std::uint64_t alignment) noexcept {
  if (!std::has_single_bit(alignment) || alignment > most_alignment)
    return error(EINVAL, call::none);
  if (bytes > map_.reservation()) return error(ENOMEM, call::none);
  if (alignment <= size_classes::grain) {
    AFIO_TRY(const std::uint64_t block, block_of(size_classes::of(bytes)));
    return map_.address() + block;
  }
  // Somewhere in a larger block, which is found again by what stands before it.
  AFIO_TRY(const std::uint64_t block, block_of(size_classes::of(bytes + alignment)));
  const auto address = std::bit_cast<std::uintptr_t>(map_.address() + block);
  const std::uint64_t skip = alignment - address % alignment; // At least a grain.
  link_at(block + skip - sizeof(std::uint64_t)) = skip;
  return map_.address() + block + skip;
}

void file_memory_resource::give_back(std::byte* at, std::uint64_t bytes,
                                     std::uint64_t alignment) noexcept {
  const auto offset = static_cast<std::uint64_t>(at - map_.address());
  if (alignment <= size_classes::grain) return put(offset, size_classes::of(bytes));
  put(offset - link_at(offset - sizeof(std::uint64_t)), size_classes::of(bytes + alignment));
}

result<std::uint64_t> file_memory_resource::block_of(std::size_t which) noexcept {
  if (which >= size_classes::count) return error(ENOMEM, call::none);
  if (head().free[which] != 0) return first_of(which);
  AFIO_TRY(const std::uint64_t block, cut(which));
  if (block != 0) return block;
  return extend(which);
}

/// Takes the first block of a list that is not empty.
result<std::uint64_t> file_memory_resource::first_of(std::size_t which) noexcept {
  std::uint64_t& first = head().free[which];
  const std::uint64_t block = first;
  if (!is_block(block, which)) return error(EBADMSG, call::verify);
  store(first, link_at(block));
  if (first == 0) stocked_.remove(which);
  return block;
}

/// Of the smallest block that is larger; 0 where there is none.
result<std::uint64_t> file_memory_resource::cut(std::size_t which) noexcept {
  const std::size_t larger = stocked_.first_behind(which);
  if (larger == size_classes::count) return std::uint64_t{0};
  AFIO_TRY(const std::uint64_t block, first_of(larger));
  put_all(block + size_classes::bytes_of(which), block + size_classes::bytes_of(larger));
  return block;
}

/// At the end, making the file longer where it must be.
result<std::uint64_t> file_memory_resource::extend(std::size_t which) noexcept {
  const std::uint64_t block = head().end;
  const std::uint64_t end = block + size_classes::bytes_of(which);
  if (end > map_.reservation()) return error(ENOMEM, call::mmap);
  if (end > size_) {
    const std::uint64_t wanted = std::max(end, size_ + std::max(growth, size_ / 8));
    const std::uint64_t longer = std::min(wanted / growth * growth + growth, map_.reservation());
    // What the file has beyond its old end reads as zeros either way; this has room on the disk.
    AFIO_TRY(file_.zero({size_, longer - size_}));
    size_ = longer;
  }
  store(head().end, end);
  return block;
}

void file_memory_resource::put(std::uint64_t block, std::size_t which) noexcept {
  std::uint64_t& first = head().free[which];
  link_at(block) = first;
  store(first, block);
  stocked_.add(which);
}

/// As few blocks as it takes.
void file_memory_resource::put_all(std::uint64_t from, std::uint64_t to) noexcept {
  while (from < to) {
    const std::size_t which = size_classes::within(to - from);
    put(from, which);
    from += size_classes::bytes_of(which);
  }
}

std::byte* file_memory_resource::root_address() const noexcept {
  const std::uint64_t offset = head().root;
  return offset == 0 || offset >= head().end ? nullptr : map_.address() + offset;
}

void file_memory_resource::set_root_address(std::byte* target) noexcept {
  store(head().root, target == nullptr ? 0 : static_cast<std::uint64_t>(target - map_.address()));
}

result<memory_census> file_memory_resource::census() const noexcept {
  const header& all = head();
  memory_census found{.file = size_};
  const std::uint64_t given_out = all.end - header_bytes;
  for (std::size_t which = 0; which < size_classes::count; ++which) {
    for (std::uint64_t block = all.free[which]; block != 0; block = link_at(block)) {
      found.free += size_classes::bytes_of(which);
      // A list that meets itself is longer than all of the file.
      if (!is_block(block, which) || found.free > given_out) return error(EBADMSG, call::verify);
    }
  }
  found.used = given_out - found.free;
  return found;
}

result<void> file_memory_resource::barrier() noexcept { return file_.barrier(barrier_kind::data); }

void* file_memory_resource::do_allocate(std::size_t bytes, std::size_t alignment) {
  auto given = try_allocate(bytes, alignment);
  if (!given) throw std::bad_alloc(); // The contract of std::pmr::memory_resource.
  return given.assume_value();
}

void file_memory_resource::do_deallocate(void* at, std::size_t bytes, std::size_t alignment) {
  give_back(static_cast<std::byte*>(at), bytes, alignment);
}

} // namespace afio::algorithms
