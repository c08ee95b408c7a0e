// Runs a fuzzer without a fuzzer: on the files it is given, else on a fixed corpus and a hundred
// thousand pseudo-random inputs grown from it, the same ones each time.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using namespace std::string_view_literals;

constexpr std::string_view corpus[] = {
    ""sv, "."sv, ".."sv, "..."sv, "/"sv, "//"sv, "a"sv, "a/"sv, "/a"sv, "a/b"sv, "../../etc"sv,
    "a//b//"sv, "./a"sv, ".afio-0123456789abcdef0123456789abcdef"sv, "a\0b"sv, "\n"sv, "\t\r"sv,
    "\x1b[2J\x1b[1;31m"sv, "\x7f"sv, "\"quoted\" \\ back"sv, "\\x41"sv, "-rf"sv, " "sv,
    "F\xc3\xbc\xc3\x9f"sv, "\xe6\x9d\xb1\xe4\xba\xac"sv, "\xf0\x9f\x99\x82"sv,
    "\xc2\x9b"
    "31m"sv,
    "\xe2\x80\xae"
    "gpj.exe"sv,
    "\xe2\x80\xa8"sv, "\xd8\x9c"sv, "\xef\xbb\xbf"sv, "\xc0\xaf"sv, "\xe0\x80\xaf"sv,
    "\xed\xa0\x80"sv, "\xf4\x90\x80\x80"sv, "\xf8\x88\x80\x80\x80"sv, "\xff\xfe"sv, "\xc3"sv,
    "\xe6\x9d"sv, "\xf0\x9f\x98"sv,
    // Records of a listing: type, inode, position, length, name.
    "\x04\x01\x02\x03\x00\x04\x01\x02\x03\x01\x08\x01\x02\x03\x05names"sv,
    "\x0a\xff\xff\xff\x02..\x08\x00\x00\x00\x03..."sv,
    // Of a filter: a path, rules, a list.
    "a/b.o\0*.o\n+ a"sv, "a/b\0/a/***\0a"sv, "ab/c\0[!a-c[:digit:]]*"sv, "a/b/c\0a/**/?"sv,
    "aaaaaaaa\0*a*a**a*b"sv, "x/a/b\0**/a/*/"sv, "x/a/b\0a/b\n[]-]\n!"sv, "[a]\0\\[a]\n[a"sv,
    "a/b/c\0#\0./a//b\nd/../c\na-b\na"sv};

/// What mutations like to put in.
constexpr std::string_view bits[] = {"/"sv,    "."sv,    "\0"sv,        "\\"sv,       "\""sv,
                                     "\x1b"sv, "\xc2"sv, "\x9b"sv,      "\xe2\x80"sv, "\xae"sv,
                                     "\xed"sv, "\xf4"sv, "\xf0\x9f"sv,  "\xff"sv,     "\x04\x01"sv,
                                     "*"sv,    "**"sv,   "?"sv,         "["sv,        "]"sv,
                                     "[a-"sv,  "!"sv,    "[:alpha:]"sv, "\n"sv,       "/***"sv};

class inputs {
public:
  std::string next() {
    std::string input(corpus[below(std::size(corpus))]);
    for (std::size_t steps = below(8); steps != 0; --steps) mutate(input);
    return input;
  }

private:
  void mutate(std::string& input) {
    const std::size_t at = below(input.size() + 1);
    switch (below(6)) {
    case 0:
      input.insert(at, bits[below(std::size(bits))]);
      break;
    case 1:
      input.insert(at, 1, static_cast<char>(below(256)));
      break;
    case 2:
      if (at < input.size()) input[at] = static_cast<char>(below(256));
      break;
    case 3:
      input.erase(at, below(4));
      break;
    case 4:
      input.insert(at, corpus[below(std::size(corpus))]);
      break;
    default:
      // Now and then to about the lengths where names and paths become too long.
      if (below(8) == 0) input.insert(at, below(8) == 0 ? 4'080 + below(32) : 240 + below(32), 'x');
    }
  }

  std::size_t below(std::size_t bound) { return random_() % bound; }

  std::mt19937 random_{20'170'520};
};

void run(std::string_view input) {
  // In memory of exactly its size, so that a sanitizer sees what is read behind it.
  const std::vector<std::uint8_t> bytes(input.begin(), input.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

int run_files(char** begin, char** end) {
  for (char** name = begin; name != end; ++name) {
    std::ifstream file(*name, std::ios::binary);
    if (!file) {
      std::fprintf(stderr, "cannot read %s\n", *name);
      return 1;
    }
    run(std::string(std::istreambuf_iterator<char>(file), {}));
  }
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  if (argc > 1) return run_files(argv + 1, argv + argc);
  for (const std::string_view input : corpus) run(input);
  inputs random;
  for (int i = 0; i < 100'000; ++i) run(random.next());
  return 0;
}
