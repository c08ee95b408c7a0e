// A vector that is a file, and outlives the process.
#pragma once

#include "afio/mapped_file_handle.hpp"
#include "algorithms/mapping/mappable.hpp"
#include "algorithms/mapping/vector_header.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <limits>
#include <span>
#include <type_traits>
#include <utility>

namespace afio::algorithms {

/// Named at the call: `{.reservation = 1'000'000}`.
struct vector_options {
  /// Elements to keep address space for: as long as there are no more, addresses stay the same.
  std::uint64_t reservation = 0;
  vector_trust trust = vector_trust::all;
  /// Where unguarded, adding or removing an element on a full disk can be SIGBUS, and takes about
  /// 10 ns less.
  mapped_access access = mapped_access::guarded;
};

/// The elements are in the file, behind a header of 4,096 bytes (vector_header.hpp), in this
/// machine's representation. What can fail returns a result. Move-only; iterators are pointers, and
/// end when the vector grows beyond its reservation.
///
/// **Who writes** (mapped_vector<T>) has a lock of the whole file: EBUSY for a second one, in any
/// process, until the first is closed or killed. **Who reads** (mapped_vector<const T>), in any
/// number of processes, has none and hinders nobody: size() grows as the writer adds elements, each
/// of which is whole when it is counted; refresh() once the capacity is reached. A reader must know
/// by other means that nothing is taken away or overwritten meanwhile, or it sees both old and new;
/// and shrink_to_fit takes its pages away (SIGBUS, see guarded.hpp). A reader believes no number
/// in the file beyond what is mapped.
///
/// **After a kill**, at any instant: all elements whose adding had returned are there, and perhaps
/// one call's more: of push_back one or none, of append and resize all or none. Each is whole.
/// There is no insert or erase in the middle, as a kill would leave elements twice or torn.
///
/// **After a power cut**, nothing is promised of what was done since the last barrier(): a number
/// of elements that the file does not have is EBADMSG, others may be zeros or anything else. Open
/// it with vector_trust::last_barrier: then there are those that were there at the last barrier,
/// less what was taken away since. They are whole unless they were overwritten since.
///
/// **The file** grows by doubling, with holes, and stays longer than its elements until
/// shrink_to_fit(). Storing through a pointer or iterator can be SIGBUS where the disk is full:
/// on btrfs anywhere, else into what resize() made. The functions say ENOSPC.
///
/// Threads: as std::vector. Nothing allocates unless it fails.
template <mappable T>
class mapped_vector {
  static constexpr bool reads_only = std::is_const_v<T>;
  static constexpr std::uint64_t header_bytes = mapping_detail::elements_offset;

public:
  using value_type = std::remove_cv_t<T>;
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

  /// Closed: of no elements, and nothing can be added.
  mapped_vector() noexcept = default;

  /// Opens the file `name` of `base`, and makes it, private, if there is none and T is not const.
  /// As file_handle::file, and of().
  static result<mapped_vector> open(const path_handle& base, leaf_name name,
                                    vector_options options = {}) noexcept {
    file_options how{.mode = mode::read};
    if constexpr (!reads_only) how = {.mode = mode::write, .creation = creation::if_needed};
    AFIO_TRY(auto file, file_handle::file(base, name, how));
    auto made = of(std::move(file), options);
    if (!made) return made.assume_error().about(name);
    return made;
  }

