// A vector that grows without copying: its pages move instead.
#pragma once

#include "afio/map_handle.hpp"
#include "algorithms/mapping/mappable.hpp"

#include <algorithm>
#include <cerrno>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <type_traits>
#include <utility>

namespace afio::algorithms {

namespace mapping_detail {

/// Makes `map`, which may be closed, `bytes` long or somewhat longer, wherever it finds room.
result<void> grow(map_handle& map, std::uint64_t bytes) noexcept;
[[noreturn]] void throw_length_error();
[[noreturn]] void throw_out_of_range();
[[noreturn]] void throw_bad_alloc();

template <class I>
concept legacy_input_iterator = requires {
  typename std::iterator_traits<I>::iterator_category;
};

/// Elements that lie in a row, and are just what is wanted: to be copied as bytes.
template <class I, class T>
concept pointer_like = std::contiguous_iterator<I> && std::is_same_v<std::iter_value_t<I>, T> &&
    requires(const I& i) {
  { std::to_address(i) } -> std::convertible_to<const T*>;
};

struct synth_three_way {
  template <class T>
  auto operator()(const T& a, const T& b) const {
    if constexpr (std::three_way_comparable<T>) {
      return a <=> b;
    } else {
      if (a < b) return std::weak_ordering::less;
      return b < a ? std::weak_ordering::greater : std::weak_ordering::equivalent;
    }
  }
};

} // namespace mapping_detail

/// Does all that std::vector<T> of C++20 does, with its complexities and guarantees, for types
/// whose objects are their bytes, but for what follows.
///
/// - Memory comes from maps of its own (map_handle), not from an allocator: the first element takes
///   a page, so it is for few and large vectors. An empty vector has none. Each growth doubles.
/// - Growing beyond the capacity takes about as long for a gibibyte as for a page: the pages get
///   new addresses, nothing is copied. Iterators end with it, as a vector's do.
/// - insert() and assign() also take pointers into the vector itself. append() is insert() at the
///   end.
/// - From 2 MiB on, memory comes in large pages where the machine has them free, so up to 2 MiB
///   more is taken than is used.
/// - resize() of new memory touches none of it, where a value-initialized T is all zeros.
/// - trivial_vector<bool> is a vector of bools. T must be complete.
/// - shrink_to_fit() copies, and without memory to copy into does nothing.
/// - No call of operator new, ever. Not constexpr.
///
/// Iterators are pointers. Throws what the standard says, and no more: std::bad_alloc (from the
/// constructors, and what adds elements or capacity), std::length_error for more than max_size(),
/// std::out_of_range (at), and what comes from the arguments' own functions. With the `try_`
/// functions, nothing throws: ENOMEM, and nothing has changed.
///
/// As any memory of Linux, it is not sure to be there before it is stored into (see
/// map_flags::nocommit): then the kernel kills a process.
template <storable T>
class trivial_vector {
public:
  using value_type = T;
  using size_type = std::size_t;
  using difference_type = std::ptrdiff_t;
  using pointer = T*;
  using const_pointer = const T*;
  using reference = T&;
  using const_reference = const T&;
  using iterator = T*;
  using const_iterator = const T*;
  using reverse_iterator = std::reverse_iterator<iterator>;
  using const_reverse_iterator = std::reverse_iterator<const_iterator>;

  trivial_vector() noexcept = default;

  explicit trivial_vector(size_type n) { resize(n); }

  trivial_vector(size_type n, const T& value) { append(n, value); }

  template <mapping_detail::legacy_input_iterator I>
  trivial_vector(I first, I last) {
    append(first, last);
  }

  trivial_vector(std::initializer_list<T> list) { append(list.begin(), list.end()); }

  trivial_vector(const trivial_vector& other) { append(other.begin(), other.end()); }

  trivial_vector(trivial_vector&& other) noexcept
      : map_(std::move(other.map_)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)),
        used_(std::exchange(other.used_, 0)) {}

  trivial_vector& operator=(const trivial_vector& other) {
    if (this != &other) assign(other.begin(), other.end());
    return *this;
  }

  trivial_vector& operator=(trivial_vector&& other) noexcept {
    trivial_vector taken(std::move(other));
    swap(taken);
    return *this;
  }

  trivial_vector& operator=(std::initializer_list<T> list) {
    assign(list.begin(), list.end());
    return *this;
  }

  ~trivial_vector() = default;

