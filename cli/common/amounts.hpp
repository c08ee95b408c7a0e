// Numbers for people.
#pragma once

#include <cstdint>
#include <string>

namespace afio::cli {

/// "1,234,567".
std::string grouped(std::uint64_t number);

/// "999 B", "1.5 MiB", "12 GiB".
std::string size_text(double bytes);

inline std::string size_text(std::uint64_t bytes) { return size_text(static_cast<double>(bytes)); }

} // namespace afio::cli
