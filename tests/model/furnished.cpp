#include "tests/model/furnished.hpp"

#include "tests/support/failed.hpp"
#include "tests/support/unique_fd.hpp"

#include <array>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace afio::unit {

namespace fs = std::filesystem;
using testing::checked;

namespace {

void fill(std::mt19937_64& random, const fs::path& at) {
  const testing::unique_fd file(checked(::open(at.c_str(), O_WRONLY | O_CLOEXEC), at));
  std::string bytes(random() % 9000, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  // Some of them begin with a hole.
  const auto offset = static_cast<off_t>(random() % 4 == 0 ? random() % 100'000 : 0);
  checked(::pwrite(file.get(), bytes.data(), bytes.size(), offset), at);
}

void set_metadata(std::mt19937_64& random, const fs::path& at, tree_model::kind what) {
  if (random() % 3 == 0) checked(::lchown(at.c_str(), random() % 5, random() % 5), at);
  if (what == tree_model::kind::symlink) return;
  if (random() % 4 == 0) {
    const std::string value(random() % 200, static_cast<char>('a' + random() % 26));
    checked(::setxattr(at.c_str(), "trusted.note", value.data(), value.size(), 0), at);
  }
  checked(::chmod(at.c_str(), static_cast<mode_t>(random() % 010000)), at);
}

void set_times(std::mt19937_64& random, const fs::path& at) {
  // Within what every file system here can keep.
  const auto moment = [&] {
    return timespec{static_cast<time_t>(random() % 2'000'000'000),
                    static_cast<long>(random() % 1'000'000'000)};
  };
  const std::array<timespec, 2> both{moment(), moment()};
  checked(::utimensat(AT_FDCWD, at.c_str(), both.data(), AT_SYMLINK_NOFOLLOW), at);
}

} // namespace

/// The deepest first.
void furnish(std::mt19937_64& random, const tree_model& model, const fs::path& root) {
  for (auto e = model.entries.rbegin(); e != model.entries.rend(); ++e) {
    const fs::path path = root / e->first;
    if (e->second.what == tree_model::kind::file) fill(random, path);
    set_metadata(random, path, e->second.what);
  }
  for (auto e = model.entries.rbegin(); e != model.entries.rend(); ++e) {
    set_times(random, root / e->first);
  }
}

} // namespace afio::unit
