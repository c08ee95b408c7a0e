#include "afio/leaf_name.hpp"

#include <cstring>

namespace afio {

bool is_leaf_name(std::string_view name) noexcept {
  if (name.empty() || name.size() > leaf_name::max_size || name == "." || name == "..")
    return false;
  return name.find('/') == name.npos && name.find('\0') == name.npos;
}

result<leaf_name> leaf_name::from(const char* name) noexcept {
  const std::string_view view(name);
  if (!is_leaf_name(view)) return error(errc::invalid_name, call::verify, view);
  return leaf_name(name, view.size());
}

result<leaf_buffer> leaf_buffer::from(std::string_view name) noexcept {
  if (!is_leaf_name(name)) return error(errc::invalid_name, call::verify, name);
  // A string_view need not end in NUL, so the bytes are copied before they become a leaf_name.
  std::array<char, leaf_name::max_size + 1> terminated;
  std::memcpy(terminated.data(), name.data(), name.size());
  terminated[name.size()] = '\0';
  return leaf_buffer(leaf_name(terminated.data(), name.size()));
}

leaf_buffer::leaf_buffer(leaf_name name) noexcept : size_(name.size_) {
  std::memcpy(bytes_.data(), name.name_, name.size_ + 1);
}

} // namespace afio
