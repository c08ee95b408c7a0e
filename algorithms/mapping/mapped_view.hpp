// Mapped memory as an array: of a file, a section, or a map of its own.
#pragma once

#include "afio/map_handle.hpp"
#include "afio/mapped_file_handle.hpp"
#include "afio/memory_usage.hpp"
#include "algorithms/mapping/mappable.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <span>
#include <type_traits>
#include <utility>

namespace afio::algorithms {

/// Named at the call: `{.first = 1'000, .count = 10}`.
struct view_options {
  std::uint64_t first = 0; ///< Element of the file that is the view's first.
  /// 0 is as many whole elements as there are behind `first` now.
  std::uint64_t count = 0;
  /// What else the map is to be: cow, nocommit, prefault, barrier_on_close.
  map_flags flags = map_flags::none;
  /// Random reads the page that is touched and no other: touching one element of a hole does not
  /// fill memory with zeros around it. Who reads all of a file wants sequential.
  access_pattern pattern = access_pattern::random;
};

/// `file` as an array of T, without a map of its own: the span is good for as long as the file's
/// addresses are (mapped_file_handle). As many elements as are whole within the known length; bytes
/// behind the last one are not in it. EACCES for a T that is not const where the map is not to be
/// written to.
template <mappable T>
result<std::span<T>> view_of(const mapped_file_handle& file) noexcept {
  if (!std::is_const_v<T> && !has(file.map().flags(), map_flags::write | map_flags::cow))
    return error(EACCES, call::mmap);
  return std::span<T>(reinterpret_cast<T*>(file.address()),
                      static_cast<std::size_t>(file.length() / sizeof(T)));
}

/// A map, and the elements that are in it: a contiguous range, like std::span, but its pages go
/// with it. Move-only. Constness is the element's: mapped_view<const T> is to be read alone, and a
/// const mapped_view<T> can be written through, as a const std::span<T> can.
///
/// Elements are the bytes of the map taken for T, as std::bit_cast would: so bytes that no T can
/// have (a bool of 2) are the caller's affair, as are those that somebody else changes. Element i
/// of a file is at byte i * sizeof(T), and so aligned. Bytes behind the last whole element are not
/// in the view.
///
/// What is said of map_handle's pages and threads is true of these; with cow, stores are the view's
/// alone. Nothing allocates unless it fails.
template <mappable T>
class mapped_view {
public:
  using element_type = T;
  using value_type = std::remove_cv_t<T>;
  using size_type = std::size_t;
  using difference_type = std::ptrdiff_t;
  using pointer = T*;
  using reference = T&;
  using iterator = T*;
  using reverse_iterator = std::reverse_iterator<iterator>;

  /// Of no elements.
  mapped_view() noexcept = default;

  /// Of elements of `section`. A view of no elements where the section ends before the first one is
  /// whole; with a `count`, exactly so many, whether or not the section goes so far yet: touching
  /// what is not there is SIGBUS. EACCES for a T that is not const where the section cannot be
  /// written to; EOVERFLOW for parts that no file has; else as map_handle::map and advise.
  static result<mapped_view> of(const section_handle& section, view_options options = {}) noexcept {
    constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max() / sizeof(T);
    if (options.first > most || options.count > most - options.first)
      return error(EOVERFLOW, call::mmap);
    const std::uint64_t offset = options.first * sizeof(T);
    std::uint64_t count = options.count;
    if (count == 0) {
      AFIO_TRY(const std::uint64_t there, section.length());
      count = there > offset ? (there - offset) / sizeof(T) : 0;
      if (count == 0) return mapped_view();
    }
    const std::uint64_t front = offset % page_size(); // Maps begin with a page.
    const extent part = {offset - front, front + count * sizeof(T)};
    AFIO_TRY(auto map,
             map_handle::map(section, {.part = part, .flags = flags_with(options.flags)}));
    if (options.pattern != access_pattern::normal) {
      AFIO_TRY(map.advise({0, part.length}, options.pattern));
    }
    return mapped_view(std::move(map), static_cast<std::size_t>(front),
                       static_cast<std::size_t>(count));
  }

