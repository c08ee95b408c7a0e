#include "cli/common/terminal.hpp"

#include <cstdlib>
#include <string_view>

#include <sys/ioctl.h>
#include <unistd.h>

namespace afio::cli {

bool is_capable_terminal(int descriptor) noexcept {
  const char* const kind = std::getenv("TERM");
  return kind != nullptr && std::string_view(kind) != "dumb" && ::isatty(descriptor) == 1;
}

palette palette_of_stdout() noexcept {
  const char* const none = std::getenv("NO_COLOR");
  const bool can = is_capable_terminal(STDOUT_FILENO) && (none == nullptr || *none == '\0');
  return can ? palette::colours : palette::ascii;
}

std::size_t columns_of(int descriptor) noexcept {
  winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

} // namespace afio::cli
