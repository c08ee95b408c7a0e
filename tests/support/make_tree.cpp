#include "tests/support/failed.hpp"
#include "tests/support/tree.hpp"
#include "tests/support/unique_fd.hpp"

#include <algorithm>
#include <sstream>
#include <stdexcept>
#include <vector>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

namespace afio::testing {
namespace {

using std::filesystem::path;

std::string unescaped(const std::string& word) {
  std::string bytes;
  for (std::size_t at = 0; at < word.size(); ++at) {
    const bool escape = word.compare(at, 2, "\\x") == 0 && at + 3 < word.size();
    bytes += escape ? static_cast<char>(std::stoi(word.substr(at + 2, 2), nullptr, 16)) : word[at];
    if (escape) at += 3;
  }
  return bytes;
}

struct line {
  char type = 0;
  std::string name;
  std::vector<std::string> words;

  [[nodiscard]] const std::string& word(std::size_t index) const {
    if (index >= words.size()) throw std::invalid_argument("tree literal: too short: " + name);
    return words[index];
  }

  [[nodiscard]] unsigned number(std::size_t index) const {
    return static_cast<unsigned>(std::stoul(word(index), nullptr, 0));
  }

  // The optional mode after `index` other words. Octal, with or without a leading zero.
  [[nodiscard]] mode_t mode(std::size_t index, mode_t otherwise) const {
    return index < words.size() ? static_cast<mode_t>(std::stoul(words[index], nullptr, 8))
                                : otherwise;
  }
};

std::vector<line> parse(std::string_view literal) {
  std::vector<line> lines;
  std::istringstream in{std::string(literal)};
  for (std::string text; std::getline(in, text);) {
    std::istringstream words(text);
    line parsed;
    std::string word;
    if (!(words >> parsed.type)) continue;
    words >> word;
    parsed.name = unescaped(word);
    while (words >> word) parsed.words.push_back(unescaped(word));
    lines.push_back(std::move(parsed));
  }
  return lines;
}

// A small generator seeded by the name, so that two files of one size never hold the same.
std::string content_for(const std::string& name, std::size_t size) {
  std::uint64_t state = std::hash<std::string>{}(name) | 1;
  std::string bytes(size, '\0');
  for (char& byte : bytes) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    byte = static_cast<char>(state >> 56);
  }
  return bytes;
}

void make_file(const path& at, const line& what) {
  const unique_fd fd(
      checked(::open(at.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), at.string()));
  auto bytes = content_for(what.name, what.number(0));
  if (what.type == 'z') std::fill(bytes.begin() + bytes.size() / 2, bytes.end(), '\0');
  if (::write(fd.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
    failed("write " + at.string());
  }
}

void make_socket(const path& at) {
  sockaddr_un address{AF_UNIX, {}};
  const std::string name = at.string();
  if (name.size() >= sizeof address.sun_path) throw std::invalid_argument("too long: " + name);
  name.copy(address.sun_path, name.size());
  const unique_fd fd(checked(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
  checked(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), name);
}

void make_device(const path& at, const line& what, mode_t type) {
  checked(::mknod(at.c_str(), type | 0600, makedev(what.number(0), what.number(1))), at.string());
}

void make_entry(const path& root, const line& what) {
  const path at = root / what.name;
  std::filesystem::create_directories(at.parent_path());
  switch (what.type) {
  case 'd':
    std::filesystem::create_directory(at);
    break;
  case 'f':
  case 'z':
    make_file(at, what);
    break;
  case 'e':
    std::filesystem::copy_file(root / what.word(1), at);
    break;
  case 'l':
    checked(::symlink(what.word(1).c_str(), at.c_str()), at.string());
    break;
  case 'h':
    checked(::link((root / what.word(1)).c_str(), at.c_str()), at.string());
    break;
  case 'p':
    checked(::mkfifo(at.c_str(), 0600), at.string());
    break;
  case 's':
    make_socket(at);
    break;
  case 'c':
    make_device(at, what, S_IFCHR);
    break;
  case 'b':
    make_device(at, what, S_IFBLK);
    break;
  case 'o':
    checked(::lchown(at.c_str(), what.number(0), what.number(1)), at.string());
    break;
  default:
    throw std::invalid_argument("tree literal: no such type: " + what.name);
  }
}

void set_mode(const path& root, const line& what) {
  const auto set = [&](mode_t mode) {
    checked(::chmod((root / what.name).c_str(), mode), what.name);
  };
  switch (what.type) {
  case 'd':
    return set(what.mode(0, 0755));
  case 'f':
  case 'z':
    return set(what.mode(1, 0644));
  case 'e':
    return set(what.mode(2, 0644));
  case 'p':
  case 's':
    return set(what.mode(0, 0644));
  case 'c':
  case 'b':
    return set(what.mode(2, 0644));
  default:
    return;
  }
}

} // namespace

void make_tree(const path& root, std::string_view literal) {
  std::filesystem::create_directories(root);
  const auto lines = parse(literal);
  for (const line& what : lines) make_entry(root, what);
  for (auto what = lines.rbegin(); what != lines.rend(); ++what) set_mode(root, *what);
}

} // namespace afio::testing
