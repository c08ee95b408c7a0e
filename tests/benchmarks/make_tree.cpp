// Makes the trees that the benchmarks delete and count; the same arguments make the same tree.
//
//   make_tree wide   PATH DIRECTORIES FILES BYTES   DIRECTORIES directories of FILES files each
//   make_tree flat   PATH FILES BYTES               one directory
//   make_tree large  PATH FILES BYTES               one directory; every other MiB of the last is
//                                                   a hole
//   make_tree zeros  PATH PAIRS BYTES               one file: BYTES of data, BYTES of zeros that
//   are
//                                                   written, and so on
//   make_tree chain  PATH DEPTH                     directories only, each the only one of another
//   make_tree source PATH FILES SEED                files and directories as in source code
//   make_tree linked PATH DIRECTORIES FILES EACH    as wide, empty; every EACHth file of the first
//                                                   half of the directories has one more name in
//                                                   the second, the first directory's in the last
//   make_tree copies PATH FILES SEED                directories of 100 files of about 8 KiB, of
//                                                   which three in ten are copies of earlier ones
//   make_tree twins  PATH FILES BYTES               one directory; each content twice, and the next
//                                                   one may be the same but for its last block
//
// PATH must not exist. Prints the number of entries made, PATH included, and the bytes written.
// It is a program because a tree is made anew for every run of a tool that deletes it: most of the
// time of a benchmark goes here. It uses no part of the library that is measured.

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <numbers>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

[[noreturn]] void fail(std::string_view operation, std::string_view name) {
  throw std::system_error(errno, std::system_category(),
                          std::string(operation) + " " + std::string(name));
}

class directory {
public:
  explicit directory(const std::string& path, int at = AT_FDCWD) {
    if (::mkdirat(at, path.c_str(), 0755) != 0) fail("mkdir", path);
    fd_ = ::openat(at, path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd_ < 0) fail("open", path);
  }

  directory(directory&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

  directory& operator=(directory&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }

  ~directory() {
    if (fd_ >= 0) ::close(fd_);
  }

  [[nodiscard]] int fd() const { return fd_; }

private:
  int fd_ = -1;
};

struct tally {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
};

void write_file(const directory& parent, const char* name, std::uint64_t size, tally& made) {
  static const auto content = [] {
    std::array<char, 65536> bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>('a' + i % 23);
    return bytes;
  }();
  const int fd = ::openat(parent.fd(), name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) fail("create", name);
  for (std::uint64_t done = 0; done < size;) {
    const auto written =
        ::write(fd, content.data(), std::min<std::uint64_t>(size - done, content.size()));
    if (written < 0) fail("write", name);
    done += static_cast<std::uint64_t>(written);
  }
  if (::close(fd) != 0) fail("close", name);
  ++made.entries;
  made.bytes += size;
}

/// Bytes that follow from `seed` alone. No two seeds have a block in common.
void append_noise(int fd, const char* name, std::uint64_t size, std::uint64_t seed) {
  std::array<std::uint64_t, 8192> block{};
  std::uint64_t state = seed * 0x9e3779b97f4a7c15;
  while (size != 0) {
    for (auto& word : block) {
      state = (state ^ (state >> 29)) * 0xbf58476d1ce4e5b9 + seed + 1;
      word = state;
    }
    const auto piece = std::min<std::uint64_t>(size, sizeof(block));
    if (::write(fd, block.data(), piece) != static_cast<ssize_t>(piece)) fail("write", name);
    size -= piece;
  }
}

/// One whose last `different` bytes have a seed of their own.
void write_noise(const directory& parent, const char* name, std::uint64_t size, std::uint64_t seed,
                 std::uint64_t different, std::uint64_t last_seed, tally& made) {
  const int fd = ::openat(parent.fd(), name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) fail("create", name);
  append_noise(fd, name, size - different, seed);
  append_noise(fd, name, different, last_seed);
  if (::close(fd) != 0) fail("close", name);
  ++made.entries;
  made.bytes += size;
}

void fill(const directory& parent, std::uint64_t files, std::uint64_t size, tally& made) {
  std::array<char, 32> name{};
  for (std::uint64_t i = 0; i < files; ++i) {
    std::snprintf(name.data(), name.size(), "file-%07llu", static_cast<unsigned long long>(i));
    write_file(parent, name.data(), size, made);
  }
}

tally make_flat(const std::string& path, std::uint64_t files, std::uint64_t size) {
  tally made{.entries = 1};
  fill(directory(path), files, size, made);
  return made;
}

void punch_holes(const directory& parent, const char* name, std::uint64_t size) {
  constexpr off_t piece = 1 << 20;
  const int fd = ::openat(parent.fd(), name, O_WRONLY | O_CLOEXEC);
  if (fd < 0) fail("open", name);
  for (off_t at = piece; at + piece <= static_cast<off_t>(size); at += 2 * piece) {
    if (::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, piece) != 0)
      fail("fallocate", name);
  }
  if (::close(fd) != 0) fail("close", name);
}

