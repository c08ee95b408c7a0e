// Memory that lives in a file.
#pragma once

#include "afio/file_handle.hpp"
#include "afio/file_lock.hpp"
#include "afio/map_handle.hpp"
#include "algorithms/mapping/size_classes.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <mutex>

namespace afio::algorithms {

/// In bytes, of a file of memory.
struct memory_census {
  std::uint64_t file = 0; ///< Its length.
  std::uint64_t used = 0; ///< Given out, in whole blocks.
  std::uint64_t free = 0; ///< Given back, and not given out again.

  friend bool operator==(const memory_census&, const memory_census&) noexcept = default;
};

/// A memory resource over a file: what it gives out is in the file, what is given back is used
/// again, and both are known to who opens the file later. There, what was stored is found through
/// root() and the relative_ptrs that it has; the map may be elsewhere by then. (Containers of
/// std::pmr work, too, as long as the resource is open; but they hold absolute pointers, one of
/// them to the resource, so they do not outlive it.)
///
/// The file: a header of 4,096 bytes, then blocks of the sizes of size_classes.hpp, each of a class
/// in a list while it is free. A block is given out from its own list, else cut from the smallest
/// that is larger, else from the end of the file, which becomes longer by 1 MiB or more, with its
/// blocks on the disk: so a full disk is an error and no signal later. (But on a file system that
/// never writes in place, as btrfs, any store may need room: see guarded.hpp.) Neighbours that are
/// free are not joined, and the file does not get shorter. Numbers are as the processor has them.
///
/// **After a kill** at any moment the file is whole: what was being given out or taken back just
/// then may be neither used nor free. What the program made of its memory is its own affair.
/// **After a power cut**, what was there at the last barrier() is there, if nothing was changed
/// behind it; else nothing is promised.
///
/// One resource at a time has the file open, which it locks. Not to be moved or copied, since
/// containers point to it. Blocks of an alignment above the page's keep it only as long as they are
/// mapped where they were given out. Threads: one at a time; several with
/// shared_file_memory_resource.
class file_memory_resource final : public std::pmr::memory_resource {
public:
  /// Takes `file`, open with mode::write. One that is empty gets a header. `reservation`, in bytes,
  /// is as long as the file can become while this is open. EBADMSG for what is no such
  /// file; ETIMEDOUT where it is locked, after waiting as `limit` says; EINVAL for less than a
  /// file's length; ENOMEM; else as map_handle::map.
  static result<std::unique_ptr<file_memory_resource>>
  open(file_handle file, std::uint64_t reservation = std::uint64_t{1} << 38,
       deadline limit = deadline::in(std::chrono::seconds(0))) noexcept;

  file_memory_resource(const file_memory_resource&) = delete;
  file_memory_resource& operator=(const file_memory_resource&) = delete;
  ~file_memory_resource() override;

  /// As allocate(), for who has no exceptions: ENOSPC, EDQUOT, EIO, EFBIG where the file cannot
  /// grow; ENOMEM beyond the reservation; EINVAL for an alignment that is no power of two, or above
  /// 1 GiB; EBADMSG where a list is damaged. No allocation but that.
  result<std::byte*> try_allocate(std::uint64_t bytes, std::uint64_t alignment = 16) noexcept;
  /// Takes back what try_allocate() or allocate() gave, with the same numbers.
  void give_back(std::byte* at, std::uint64_t bytes, std::uint64_t alignment = 16) noexcept;

  /// What the program has put there for who opens the file next; null at first.
  template <class T>
  T* root() const noexcept {
    return reinterpret_cast<T*>(root_address());
  }

  /// `target` is in this memory, or null.
  template <class T>
  void set_root(T* target) noexcept {
    set_root_address(reinterpret_cast<std::byte*>(target));
  }

  /// Goes through all lists, and proves that they are whole: else EBADMSG.
  result<memory_census> census() const noexcept;

  /// What was stored is durable on return. EIO and others as for io_handle::barrier.
  result<void> barrier() noexcept;

private:
  /// For std::pmr: std::bad_alloc where try_allocate() fails, as its contract says.
  void* do_allocate(std::size_t bytes, std::size_t alignment) override;
  void do_deallocate(void* at, std::size_t bytes, std::size_t alignment) override;

  bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override {
    return this == &other;
  }

  struct header;

  file_memory_resource(file_handle file, map_handle map, std::uint64_t size) noexcept
      : file_(std::move(file)), map_(std::move(map)), size_(size) {}

  header& head() const noexcept;
  std::uint64_t& link_at(std::uint64_t block) const noexcept;
  bool is_block(std::uint64_t block, std::size_t which) const noexcept;
  std::byte* root_address() const noexcept;
  void set_root_address(std::byte* target) noexcept;
  result<std::uint64_t> block_of(std::size_t which) noexcept;
  result<std::uint64_t> first_of(std::size_t which) noexcept;
  result<std::uint64_t> cut(std::size_t which) noexcept;
  result<std::uint64_t> extend(std::size_t which) noexcept;
  void put(std::uint64_t block, std::size_t which) noexcept;
  void put_all(std::uint64_t from, std::uint64_t to) noexcept;

  /// Those whose lists have blocks: the header tells it, too, but slower.
  size_classes::set stocked_;
  file_handle file_;
  file_lock lock_;
  map_handle map_;
  std::uint64_t size_; ///< Of the file.
};

/// The same for several threads at once.
class shared_file_memory_resource final : public std::pmr::memory_resource {
public:
  /// `memory` must outlive it, and be used through it alone while several threads are at it.
  explicit shared_file_memory_resource(file_memory_resource& memory) noexcept : memory_(&memory) {}

private:
  void* do_allocate(std::size_t bytes, std::size_t alignment) override {
    const std::lock_guard locked(one_);
    return memory_->allocate(bytes, alignment);
  }

  void do_deallocate(void* at, std::size_t bytes, std::size_t alignment) override {
    const std::lock_guard locked(one_);
    memory_->deallocate(at, bytes, alignment);
  }

  bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override {
    return this == &other;
  }

  std::mutex one_;
  file_memory_resource* memory_;
};

} // namespace afio::algorithms
