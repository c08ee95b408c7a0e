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
#include <string>
#include <string_view>
#include <utility>

namespace {

using namespace afio;

// The directory that the last component of `path` is in, then that component.
std::pair<std::string, std::string> split(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return {".", path};
  return {path.substr(0, slash + 1), path.substr(slash + 1)};
}

int complain(const error& why) {
  std::fprintf(stderr, "summarize_main: %s\n", why.message().c_str());
  return 1;
}

int summarize_path(const std::string& path, unsigned threads) {
  const auto [parent, name] = split(path);
  const auto directory = path_handle::path(path_handle::working_directory(), parent);
  if (!directory) return complain(directory.assume_error());
  algorithms::observer silent;
  const auto counted = algorithms::summarize(
      {&directory.assume_value(), name}, algorithms::counting::sizes, {.threads = threads}, silent);
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