  /// Takes a map whose first `count` elements are there already. EINVAL where it is shorter, or may
  /// not be written to; EOPNOTSUPP where it is a section's and not memory of its own; `map` is then
  /// as it was.
  static result<trivial_vector> adopt(map_handle&& map, size_type count) noexcept {
    if (count > map.length() / sizeof(T) || !has(map.flags(), map_flags::write | map_flags::cow))
      return error(EINVAL, call::mmap);
    AFIO_TRY(map.do_not_store({})); // Of nothing: asks what it is a map of.
    trivial_vector made;
    made.map_ = std::move(map);
    made.size_ = count;
    made.capacity_ = static_cast<size_type>(made.map_.length() / sizeof(T));
    made.used_ = made.capacity_; // What is behind the elements need not be zeros.
    return made;
  }

  /// Its memory; the vector then is empty. How many elements there were is for the caller to know.
  map_handle release() noexcept {
    size_ = capacity_ = used_ = 0;
    return std::move(map_);
  }

  const map_handle& map() const noexcept { return map_; }

  void assign(size_type n, const T& value) {
    const T copy(value);
    reserve_at_once(n);
    drop_to(0);
    append(n, copy);
  }

  template <mapping_detail::legacy_input_iterator I>
  void assign(I first, I last) {
    if constexpr (mapping_detail::pointer_like<I, T>) {
      const auto n = static_cast<size_type>(last - first);
      const T* from = std::to_address(first);
      if (is_own(from)) {
        copy_bytes(data(), from, n);
        drop_to(n);
        return;
      }
      reserve_at_once(n);
      drop_to(0);
      append(first, last);
    } else {
      drop_to(0);
      append(first, last);
    }
  }

  void assign(std::initializer_list<T> list) { assign(list.begin(), list.end()); }

  iterator begin() noexcept { return data(); }

  const_iterator begin() const noexcept { return data(); }

  const_iterator cbegin() const noexcept { return data(); }

  iterator end() noexcept { return data() + size_; }

  const_iterator end() const noexcept { return data() + size_; }

  const_iterator cend() const noexcept { return data() + size_; }

  reverse_iterator rbegin() noexcept { return reverse_iterator(end()); }

  const_reverse_iterator rbegin() const noexcept { return const_reverse_iterator(end()); }

  const_reverse_iterator crbegin() const noexcept { return const_reverse_iterator(end()); }

  reverse_iterator rend() noexcept { return reverse_iterator(begin()); }

  const_reverse_iterator rend() const noexcept { return const_reverse_iterator(begin()); }

  const_reverse_iterator crend() const noexcept { return const_reverse_iterator(begin()); }

  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

  size_type size() const noexcept { return size_; }

  size_type capacity() const noexcept { return capacity_; }

  size_type max_size() const noexcept {
    return (size_type{1} << 62) / sizeof(T); // Bytes that a map can have.
  }

  void resize(size_type n) {
    if (n <= size_) return drop_to(n);
    make_room(n - size_);
    append_default(n - size_);
  }

  void resize(size_type n, const T& value) {
    if (n <= size_) return drop_to(n);
    append(n - size_, value);
  }

  void reserve(size_type n) {
    if (n > max_size()) mapping_detail::throw_length_error();
    if (!try_reserve(n)) mapping_detail::throw_bad_alloc();
  }

  void shrink_to_fit() {
    if (empty()) {
      release();
      return;
    }
    trivial_vector smaller;
    if (!smaller.try_reserve(size_) || smaller.capacity_ >= capacity_) return;
    smaller.append_copy(data(), size_);
    swap(smaller);
  }

  /// As reserve(); ENOMEM also for more than max_size().
  result<void> try_reserve(size_type n) noexcept {
    if (n <= capacity_) return success();
    if (n > max_size()) return error(ENOMEM, call::mremap);
    AFIO_TRY(mapping_detail::grow(map_, std::uint64_t{n} * sizeof(T)));
    capacity_ = static_cast<size_type>(map_.length() / sizeof(T));
    return success();
  }

  result<void>
  try_resize(size_type n) noexcept requires std::is_nothrow_default_constructible_v<T> {
    if (n > size_) {
      AFIO_TRY(try_make_room(n - size_));
      append_default(n - size_);
    } else {
      drop_to(n);
    }
    return success();
  }

  result<void> try_resize(size_type n, const T& value) noexcept {
    const T copy(value);
    if (n > size_) {
      AFIO_TRY(try_make_room(n - size_));
      fill_room(n - size_, copy);
    } else {
      drop_to(n);
    }
    return success();
  }

  result<void> try_push_back(const T& value) noexcept {
    const T copy(value);
    if (size_ == capacity_) {
      AFIO_TRY(try_make_room(1));
    }
    std::construct_at(end(), copy);
    ++size_;
    return success();
  }

  reference operator[](size_type i) noexcept { return data()[i]; }