  /// Of a file that is open, which goes with the vector. One that is empty becomes a vector without
  /// elements, unless T is const. EBADMSG for any other that is not a mapped_vector's, or is
  /// damaged; EINVAL for elements of another size; EBUSY where somebody else writes. (Of two types
  /// of one size the file does not know which it has.)
  static result<mapped_vector> of(file_handle file, vector_options options = {}) noexcept {
    if (options.reservation > most) return error(ENOMEM, call::mmap);
    if constexpr (!reads_only) {
      auto lock = file.lock_file(lock_kind::exclusive, deadline::in(std::chrono::seconds(0)));
      if (!lock && lock.assume_error().native() == ETIMEDOUT) return error(EBUSY, call::fcntl);
      if (!lock) return lock.assume_error();
      lock.assume_value().release(); // Until the file is closed.
      AFIO_TRY(make_header(file));
    }
    AFIO_TRY(const auto header, read_header(file, options.trust));
    AFIO_TRY(auto mapped,
             mapped_file_handle::mapped(
                 std::move(file), {.reservation = header_bytes + options.reservation * sizeof(T),
                                   .access = options.access}));
    mapped_vector made(std::move(mapped), header, options);
    if (header.count > made.capacity()) return error(EBADMSG, call::verify); // It was cut just now.
    if constexpr (!reads_only) {
      if (options.trust == vector_trust::last_barrier) {
        AFIO_TRY(made.set_count(header.count));
      }
    }
    return made;
  }

  mapped_vector(mapped_vector&& other) noexcept
      : file_(std::move(other.file_)),
        first_(std::exchange(other.first_, nullptr)),
        capacity_(std::exchange(other.capacity_, 0)),
        count_(std::exchange(other.count_, 0)),
        trust_(other.trust_),
        access_(other.access_) {}

  mapped_vector& operator=(mapped_vector&& other) noexcept {
    file_ = std::move(other.file_);
    first_ = std::exchange(other.first_, nullptr);
    capacity_ = std::exchange(other.capacity_, 0);
    count_ = std::exchange(other.count_, 0);
    trust_ = other.trust_;
    access_ = other.access_;
    return *this;
  }

  ~mapped_vector() = default;

  bool is_open() const noexcept { return file_.is_open(); }

  const mapped_file_handle& file() const noexcept { return file_; }

  /// Unmaps and closes. Nothing becomes durable by it.
  result<void> close() noexcept {
    first_ = nullptr;
    capacity_ = count_ = 0;
    return file_.close();
  }

  size_type size() const noexcept {
    if constexpr (reads_only) {
      if (capacity_ == 0) return 0;
      const bool all = trust_ == vector_trust::all;
      const auto count = load(all ? mapping_detail::count_offset : mapping_detail::durable_offset);
      return static_cast<size_type>(std::min<std::uint64_t>(count, capacity_));
    }
    return static_cast<size_type>(count_);
  }

  [[nodiscard]] bool empty() const noexcept { return size() == 0; }

  size_type capacity() const noexcept { return static_cast<size_type>(capacity_); }

  T* data() noexcept { return first_; }

  const T* data() const noexcept { return first_; }

  iterator begin() noexcept { return data(); }

  const_iterator begin() const noexcept { return data(); }

  iterator end() noexcept { return data() + size(); }

  const_iterator end() const noexcept { return data() + size(); }

  const_iterator cbegin() const noexcept { return begin(); }

  const_iterator cend() const noexcept { return end(); }

  reverse_iterator rbegin() noexcept { return reverse_iterator(end()); }

  const_reverse_iterator rbegin() const noexcept { return const_reverse_iterator(end()); }

  reverse_iterator rend() noexcept { return reverse_iterator(begin()); }

  const_reverse_iterator rend() const noexcept { return const_reverse_iterator(begin()); }

  reference operator[](size_type i) noexcept { return data()[i]; }

  const_reference operator[](size_type i) const noexcept { return data()[i]; }

  reference front() noexcept { return *data(); }

  const_reference front() const noexcept { return *data(); }

  reference back() noexcept { return data()[size() - 1]; }

  const_reference back() const noexcept { return data()[size() - 1]; }

  /// Learns how long the file is now, so that size() may grow so far. May move the elements.
  /// EBADMSG where there is not even a header any more.
  result<void> refresh() noexcept requires reads_only {
    AFIO_TRY(const std::uint64_t bytes, file_.update_map());
    look();
    if (bytes < header_bytes) return error(EBADMSG, call::verify);
    return success();
  }