tally make_large(const std::string& path, std::uint64_t files, std::uint64_t size) {
  tally made{.entries = 1};
  const directory root(path);
  fill(root, files - 1, size, made);
  write_file(root, "sparse", size, made);
  punch_holes(root, "sparse", size);
  return made;
}

tally make_zeros(const std::string& path, std::uint64_t pairs, std::uint64_t size) {
  tally made{.entries = 2, .bytes = 2 * pairs * size};
  const directory root(path);
  std::string pair(size, 'x');
  pair.append(size, '\0');
  const int fd = ::openat(root.fd(), "file", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) fail("create", "file");
  for (std::uint64_t i = 0; i < pairs; ++i) {
    if (::write(fd, pair.data(), pair.size()) != static_cast<ssize_t>(pair.size()))
      fail("write", "file");
  }
  if (::close(fd) != 0) fail("close", "file");
  return made;
}

tally make_wide(const std::string& path, std::uint64_t directories, std::uint64_t files,
                std::uint64_t size) {
  tally made{.entries = 1 + directories};
  const directory root(path);
  for (std::uint64_t i = 0; i < directories; ++i) {
    fill(directory("directory-" + std::to_string(i), root.fd()), files, size, made);
  }
  return made;
}

tally make_chain(const std::string& path, std::uint64_t depth) {
  directory last(path);
  // Together the names are longer than PATH_MAX, as any tree so deep that was not made for tools
  // that work with whole paths.
  for (std::uint64_t i = 0; i < depth; ++i) last = directory("directory", last.fd());
  return {.entries = 1 + depth};
}

// The standard library's distributions differ between implementations, and with them the tree.
class random_numbers {
public:
  explicit random_numbers(std::uint64_t seed) : state_(seed) {}

  // SplitMix64.
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  // In (0, 1].
  double uniform() { return static_cast<double>((next() >> 11) + 1) * 0x1.0p-53; }

  std::uint64_t below(std::uint64_t bound) { return next() % bound; }

