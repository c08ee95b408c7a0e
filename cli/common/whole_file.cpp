#include "cli/common/whole_file.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>

namespace afio::cli {

result<std::string> contents_of(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> opened(
      path == "-" ? nullptr : std::fopen(path.c_str(), "rbe"), std::fclose);
  std::FILE* const file = path == "-" ? stdin : opened.get();
  if (file == nullptr) return error(errno, call::openat, path);
  std::string text;
  std::array<char, 32 * 1024> piece;
  while (const std::size_t size = std::fread(piece.data(), 1, piece.size(), file))
    text.append(piece.data(), size);
  if (std::ferror(file) != 0) return error(errno, call::preadv, path);
  return text;
}

} // namespace afio::cli
