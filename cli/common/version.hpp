// The version of the tools and the library.
#pragma once

namespace afio::cli {

inline constexpr char version[] = "0.1.0";

} // namespace afio::cli