  double normal() {
    const double radius = std::sqrt(-2 * std::log(uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }

  double log_normal(double median, double sigma) { return median * std::exp(sigma * normal()); }

private:
  std::uint64_t state_;
};

std::string word(random_numbers& random) {
  static constexpr std::array<std::string_view, 24> words = {
      "path",  "handle", "view",   "walk",  "test",  "index", "map",   "io",
      "error", "table",  "parser", "cache", "queue", "state", "file",  "stream",
      "node",  "list",   "buffer", "sync",  "util",  "text",  "block", "configuration"};
  std::string result(words[random.below(words.size())]);
  while (random.below(3) == 0) result.append("_").append(words[random.below(words.size())]);
  return result;
}

struct planned_directory {
  std::string path;
  unsigned depth = 0;
  double share = 0; // of the files
  std::uint64_t files = 0;
};

// Directories hang more often below those made early, which gives a mean depth of about four, and
// share the files unevenly: most hold few, some hold hundreds.
std::vector<planned_directory> plan_source(std::uint64_t files, random_numbers& random) {
  constexpr unsigned deepest = 10;
  constexpr std::uint64_t files_a_directory = 12;
  const auto count = 1 + files / files_a_directory;
  std::vector<planned_directory> plan{{.path = "", .depth = 0, .share = 1}};
  while (plan.size() < count) {
    const double u = random.uniform();
    const auto& parent =
        plan[static_cast<std::size_t>(u * u * static_cast<double>(plan.size() - 1))];
    if (parent.depth == deepest) continue;
    // The number keeps names in one directory apart.
    plan.push_back({.path = parent.path + "/" + word(random) + std::to_string(plan.size()),
                    .depth = parent.depth + 1,
                    .share = random.log_normal(1, 1)});
  }

  std::vector<double> sums;
  double sum = 0;
  for (const auto& each : plan) sums.push_back(sum += each.share);
  for (std::uint64_t i = 0; i < files; ++i) {
    const auto chosen = std::lower_bound(sums.begin(), sums.end() - 1, random.uniform() * sum);
    ++plan[static_cast<std::size_t>(chosen - sums.begin())].files;
  }
  // The order in which an archive is unpacked: a directory with its files, then what is below it.
  std::sort(plan.begin(), plan.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return plan;
}

std::uint64_t source_file_size(random_numbers& random) {
  // One file in 1,500 is a picture or a table: 256 KiB to 2 MiB. The rest are text.
  if (random.below(1500) == 0)
    return static_cast<std::uint64_t>(262144 * std::exp2(3 * random.uniform()));
  return static_cast<std::uint64_t>(std::min(random.log_normal(3072, 1.2), 262144.0));
}

tally make_source(const std::string& path, std::uint64_t files, std::uint64_t seed) {
  static constexpr std::array<const char*, 6> suffixes = {".cpp", ".hpp", ".py", ".md", ".o", ""};
  random_numbers random(seed);
  tally made;
  for (const auto& each : plan_source(files, random)) {
    const directory here(path + each.path);
    ++made.entries;
    for (std::uint64_t i = 0; i < each.files; ++i) {
      const auto name = word(random) + std::to_string(i) + suffixes[random.below(suffixes.size())];
      write_file(here, name.c_str(), source_file_size(random), made);
    }
  }
  return made;
}

/// Under the same name.
void link_file(const directory& from, const char* name, const directory& to, tally& made) {
  if (::linkat(from.fd(), name, to.fd(), name, 0) != 0) fail("link", name);
  ++made.entries;
}

std::string numbered(const char* what, std::uint64_t number) {
  std::array<char, 32> name{};
  std::snprintf(name.data(), name.size(), "%s-%07llu", what,
                static_cast<unsigned long long>(number));
  return name.data();
}

tally make_linked(const std::string& path, std::uint64_t directories, std::uint64_t files,
                  std::uint64_t each) {
  tally made{.entries = 1 + directories};
  const directory root(path);
  std::vector<directory> firsts;
  for (std::uint64_t i = 0; i < directories; ++i) {
    directory here("directory-" + std::to_string(i), root.fd());
    const bool second = i >= directories - directories / 2;
    for (std::uint64_t k = 0; k < files; ++k) {
      const std::string name = numbered("file", k);
      if (second && k % each == 0)
        link_file(firsts[directories - 1 - i], name.c_str(), here, made);
      else
        write_file(here, name.c_str(), 0, made);
    }
    if (i < directories / 2) firsts.push_back(std::move(here));
  }
  return made;
}

tally make_copies(const std::string& path, std::uint64_t files, std::uint64_t seed) {
  constexpr std::uint64_t files_a_directory = 100;

  struct content {
    std::uint64_t size, seed;
  };

  random_numbers random(seed);
  tally made{.entries = 1};
  const directory root(path);
  std::vector<content> written;
  for (std::uint64_t i = 0; i < files;) {
    const directory here(numbered("directory", i / files_a_directory), root.fd());
    ++made.entries;
    for (const auto end = std::min(files, i + files_a_directory); i < end; ++i) {
      const bool copy = !written.empty() && random.below(10) < 3;
      // An empty file is a copy of any other: none are made.
      if (!copy)
        written.push_back(
            {1 + static_cast<std::uint64_t>(std::min(random.log_normal(8192, 1), 1048576.0)), i});
      const content& has = copy ? written[random.below(written.size())] : written.back();
      write_noise(here, numbered("file", i).c_str(), has.size, has.seed, 0, 0, made);
    }
  }
  return made;
}

tally make_twins(const std::string& path, std::uint64_t files, std::uint64_t size) {
  constexpr std::uint64_t block = 4096;
  tally made{.entries = 1};
  const directory root(path);
  for (std::uint64_t i = 0; i < files; ++i) {
    // Far from each other in the listing.
    const std::uint64_t content = i % ((files + 1) / 2);
    write_noise(root, numbered("file", i).c_str(), size, content / 2, std::min(block, size),
                1000 + content, made);
  }
  return made;
}

int usage() {
  std::fputs("usage: make_tree wide PATH DIRECTORIES FILES BYTES\n"
             "       make_tree flat PATH FILES BYTES\n"
             "       make_tree large PATH FILES BYTES\n"
             "       make_tree zeros PATH PAIRS BYTES\n"
             "       make_tree chain PATH DEPTH\n"
             "       make_tree source PATH FILES SEED\n"
             "       make_tree linked PATH DIRECTORIES FILES EACH\n"
             "       make_tree copies PATH FILES SEED\n"
             "       make_tree twins PATH FILES BYTES\n",
             stderr);
  return 2;
}

} // namespace

int main(int argc, char** argv) try {
  if (argc < 4) return usage();
  const std::string_view shape = argv[1];
  const std::string path = argv[2];
  std::vector<std::uint64_t> numbers;
  for (int i = 3; i < argc; ++i) {
    const char* const end = argv[i] + std::strlen(argv[i]);
    const auto parsed = std::from_chars(argv[i], end, numbers.emplace_back());
    if (parsed.ec != std::errc() || parsed.ptr != end) return usage();
  }

  tally made;
  if (shape == "wide" && numbers.size() == 3) {
    made = make_wide(path, numbers[0], numbers[1], numbers[2]);
  } else if (shape == "flat" && numbers.size() == 2) {
    made = make_flat(path, numbers[0], numbers[1]);
  } else if (shape == "large" && numbers.size() == 2 && numbers[0] != 0) {
    made = make_large(path, numbers[0], numbers[1]);
  } else if (shape == "zeros" && numbers.size() == 2) {
    made = make_zeros(path, numbers[0], numbers[1]);
  } else if (shape == "chain" && numbers.size() == 1) {
    made = make_chain(path, numbers[0]);
  } else if (shape == "source" && numbers.size() == 2) {
    made = make_source(path, numbers[0], numbers[1]);
  } else if (shape == "linked" && numbers.size() == 3 && numbers[2] != 0) {
    made = make_linked(path, numbers[0], numbers[1], numbers[2]);
  } else if (shape == "copies" && numbers.size() == 2) {
    made = make_copies(path, numbers[0], numbers[1]);
  } else if (shape == "twins" && numbers.size() == 2) {
    made = make_twins(path, numbers[0], numbers[1]);
  } else {
    return usage();
  }
  std::printf("%llu %llu\n", static_cast<unsigned long long>(made.entries),
              static_cast<unsigned long long>(made.bytes));
  return 0;

} catch (const std::exception& error) {

  std::fprintf(stderr, "make_tree: %s\n", error.what());
  return 1;
}
