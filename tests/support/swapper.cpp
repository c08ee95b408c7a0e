#include "tests/support/swapper.hpp"

#include <cerrno>
#include <cstdio>
#include <utility>

#include <fcntl.h>

namespace afio::testing {

int exchange(const std::filesystem::path& a, const std::filesystem::path& b) noexcept {
  return ::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) == 0 ? 0 : errno;
}

swapper::swapper(pairs names) : names_(std::move(names)), thread_([this] { run(); }) {}

void swapper::stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

void swapper::run() noexcept {
  while (!stopping_) {
    for (const auto& [a, b] : names_) {
      if (exchange(a, b) == 0) ++count_;
    }
  }
}

} // namespace afio::testing
