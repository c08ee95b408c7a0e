// A file of any size as memory, of which only so much is mapped as is in use.
#pragma once

#include "afio/file_handle.hpp"
#include "afio/map_handle.hpp"
#include "algorithms/mapping/page_delta.hpp"

#include <cstdint>
#include <memory>
#include <utility>

namespace afio::algorithms {

/// What a demand_map is for.
enum class demand : std::uint8_t {
  read,
  write, ///< What is stored is the file's.
  copy,  ///< What is stored is the map's alone, until write_delta() tells what it was.
};

/// Named at the call: `{.how = demand::copy}`.
struct demand_options {
  demand how = demand::read;
  /// Bytes that may stay mapped while nobody holds them. What is held, and what a copy has changed,
  /// stays whatever this says.
  std::uint64_t budget = std::uint64_t{1} << 30;
  /// In how many pieces. The kernel gives a process 65,530 by default, for everything.
  std::uint64_t pieces = 16'384;
};

/// Keeps address space for a whole file, and maps what is asked for when it is asked for: in pieces
/// of 4 KiB, of 2 MiB for what is at least so long, of 1 GiB for what is at least that. When more
/// than the budget is mapped, what was held longest ago and has not changed is unmapped, whose
/// memory the kernel may then use otherwise. The offset of a byte in the file and its address are
/// the same modulo 1 GiB (of files that long; 2 MiB of shorter ones), so that large pages can be
/// used where a file system has them.
///
/// Why not map all of it, as map_handle does? That is simpler, and enough as long as nothing is
/// short. But then nothing is ever given back, of page tables alone 2 MiB for each GiB that was
/// touched; and a copy of a file larger than memory is more than the kernel lets a process map at
/// once, unless it is told not to count (map_flags::nocommit).
///
/// The file's length is what it was when it was opened; what touching means if somebody cuts it, or
/// the disk is full behind a hole, map_handle.hpp says.
///
/// Move-only. Calls may be made by several threads at once, but for moving and destruction, before
/// which all holds must be gone. A piece allocates 100 bytes; a failure may.
class demand_map {
  struct state;

public:
  /// Bytes that stay mapped, at the same address, as long as this lives. Move-only. Threads: one at
  /// a time; the bytes are everyone's.
  class hold {
  public:
    hold() noexcept = default;

    hold(hold&& other) noexcept
        : from_(std::exchange(other.from_, nullptr)), part_(other.part_), bytes_(other.bytes_) {}

    hold& operator=(hold&& other) noexcept {
      hold taken(std::move(other));
      std::swap(from_, taken.from_);
      std::swap(part_, taken.part_);
      std::swap(bytes_, taken.bytes_);
      return *this;
    }

    ~hold();

    /// What was asked for. Storing into it is SIGSEGV with demand::read.
    buffer bytes() const noexcept { return bytes_; }

  private:
    friend class demand_map;

    hold(state& from, extent part, buffer bytes) noexcept
        : from_(&from), part_(part), bytes_(bytes) {}

    state* from_ = nullptr;
    extent part_;
    buffer bytes_;
  };

  demand_map() noexcept;
  demand_map(demand_map&&) noexcept;
  demand_map& operator=(demand_map&&) noexcept;
  ~demand_map();

  /// A map of `file`, of which it holds a descriptor of its own. It must be open as `how` needs it:
  /// EACCES from at(). EINVAL for one that is empty; ENOMEM where there is no such address space;
  /// ENOSYS without /proc, for a copy.
  static result<demand_map> open(const file_handle& file, demand_options options = {}) noexcept;

  /// In bytes, of the file when it was opened.
  std::uint64_t size() const noexcept;
  /// Bytes mapped now.
  std::uint64_t mapped() const noexcept;

  /// Maps `part`, as far as it is not, and holds it. EINVAL for none of it, or what is not in the
  /// file; ENOMEM where the process has too many pieces mapped, or no memory.
  result<hold> at(extent part) noexcept;

  /// Of a copy (else EINVAL): writes the pages that were stored into, exactly those, as a delta to
  /// `to`, which is empty. Nobody stores meanwhile. Errors as for io_handle::write.
  result<delta_report> write_delta(file_handle& to) const noexcept;
  /// Of a copy: forgets what was stored, all of it; then it is as the file is. EBUSY while anything
  /// is held.
  result<void> discard() noexcept;

private:
  explicit demand_map(std::unique_ptr<state> made) noexcept;

  std::unique_ptr<state> state_;
};

} // namespace afio::algorithms
