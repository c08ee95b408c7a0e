#include "afio/io_handle.hpp"

#include "afio/detail/syscalls.hpp"

#include <array>
#include <cerrno>
#include <limits>

namespace afio {

namespace sys = detail::sys;

namespace {

bool fits(std::uint64_t offset) noexcept { return offset <= std::numeric_limits<off_t>::max(); }

/// Hands the buffers to `f` as the kernel's kind of array, made on the stack.
template <class Buffer, class F>
result<std::size_t> with_iovecs(std::span<const Buffer> buffers, std::uint64_t offset, call which,
                                F f) noexcept {
  if (buffers.size() > io_handle::max_buffers || !fits(offset)) return error(EINVAL, which);
  std::array<iovec, io_handle::max_buffers> vectors;
  for (std::size_t i = 0; i < buffers.size(); ++i) {
    // iovec has one pointer type for both directions; writing does not change what it points to.
    vectors[i] = {const_cast<std::byte*>(buffers[i].data()), buffers[i].size()};
  }
  return f(std::span<const iovec>(vectors.data(), buffers.size()), static_cast<off_t>(offset));
}

} // namespace

result<std::size_t> io_handle::read(std::span<const buffer> into,
                                    std::uint64_t offset) const noexcept {
  if (into.size() == 1) return read(into.front(), offset);
  return with_iovecs(into, offset, call::preadv, [&](std::span<const iovec> vectors, off_t at) {
    return sys::read(file_, vectors, at);
  });
}

result<std::size_t> io_handle::read(buffer into, std::uint64_t offset) const noexcept {
  if (!fits(offset)) return error(EINVAL, call::pread64);
  return sys::read(file_, into, static_cast<off_t>(offset));
}

result<std::size_t> io_handle::write(std::span<const const_buffer> from,
                                     std::uint64_t offset) noexcept {
  if (from.size() == 1) return write(from.front(), offset);
  return with_iovecs(from, offset, call::pwritev, [&](std::span<const iovec> vectors, off_t at) {
    return sys::write(file_, vectors, at);
  });
}

result<std::size_t> io_handle::write(const_buffer from, std::uint64_t offset) noexcept {
  if (!fits(offset)) return error(EINVAL, call::pwrite64);
  return sys::write(file_, from, static_cast<off_t>(offset));
}

result<void> io_handle::barrier(barrier_kind kind, extent part) noexcept {
  switch (kind) {
  case barrier_kind::start:
    if (!fits(part.offset) || !fits(part.length)) return error(EINVAL, call::sync_file_range);
    return sys::start_write_back(file_, static_cast<off_t>(part.offset),
                                 static_cast<off_t>(part.length));
  case barrier_kind::data:
    return sys::sync_data(file_);
  case barrier_kind::all:
    return sys::sync_all(file_);
  }
  return error(EINVAL, call::fsync);
}

} // namespace afio
