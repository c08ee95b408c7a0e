// A file that the command line names, all of it in memory.
#pragma once

#include "afio/result.hpp"

#include <string>

namespace afio::cli {

/// All of the file at `path`; "-": of what is piped in.
result<std::string> contents_of(const std::string& path);

} // namespace afio::cli
