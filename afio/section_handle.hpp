// Something that memory can be mapped from: a file, or memory that several maps share.
#pragma once

#include "afio/file_handle.hpp"

#include <cstdint>

namespace afio {

/// Holds a descriptor of its own, so it and its maps outlive the handle that it was made from.
/// Threads as for any handle.
class section_handle : public handle {
public:
  section_handle() noexcept = default;

  /// The contents of `backing`, however long they are by then. What a map may do with them depends
  /// on how the file is open: reading needs mode::read, writing mode::write, and mode::append and
  /// none map nothing; map_handle::map tells.
  static result<section_handle> section(const file_handle& backing) noexcept;
  /// `bytes` of memory full of zeros, which all maps of the section share, and which goes when the
  /// section and all its maps are closed. Nothing is set aside for pages that are not touched.
  static result<section_handle> section(std::uint64_t bytes) noexcept;

  /// In bytes, now: somebody else may make the file longer or shorter.
  result<std::uint64_t> length() const noexcept;
  /// Makes what is behind it longer, by a hole, or shorter. Who has mapped what goes gets SIGBUS
  /// for touching it: see guarded.hpp. EINVAL for a file that is not open for writing, and beyond
  /// 2^63 - 1.
  result<void> truncate(std::uint64_t bytes) noexcept;

private:
  using handle::handle;
};

} // namespace afio