  /// ENOSPC, EDQUOT, EFBIG, ENOMEM and so on; then nothing was added.
  result<void> push_back(value_type value) noexcept requires(!reads_only) {
    if (count_ == capacity_) {
      AFIO_TRY(make_room(1));
    }
    AFIO_TRY(store(count_, std::as_bytes(std::span(&value, 1))));
    return set_count(count_ + 1);
  }

  /// All of `from`, which is not in this vector, or nothing of it. As push_back.
  result<void> append(std::span<const value_type> from) noexcept requires(!reads_only) {
    AFIO_TRY(make_room(from.size()));
    AFIO_TRY(store(count_, std::as_bytes(from)));
    return set_count(count_ + from.size());
  }

  /// ENOSPC, as even to store a smaller count takes room where a file system never writes in place.
  result<void> pop_back() noexcept requires(!reads_only) { return set_count(count_ - 1); }

  /// As pop_back.
  result<void> clear() noexcept requires(!reads_only) { return set_count(0); }

  /// New elements are copies of `value`. Where that is zeros they take no room on the disk, if the
  /// file system has holes. As push_back.
  result<void> resize(size_type n, value_type value = value_type()) noexcept requires(!reads_only) {
    if (n > count_) {
      AFIO_TRY(make_room(n - count_));
      AFIO_TRY(fill(n - count_, value));
    }
    return set_count(n);
  }

  /// Room for `n` elements in all.
  result<void> reserve(size_type n) noexcept requires(!reads_only) {
    if (n <= capacity_) return success();
    if (n > most) return error(EFBIG, call::ftruncate);
    return set_length(header_bytes + std::uint64_t{n} * sizeof(T));
  }

  /// Cuts the file behind the last element.
  result<void> shrink_to_fit() noexcept requires(!reads_only) {
    return set_length(header_bytes + count_ * sizeof(T));
  }

  /// All that was stored is durable when it returns.
  result<void> barrier() noexcept requires(!reads_only) {
    const std::uint64_t count = count_;
    AFIO_TRY(file_.barrier(barrier_kind::data));
    // Not before they are.
    AFIO_TRY(store_number(mapping_detail::durable_offset, count));
    return file_.map().barrier(barrier_kind::data, {0, header_bytes});
  }

private:
  static constexpr std::uint64_t most =
      (std::numeric_limits<std::int64_t>::max() - header_bytes) / sizeof(T);

  mapped_vector(mapped_file_handle file, const mapping_detail::vector_header& header,
                const vector_options& options) noexcept
      : file_(std::move(file)),
        count_(header.count),
        trust_(options.trust),
        access_(options.access) {
    look();
  }

  /// Where the elements are, and how many there is room for in the known length.
  void look() noexcept {
    const std::uint64_t bytes = file_.length();
    first_ = reinterpret_cast<T*>(file_.address() + header_bytes);
    capacity_ = bytes < header_bytes ? 0 : (bytes - header_bytes) / sizeof(T);
  }

  /// In one write, so that a kill leaves an empty file or a whole header.
  static result<void> make_header(file_handle& file) noexcept {
    AFIO_TRY(const std::uint64_t size, file.size());
    if (size != 0) return success();
    std::array<std::byte, header_bytes> page{};
    const auto header = mapping_detail::encode({.element_size = sizeof(T)});
    std::copy(header.begin(), header.end(), page.begin());
    AFIO_TRY(const std::size_t written, file.write(const_buffer(page), 0));
    if (written == page.size()) return success();
    AFIO_TRY(file.truncate(0));
    return error(ENOSPC, call::pwritev);
  }

  static result<mapping_detail::vector_header> read_header(const file_handle& file,
                                                           vector_trust trust) noexcept {
    mapping_detail::encoded_vector_header bytes{};
    AFIO_TRY(const std::size_t read, file.read(buffer(bytes), 0));
    AFIO_TRY(const std::uint64_t size, file.size());
    if (read != bytes.size()) return error(EBADMSG, call::verify);
    return mapping_detail::decode(bytes, size, sizeof(T), trust);
  }

