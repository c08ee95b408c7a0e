#include "afio/file_view.hpp"

#include "afio/detail/syscalls.hpp"
#include "afio/memory_usage.hpp"

#include <cerrno>

#include <sys/mman.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22 // Linux 5.14
#endif

namespace afio {

result<file_view> file_view::map(const file_handle& file, extent part) noexcept {
  const std::uint64_t page = page_size();
  constexpr std::uint64_t most = std::uint64_t{1} << 62;
  if (part.length == 0 || part.length > most || part.offset > most)
    return error(EINVAL, call::mmap);
  const std::uint64_t before = part.offset % page;
  file_view view;
  AFIO_TRY(view.pages_,
           detail::sys::map(file.native(), static_cast<off_t>(part.offset - before),
                            static_cast<std::size_t>(before + part.length), PROT_READ, MAP_SHARED));
  AFIO_TRY(detail::sys::advise(view.pages_, MADV_POPULATE_READ));
  view.bytes_ = view.pages_.subspan(static_cast<std::size_t>(before));
  return view;
}

file_view::~file_view() {
  if (!pages_.empty()) detail::sys::unmap(pages_);
}

} // namespace afio