  const_reference operator[](size_type i) const noexcept { return data()[i]; }

  reference at(size_type i) {
    if (i >= size_) mapping_detail::throw_out_of_range();
    return data()[i];
  }

  const_reference at(size_type i) const {
    if (i >= size_) mapping_detail::throw_out_of_range();
    return data()[i];
  }

  reference front() noexcept { return *data(); }

  const_reference front() const noexcept { return *data(); }

  reference back() noexcept { return data()[size_ - 1]; }

  const_reference back() const noexcept { return data()[size_ - 1]; }

  T* data() noexcept { return reinterpret_cast<T*>(map_.address()); }

  const T* data() const noexcept { return reinterpret_cast<const T*>(map_.address()); }

  void push_back(const T& value) {
    if (size_ == capacity_) return push_back_beyond(value);
    std::construct_at(end(), value);
    ++size_;
  }

  void push_back(T&& value) {
    if (size_ == capacity_) return push_back_beyond(std::move(value));
    std::construct_at(end(), std::move(value));
    ++size_;
  }

  template <class... Args>
  reference emplace_back(Args&&... args) {
    if (size_ == capacity_) {
      push_back_beyond(T(std::forward<Args>(args)...));
    } else {
      std::construct_at(end(), std::forward<Args>(args)...);
      ++size_;
    }
    return back();
  }

  void pop_back() noexcept { drop_to(size_ - 1); }

  void clear() noexcept { drop_to(0); }

  template <class... Args>
  iterator emplace(const_iterator at, Args&&... args) {
    T made(std::forward<Args>(args)...);
    return std::construct_at(open_gap(index_of(at), 1), std::move(made));
  }

  iterator insert(const_iterator at, const T& value) { return emplace(at, value); }

  iterator insert(const_iterator at, T&& value) { return emplace(at, std::move(value)); }

  iterator insert(const_iterator at, size_type n, const T& value) {
    const T copy(value);
    const iterator gap = open_gap(index_of(at), n);
    std::uninitialized_fill_n(gap, n, copy);
    return gap;
  }

  template <mapping_detail::legacy_input_iterator I>
  iterator insert(const_iterator at, I first, I last) {
    const size_type index = index_of(at);
    if constexpr (mapping_detail::pointer_like<I, T>) {
      return insert_copy(index, std::to_address(first), static_cast<size_type>(last - first));
    } else {
      const size_type before = size_;
      append(first, last);
      std::rotate(begin() + index, begin() + before, end());
      return begin() + index;
    }
  }

  iterator insert(const_iterator at, std::initializer_list<T> list) {
    return insert(at, list.begin(), list.end());
  }

  iterator erase(const_iterator at) noexcept { return erase(at, at + 1); }

  iterator erase(const_iterator first, const_iterator last) noexcept {
    T* const to = data() + index_of(first);
    const auto behind = static_cast<size_type>(cend() - last);
    copy_bytes(to, last, behind);
    drop_to(static_cast<size_type>(to - data()) + behind);
    return to;
  }

  /// As insert() at the end; if a function of the iterators throws, nothing is inserted.
  template <mapping_detail::legacy_input_iterator I>
  void append(I first, I last) {
    if constexpr (mapping_detail::pointer_like<I, T>) {
      insert_copy(size_, std::to_address(first), static_cast<size_type>(last - first));
    } else {
      undo back(*this);
      if constexpr (std::forward_iterator<I>)
        make_room(static_cast<size_type>(std::distance(first, last)));
      for (; first != last; ++first) emplace_back(*first);
      back.is_done();
    }
  }

  void append(size_type n, const T& value) {
    const T copy(value);
    make_room(n);
    fill_room(n, copy);
  }

