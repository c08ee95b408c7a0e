#pragma once

#include <filesystem>
#include <string>

namespace afio::testing {

/// All bytes of a file; none if it can't be read.
std::string content_of(const std::filesystem::path& file);

} // namespace afio::testing
