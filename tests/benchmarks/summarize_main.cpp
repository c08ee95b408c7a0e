// What `du -s` prints, counted by the library.
//
//   summarize_main PATH [-j THREADS]
//
// Prints the room taken in KiB, as du does, then the number of entries and their bytes.

#include "algorithms/observer.hpp"
#include "algorithms/summarize.hpp"

#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <string_view>

namespace {

using namespace afio;

int complain(const error& why) {
  std::fprintf(stderr, "summarize_main: %s\n", why.message().c_str());
  return 1;
}

int summarize_path(const char* path, unsigned threads) {
  const auto root = path_handle::path(path_handle::working_directory(), path);
  if (!root) return complain(root.assume_error());
  algorithms::observer silent;
  const auto counted = algorithms::summarize(
      {&root.assume_value(), path}, algorithms::counting::sizes, {.threads = threads}, silent);
  if (!counted) return complain(counted.assume_error());
  const auto& total = counted.assume_value();
  std::printf("%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\n", total.allocated / 1024, total.total(),
              total.bytes);
  return total.failures == 0 ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
  unsigned threads = 0;
  if (argc == 4 && std::string_view(argv[2]) == "-j") {
    std::from_chars(argv[3], argv[3] + std::strlen(argv[3]), threads);
  }
  if (argc != 2 && threads == 0) {
    std::fputs("usage: summarize_main PATH [-j THREADS]\n", stderr);
    return 2;
  }
  return summarize_path(argv[1], threads);
}
