#include "cli/common/whole_file.hpp"

#include <fstream>
#include <iostream>
#include <iterator>

namespace afio::cli {

std::optional<std::string> contents_of(const std::string& path) {
  std::ifstream file;
  if (path != "-") file.open(path, std::ios::binary);
  std::istream& in = path == "-" ? std::cin : file;
  if (!in) return std::nullopt;
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (in.bad()) return std::nullopt;
  return text;
}

} // namespace afio::cli
