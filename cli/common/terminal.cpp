#include "cli/common/terminal.hpp"

#include <cstdlib>
#include <string_view>

#include <sys/ioctl.h>
#include <unistd.h>

namespace afio::cli {

palette palette_of_stdout() noexcept {
  const char* const none = std::getenv("NO_COLOR");
  const char* const terminal = std::getenv("TERM");
  const bool can = ::isatty(STDOUT_FILENO) == 1 && (none == nullptr || *none == '\0') &&
                   terminal != nullptr && std::string_view(terminal) != "dumb";
  return can ? palette::colours : palette::ascii;
}

std::size_t columns_of_stdout() noexcept {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

} // namespace afio::cli
