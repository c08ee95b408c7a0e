#pragma once

#include <map>
#include <string>

namespace afio::testing {

/// The descriptors that this process has open, and what each one refers to.
std::map<int, std::string> open_descriptors();

/// Fails the test if, when its scope ends, a descriptor is open that was not when it began, or one
/// is gone that was.
class descriptor_guard {
public:
  descriptor_guard() : before_(open_descriptors()) {}

  descriptor_guard(const descriptor_guard&) = delete;
  descriptor_guard& operator=(const descriptor_guard&) = delete;
  ~descriptor_guard();

private:
  std::map<int, std::string> before_;
};

} // namespace afio::testing