  void swap(trivial_vector& other) noexcept {
    std::swap(map_, other.map_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    std::swap(used_, other.used_);
  }

  friend void swap(trivial_vector& a, trivial_vector& b) noexcept { a.swap(b); }

  friend bool operator==(const trivial_vector& a, const trivial_vector& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

  friend auto operator<=>(const trivial_vector& a, const trivial_vector& b) {
    return std::lexicographical_compare_three_way(a.begin(), a.end(), b.begin(), b.end(),
                                                  mapping_detail::synth_three_way());
  }

private:
  /// Takes back what was appended, unless it is done.
  class undo {
  public:
    explicit undo(trivial_vector& of) noexcept : of_(of), size_(of.size_) {}

    undo(const undo&) = delete;
    undo& operator=(const undo&) = delete;

    ~undo() {
      if (size_ < of_.size_) of_.drop_to(size_);
    }

    void is_done() noexcept { size_ = of_.size_; }

  private:
    trivial_vector& of_;
    size_type size_;
  };

  static void copy_bytes(T* to, const T* from, size_type n) noexcept {
    if (n != 0) std::memmove(static_cast<void*>(to), from, n * sizeof(T));
  }

  size_type index_of(const_iterator at) const noexcept {
    return static_cast<size_type>(at - data());
  }

  bool is_own(const T* at) const noexcept {
    return !std::less<>()(at, data()) && std::less<>()(at, data() + size_);
  }

  /// All elements that leave go through here: what they leave behind is not zeros.
  void drop_to(size_type n) noexcept {
    used_ = std::max(used_, size_);
    size_ = n;
  }

  result<void> try_make_room(size_type n) noexcept {
    if (n <= capacity_ - size_) return success();
    if (n > max_size() - size_) return error(ENOMEM, call::mremap);
    const size_type least = size_ + n;
    const size_type twice = capacity_ > max_size() / 2 ? max_size() : 2 * capacity_;
    // Where there is no room for twice as much, there may be for what is needed.
    if (twice > least && try_reserve(twice)) return success();
    return try_reserve(least);
  }

  void make_room(size_type n) {
    if (n > max_size() - size_) mapping_detail::throw_length_error();
    if (!try_make_room(n)) mapping_detail::throw_bad_alloc();
  }

  /// Of a vector whose elements will be replaced.
  void reserve_at_once(size_type n) {
    if (n > capacity_) reserve(n);
  }

  // By value: it may be of this vector.
  [[gnu::noinline]] void push_back_beyond(T value) {
    make_room(1);
    std::construct_at(end(), std::move(value));
    ++size_;
  }

  /// Room for `n` elements before the one at `index`, which count from now on.
  iterator open_gap(size_type index, size_type n) {
    make_room(n);
    T* const gap = data() + index;
    copy_bytes(gap + n, gap, size_ - index);
    size_ += n;
    return gap;
  }

  iterator insert_copy(size_type index, const T* from, size_type n) {
    if (!is_own(from)) {
      T* const gap = open_gap(index, n);
      copy_bytes(gap, from, n);
      return gap;
    }
    const size_type source = index_of(from);
    const size_type before = source < index ? std::min(n, index - source) : 0;
    T* const gap = open_gap(index, n);
    copy_bytes(gap, data() + source, before);
    copy_bytes(gap + before, data() + source + before + n, n - before); // The gap moved these.
    return gap;
  }

  void append_copy(const T* from, size_type n) noexcept {
    copy_bytes(end(), from, n);
    size_ += n;
  }

  void fill_room(size_type n, const T& value) noexcept {
    std::uninitialized_fill_n(end(), n, value);
    size_ += n;
  }

  /// There is room.
  void append_default(size_type n) noexcept(std::is_nothrow_default_constructible_v<T>) {
    if constexpr (std::is_trivially_default_constructible_v<T>) {
      const size_type reused = std::min(n, std::max(used_, size_) - size_);
      std::uninitialized_value_construct_n(end(), reused);
      if (reused < n) construct_in_zeros(end() + reused, n - reused);
    } else {
      used_ = std::max(used_, size_ + n); // Also if a constructor throws.
      std::uninitialized_value_construct_n(end(), n);
    }
    size_ += n;
  }

  /// A trivial T() is zero-initialized: the same each time, but not zero bits for a pointer to a
  /// member. So the first one is looked at, and the others are there already if that is zeros.
  static void construct_in_zeros(T* at, size_type n) noexcept {
    std::construct_at(at);
    const auto* const bytes = reinterpret_cast<const unsigned char*>(at);
    const bool zeros = std::all_of(bytes, bytes + sizeof(T), [](auto b) { return b == 0; });
    if (!zeros) std::uninitialized_value_construct_n(at + 1, n - 1);
  }

  map_handle map_;
  size_type size_ = 0;
  size_type capacity_ = 0;
  /// Elements that were there once, at the most: behind them, and behind size_, memory is zeros.
  size_type used_ = 0;
};

template <mapping_detail::legacy_input_iterator I>
trivial_vector(I, I) -> trivial_vector<typename std::iterator_traits<I>::value_type>;

template <class T, class U>
std::size_t erase(trivial_vector<T>& from, const U& value) {
  return erase_if(from, [&](const T& element) { return element == value; });
}

template <class T, class Predicate>
std::size_t erase_if(trivial_vector<T>& from, Predicate predicate) {
  const auto rest = std::remove_if(from.begin(), from.end(), predicate);
  const auto gone = static_cast<std::size_t>(from.end() - rest);
  from.erase(rest, from.end());
  return gone;
}

} // namespace afio::algorithms
