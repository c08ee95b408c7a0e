// What the standard library does to a tree: a peer.
//
//   standard remove TREE
//   standard copy TREE COPY

#include <cstdio>
#include <exception>
#include <filesystem>
#include <string_view>

namespace {

int run(int argc, char** argv) {
  using std::filesystem::copy_options;
  const std::string_view does = argc > 1 ? argv[1] : "";
  if (does == "remove" && argc == 3) {
    std::filesystem::remove_all(argv[2]);
    return 0;
  }
  if (does == "copy" && argc == 4) {
    std::filesystem::copy(argv[2], argv[3], copy_options::recursive | copy_options::copy_symlinks);
    return 0;
  }
  std::fputs("usage: standard remove TREE | standard copy TREE COPY\n", stderr);
  return 2;
}

} // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& why) {
    std::fprintf(stderr, "standard: %s\n", why.what());
    return 1;
  }
}