  /// The same of the contents of `file`, which may be closed afterwards.
  static result<mapped_view> of(const file_handle& file, view_options options = {}) noexcept {
    AFIO_TRY(const auto section, section_handle::section(file));
    return of(section, options);
  }

  /// `count` elements of memory of its own, all bits zero. Of no elements, EINVAL. `flags` as in
  /// view_options.
  static result<mapped_view> of_memory(std::uint64_t count,
                                       map_flags flags = map_flags::none) noexcept {
    if (count > std::numeric_limits<std::int64_t>::max() / sizeof(T))
      return error(ENOMEM, call::mmap);
    AFIO_TRY(auto map, map_handle::map(count * sizeof(T), {.flags = flags_with(flags)}));
    return mapped_view(std::move(map), 0, static_cast<std::size_t>(count));
  }

  /// The first `count` elements of `map`, which goes with the view. EINVAL where it is shorter, or
  /// may not be read, or for a T that is not const written to; `map` is then as it was.
  static result<mapped_view> adopt(map_handle&& map, std::size_t count) noexcept {
    constexpr map_flags writable = map_flags::write | map_flags::cow;
    if (count > map.length() / sizeof(T) ||
        !has(map.flags(), std::is_const_v<T> ? writable | map_flags::read : writable))
      return error(EINVAL, call::mmap);
    return mapped_view(std::move(map), 0, count);
  }

  mapped_view(mapped_view&& other) noexcept
      : map_(std::move(other.map_)),
        first_(std::exchange(other.first_, nullptr)),
        count_(std::exchange(other.count_, 0)) {}

  mapped_view& operator=(mapped_view&& other) noexcept {
    mapped_view taken(std::move(other));
    std::swap(map_, taken.map_);
    std::swap(first_, taken.first_);
    std::swap(count_, taken.count_);
    return *this;
  }

  ~mapped_view() = default;

  T* data() const noexcept { return first_; }

  std::size_t size() const noexcept { return count_; }

  std::size_t size_bytes() const noexcept { return count_ * sizeof(T); }

  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }

  iterator begin() const noexcept { return first_; }

  iterator end() const noexcept { return first_ + count_; }

  reverse_iterator rbegin() const noexcept { return reverse_iterator(end()); }

  reverse_iterator rend() const noexcept { return reverse_iterator(begin()); }

  T& operator[](std::size_t i) const noexcept { return first_[i]; }

  T& front() const noexcept { return *first_; }

  T& back() const noexcept { return first_[count_ - 1]; }

  const map_handle& map() const noexcept { return map_; }

  /// The map; the view then has no elements. Its first one is front_bytes() behind the beginning of
  /// the map: ask before.
  map_handle release() noexcept {
    first_ = nullptr;
    count_ = 0;
    return std::move(map_);
  }

  /// Bytes of the map before the first element: less than a page.
  std::size_t front_bytes() const noexcept {
    return static_cast<std::size_t>(reinterpret_cast<std::byte*>(mutable_first()) - map_.address());
  }

  /// As map_handle::barrier, of all elements.
  result<void> barrier(barrier_kind kind) const noexcept {
    if (empty()) return success();
    return map_.barrier(kind, {front_bytes(), size_bytes()});
  }

  /// Unmaps, and reports as map_handle::close. The view then has no elements.
  result<void> close() noexcept { return release().close(); }

private:
  mapped_view(map_handle map, std::size_t front, std::size_t count) noexcept
      : map_(std::move(map)), first_(reinterpret_cast<T*>(map_.address() + front)), count_(count) {}

  static map_flags flags_with(map_flags more) noexcept {
    if (std::is_const_v<T>) return more | map_flags::read;
    if (has(more, map_flags::cow)) return more;
    return more | map_flags::read | map_flags::write;
  }

  value_type* mutable_first() const noexcept { return const_cast<value_type*>(first_); }

  map_handle map_;
  T* first_ = nullptr;
  std::size_t count_ = 0;
};

} // namespace afio::algorithms
