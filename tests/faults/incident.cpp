#include "tests/faults/incident.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <sstream>
#include <utility>

namespace afio::testing {
namespace {

// Errnos that have one meaning only where they come from, and what they are called there.
constexpr std::pair<int, std::string_view> translations[] = {
    {EXDEV, "another mount, device or subvolume"},
    {EXDEV, "left out what is mounted on"},
    {ELOOP, "Changed into another file"},
    {ELOOP, "It is a symlink"},
    {ENOSYS, "Invalid argument"}, // By the C library, for a renameat2 with flags.
};

} // namespace

bool is_above_or_below(const std::string& path, const std::string& subject) {
  return path == subject || path.starts_with(subject + "/") || subject.starts_with(path + "/");
}

bool tells_reason(const ending& run, int error) {
  const auto says = [&](std::string_view text) {
    return run.errors.find(text) != std::string::npos;
  };
  return says(std::strerror(error)) ||
         std::any_of(std::begin(translations), std::end(translations),
                     [&](const auto& known) { return known.first == error && says(known.second); });
}

std::ptrdiff_t failures_told(const std::string& errors) {
  std::istringstream lines(errors);
  std::ptrdiff_t count = 0;
  for (std::string line; std::getline(lines, line);)
    count += line.find(": cannot ") != std::string::npos;
  return count;
}

} // namespace afio::testing
