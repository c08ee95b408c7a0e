#include "afio/error.hpp"

#include "afio/quoted.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>

namespace afio {

namespace {

class own_category final : public std::error_category {
public:
  const char* name() const noexcept override { return "afio"; }

  std::string message(int value) const override {
    switch (static_cast<errc>(value)) {
    case errc::raced:
      return "Changed into another file meanwhile";
    case errc::boundary:
      return "On another mount, device or subvolume";
    case errc::invalid_name:
      return "Not the name of a single directory entry";
    case errc::refused:
      return "Refused by a safety rule";
    case errc::still_growing:
      return "New entries kept appearing";
    case errc::kept_changing:
      return "It kept changing while it was read";
    case errc::differs:
      return "The copy does not read back as its source";
    case errc::check_failed:
      return "A cross-check of the checked build failed";
    }
    return "Unknown afio error";
  }
};

} // namespace

const std::error_category& afio_category() noexcept {
  static const own_category category;
  return category;
}

std::error_code make_error_code(errc code) noexcept {
  return {static_cast<int>(code), afio_category()};
}

std::error_code make_error_code(const error& e) noexcept { return e.code(); }

error::error(int native, call origin, std::string_view name) noexcept
    : native_(native), origin_(origin) {
  keep(name);
}

error::error(errc code, call origin, std::string_view name, int native) noexcept
    : native_(native), own_(code), origin_(origin) {
  keep(name);
}

error::error(const error& other) noexcept
    : native_(other.native_), own_(other.own_), origin_(other.origin_) {
  keep(other.name());
}

error& error::operator=(const error& other) noexcept {
  if (this != &other) *this = error(other);
  return *this;
}

void error::keep(std::string_view name) noexcept {
  if (name.empty()) return;
  const auto size = std::min<std::size_t>(name.size(), std::numeric_limits<std::uint16_t>::max());
  name_.reset(new (std::nothrow) char[size]);
  if (!name_) return; // The errno matters more than the name: go on without.
  std::memcpy(name_.get(), name.data(), size);
  size_ = static_cast<std::uint16_t>(size);
}

error error::about(std::string_view name) const noexcept {
  return own_ == errc{} ? error(native_, origin_, name) : error(own_, origin_, name, native_);
}

std::error_code error::code() const noexcept {
  if (own_ != errc{}) return make_error_code(own_);
  return {native_, std::system_category()};
}

std::string error::message() const {
  std::string text(name_of(origin_));
  if (!name().empty()) text += ' ' + quoted(name());
  text += ": " + code().message();
  if (own_ != errc{} && native_ != 0) text += " (" + std::system_category().message(native_) + ')';
  return text;
}

} // namespace afio
