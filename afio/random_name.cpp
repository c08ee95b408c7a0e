#include "afio/random_name.hpp"

#include "afio/detail/syscalls.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

namespace afio {

namespace {

constexpr std::string_view prefix = ".afio-";
constexpr std::string_view digits = "0123456789abcdef";
constexpr std::size_t random_size = 16;

} // namespace

result<leaf_buffer> random_name() noexcept {
  std::array<std::byte, random_size> bits;
  AFIO_TRY(detail::sys::random_bytes(bits));
  std::array<char, prefix.size() + 2 * random_size> text;
  char* out = std::copy(prefix.begin(), prefix.end(), text.begin());
  for (const std::byte b : bits) {
    *out++ = digits[std::to_integer<unsigned>(b) >> 4];
    *out++ = digits[std::to_integer<unsigned>(b) & 15];
  }
  return leaf_buffer::from({text.data(), text.size()});
}

bool is_random_name(std::string_view name) noexcept {
  return name.starts_with(prefix) && name.size() == prefix.size() + 2 * random_size &&
         name.find_first_not_of(digits, prefix.size()) == name.npos;
}

} // namespace afio
