// A world of directories and symlinks is made of the input, a tree of it copied, and every symlink
// of the copy fixed: it must mean there what it meant in the source.
#include "algorithms/copy_tree/symlink_target.hpp"
#include "tests/fuzz/check.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace afio::algorithms::copy_detail {
namespace {

/// Real paths of all there is; of a symlink, what it says.
class world {
public:
  world() { entries_[""] = std::nullopt; }

  bool has(const std::string& path) const { return entries_.contains(path); }

  bool is_directory(const std::string& path) const { return has(path) && !entries_.at(path); }

  void make(const std::string& path, std::optional<std::string> target = {}) {
    entries_[path] = std::move(target);
  }

  const std::map<std::string, std::optional<std::string>>& entries() const { return entries_; }

  /// The real path of what `path` leads to from the directory `at`, all symlinks followed, as the
  /// kernel does it.
  std::optional<std::string> resolved(std::string at, const std::string& path,
                                      unsigned links = 0) const {
    if (links > 40) return std::nullopt;
    if (path.starts_with('/')) at.clear();
    for (std::size_t begin = 0; (begin = path.find_first_not_of('/', begin)) != path.npos;) {
      const std::size_t end = std::min(path.find('/', begin), path.size());
      const std::string name = path.substr(begin, end - begin);
      begin = end;
      if (!is_directory(at)) return std::nullopt;
      if (name == ".") continue;
      if (name == "..") {
        at = at.substr(0, at.empty() ? 0 : at.rfind('/'));
        continue;
      }
      const std::string next = at + '/' + name;
      const auto found = entries_.find(next);
      if (found == entries_.end()) return std::nullopt;
      const auto led = found->second ? resolved(at, *found->second, links + 1) : next;
      if (!led) return std::nullopt;
      at = *led;
    }
    return at;
  }

private:
  std::map<std::string, std::optional<std::string>> entries_;
};

class traveller final : public wayfarer {
public:
  traveller(const world& in, std::string at) : in_(in), at_(std::move(at)) {}

  void go_to_root() override { at_.clear(); }

  void go_up() override { at_ = at_.substr(0, at_.empty() ? 0 : at_.rfind('/')); }

  std::optional<std::string> go_to(std::string_view name) override {
    const auto led = in_.resolved(at_, std::string(name));
    const std::string below = joined(at_, name);
    at_ = led ? *led : below;
    return led && *led != below ? led : std::nullopt;
  }

private:
  const world& in_;
  std::string at_;
};

/// The bytes of the input, and then what they sow: short inputs make large worlds, too.
class source_of_choice {
public:
  source_of_choice(const std::uint8_t* data, std::size_t size) : at_(data), end_(data + size) {}

  std::size_t below(std::size_t limit) {
    const std::uint64_t next = at_ != end_ ? *at_++ : 0;
    seed_ = (seed_ ^ next) * 6'364'136'223'846'793'005U + 1;
    return static_cast<std::size_t>(seed_ >> 33) % limit;
  }

private:
  const std::uint8_t* at_;
  const std::uint8_t* end_;
  std::uint64_t seed_ = 1;
};

constexpr const char* names[] = {"a", "b", "s", "t"};

/// Directories of some depth, one in another.
std::string some_directory(const world& in, source_of_choice& choice) {
  std::string at;
  for (std::size_t steps = choice.below(5); steps != 0; --steps) {
    const std::string next = at + '/' + names[choice.below(4)];
    if (in.is_directory(next)) at = next;
  }
  return at;
}

std::string some_target(source_of_choice& choice) {
  std::string target = choice.below(3) == 0 ? "/" : "";
  for (std::size_t steps = 1 + choice.below(6); steps != 0; --steps) {
    const std::size_t what = choice.below(8);
    target += what < 3 ? ".." : what == 7 ? "." : names[what - 3];
    if (steps != 1 || choice.below(8) == 0) target += choice.below(8) == 0 ? "//" : "/";
  }
  return target;
}

bool is_in(const std::string& path, const std::string& root) {
  return path == root || path.starts_with(root + '/');
}

void check_copy(world in, const whereabouts& at) {
  world after = in;
  for (const auto& [path, target] : in.entries()) {
    if (!is_in(path, at.source)) continue;
    const std::string dir = path.substr(0, path.rfind('/'));
    const std::string copy = at.copy + path.substr(at.source.size());
    std::optional<std::string> fixed = target;
    if (target) {
      const std::string copy_dir = copy.substr(0, copy.rfind('/'));
      traveller way(in, dir);
      if (const auto other = fixed_target(at, dir, copy_dir, *target, way)) {
        CHECK(!other->empty() && other->starts_with('/') == target->starts_with('/'));
        fixed = other;
      }
    }
    after.make(copy, fixed);
  }
  for (const auto& [path, target] : in.entries()) {
    if (!target || !is_in(path, at.source)) continue;
    const std::string dir = path.substr(0, path.rfind('/'));
    const auto meant = in.resolved(dir, *target);
    if (!meant) continue;
    const std::string copy = at.copy + path.substr(at.source.size());
    const auto means = after.resolved(copy.substr(0, copy.rfind('/')), *after.entries().at(copy));
    CHECK(means.has_value());
    CHECK(*means ==
          (is_in(*meant, at.source) ? at.copy + meant->substr(at.source.size()) : *meant));
  }
}

void check_world(source_of_choice choice) {
  world in;
  for (std::size_t count = choice.below(16); count != 0; --count) {
    const std::string path = some_directory(in, choice) + '/' + names[choice.below(4)];
    if (!in.has(path)) in.make(path);
  }
  const std::string source = some_directory(in, choice);
  const std::string copy = some_directory(in, choice) + "/new";
  if (source.empty() || is_in(copy, source)) return;
  for (std::size_t count = choice.below(16); count != 0; --count) {
    const std::string path = some_directory(in, choice) + '/' + names[choice.below(4)];
    if (!in.has(path)) in.make(path, some_target(choice));
  }
  check_copy(in, {source, copy});
}

/// A path leads from one directory to the other by its words.
void check_relative(source_of_choice choice) {
  world all;
  for (int i = 0; i < 12; ++i) all.make(some_directory(all, choice) + '/' + names[choice.below(4)]);
  const std::string from = some_directory(all, choice), to = some_directory(all, choice);
  CHECK(all.resolved(from, relative_path(from, to)) == to);
}

} // namespace
} // namespace afio::algorithms::copy_detail

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace afio::algorithms::copy_detail;
  check_world({data, size});
  check_relative({data, size});
  return 0;
}