  std::atomic_ref<std::uint64_t> number_at(std::size_t offset) const noexcept {
    return std::atomic_ref(*reinterpret_cast<std::uint64_t*>(file_.address() + offset));
  }

  static std::uint64_t little(std::uint64_t number) noexcept {
    if constexpr (std::endian::native == std::endian::big) return __builtin_bswap64(number);
    return number;
  }

  std::uint64_t load(std::size_t offset) const noexcept {
    return little(number_at(offset).load(std::memory_order_acquire));
  }

  /// Where guarded, it fails instead of SIGBUS: a file system that never writes in place (btrfs)
  /// needs room for each store.
  result<void> store_number(std::size_t offset, std::uint64_t number) noexcept {
    const std::uint64_t stored = little(number);
    const auto act = [&] { number_at(offset).store(stored, std::memory_order_release); };
    if (access_ == mapped_access::unguarded) {
      act();
      return success();
    }
    if (guarded({file_.address() + offset, sizeof stored}, act)) return success();
    // The kernel says why, or has room by now.
    AFIO_TRY(const std::size_t written,
             file_.io_handle::write(std::as_bytes(std::span(&stored, 1)), offset));
    if (written != sizeof stored) return error(ENOSPC, call::pwritev);
    return success();
  }

  /// After the elements. What is durable is never more.
  result<void> set_count(std::uint64_t count) noexcept {
    if (count < count_ && count < load(mapping_detail::durable_offset)) {
      AFIO_TRY(store_number(mapping_detail::durable_offset, count));
    }
    AFIO_TRY(store_number(mapping_detail::count_offset, count));
    count_ = count;
    return success();
  }

  result<void> store(std::uint64_t index, const_buffer from) noexcept {
    for (std::uint64_t offset = header_bytes + index * sizeof(T); !from.empty();) {
      AFIO_TRY(const std::size_t written, file_.write(from, offset));
      if (written == 0) return error(ENOSPC, call::pwritev);
      from = from.subspan(written);
      offset += written;
    }
    return success();
  }

  result<void> fill(std::uint64_t n, const value_type& value) noexcept {
    const auto bytes = std::as_bytes(std::span(&value, 1));
    const bool zeros =
        std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{}; });
    if (zeros && file_.punch_hole({header_bytes + count_ * sizeof(T), n * sizeof(T)}))
      return success();
    // Else, as where a file system has no holes, one after another.
    for (std::uint64_t i = 0; i < n; ++i) {
      AFIO_TRY(store(count_ + i, bytes));
    }
    return success();
  }

  result<void> make_room(std::uint64_t n) noexcept {
    if (n <= capacity_ - count_) return success();
    if (n > most - count_) return error(EFBIG, call::ftruncate);
    constexpr std::uint64_t first_step = 64 << 10; // Bytes: files are few and large.
    const std::uint64_t least = header_bytes + (count_ + n) * sizeof(T);
    const std::uint64_t twice = header_bytes + std::min(2 * capacity_, most) * sizeof(T);
    // Where there is no room for twice as much, there may be for what is needed.
    if (twice > least && set_length(twice)) return success();
    return set_length(std::max(least, first_step));
  }

  result<void> set_length(std::uint64_t bytes) noexcept {
    AFIO_TRY(file_.truncate(bytes));
    look();
    return success();
  }

  mapped_file_handle file_;
  T* first_ = nullptr;
  std::uint64_t capacity_ = 0; ///< Elements that the known length of the file has room for.
  std::uint64_t count_ = 0;    ///< Of who writes: nobody else changes it.
  vector_trust trust_ = vector_trust::all;
  mapped_access access_ = mapped_access::guarded;
};

} // namespace afio::algorithms
