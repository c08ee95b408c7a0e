// A file that the command line names, all of it in memory.
#pragma once

#include <optional>
#include <string>

namespace afio::cli {

/// All of the file at `path`; "-": of what is piped in. Nothing where it cannot be read.
std::optional<std::string> contents_of(const std::string& path);

} // namespace afio::cli
