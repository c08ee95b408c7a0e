// Lines of hashes and names: what is printed is read back as it was, whatever the name; and any
// bytes are read without reading behind them.
#include "cli/hash_list.hpp"
#include "tests/fuzz/check.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace afio::cli {
namespace {

void check(std::string_view text, hash_lines how) {
  const char end = how == hash_lines::nul ? '\0' : '\n';
  for (const std::string_view line : lines_of(text, how)) {
    const auto parsed = parse_line(line, how);
    if (parsed && !parsed->name.empty())
      CHECK(parse_line(
                std::string_view(line_of(*parsed, how)).substr(0, line_of(*parsed, how).size() - 1),
                how) == parsed);
  }
  listed_hash file{{text.size() * 0x9E3779B97F4A7C15, ~text.size()}, std::string(text)};
  while (file.name.find('\0') != file.name.npos) file.name.erase(file.name.find('\0'), 1);
  if (file.name.empty()) return;
  const std::string printed = line_of(file, how);
  CHECK(printed.back() == end && printed.find(end) == printed.size() - 1);
  CHECK(lines_of(printed, how).size() == 1);
  CHECK(parse_line(lines_of(printed, how)[0], how) == file);
}

} // namespace
} // namespace afio::cli

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace afio::cli;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto how : {hash_lines::newline, hash_lines::nul}) {
    check(text, how);
    check("0123456789abcdefFEDCBA9876543210  " + std::string(text), how);
    check("\\0123456789abcdefFEDCBA9876543210 *" + std::string(text), how);
  }
  return 0;
}
