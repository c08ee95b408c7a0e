#include "afio/random_name.hpp"

#include "afio/detail/syscalls.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace afio {

namespace {

constexpr char prefix[] = ".afio-";
constexpr std::size_t prefix_size = sizeof(prefix) - 1;
constexpr std::string_view digits = "0123456789abcdef";
constexpr std::size_t random_size = 16;

template <std::size_t Size>
result<leaf_buffer> fresh(const char (&begin)[Size]) noexcept {
  constexpr std::size_t begin_size = Size - 1;
  std::array<std::byte, random_size> bits;
  AFIO_TRY(detail::sys::random_bytes(bits));
  std::array<char, begin_size + 2 * random_size> text;
  char* out = std::copy(begin, begin + begin_size, text.begin());
  for (const std::byte b : bits) {
    *out++ = digits[std::to_integer<unsigned>(b) >> 4];
    *out++ = digits[std::to_integer<unsigned>(b) & 15];
  }
  return leaf_buffer::from({text.data(), text.size()});
}

} // namespace

result<leaf_buffer> random_name() noexcept { return fresh(prefix); }

result<leaf_buffer> kept_name() noexcept { return fresh("afio-kept-"); }

bool is_random_name(std::string_view name) noexcept {
  return name.starts_with(prefix) && name.size() == prefix_size + 2 * random_size &&
         name.find_first_not_of(digits, prefix_size) == name.npos;
}

} // namespace afio
