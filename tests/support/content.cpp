#include "tests/support/content.hpp"

#include <fstream>
#include <sstream>
#include <utility>

namespace afio::testing {

// By whole buffers: a byte at a time, 60 MiB take seconds where a test is compiled without
// optimization.
std::string content_of(const std::filesystem::path& file) {
  std::ostringstream bytes;
  bytes << std::ifstream(file, std::ios::binary).rdbuf();
  return std::move(bytes).str();
}

} // namespace afio::testing
