#include "algorithms/copy_tree/symlink_target.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace afio::algorithms::copy_detail {

namespace {

bool is_in(std::string_view path, std::string_view root) noexcept {
  return path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/');
}

std::string_view above(std::string_view path) noexcept {
  const auto slash = path.rfind('/');
  return slash == path.npos ? std::string_view() : path.substr(0, slash);
}

/// What stands behind the slash that `path` begins with, up to the next; and that much off `path`.
std::string_view take_first(std::string_view& path) noexcept {
  path.remove_prefix(1);
  const std::string_view first = path.substr(0, path.find('/'));
  path.remove_prefix(first.size());
  return first;
}

} // namespace

std::string joined(std::string_view directory, std::string_view below) {
  std::string path(directory);
  if (!below.empty()) path.append("/").append(below);
  return path;
}

std::string relative_path(std::string_view from, std::string_view to) {
  while (!from.empty() && !to.empty()) {
    std::string_view rest_from = from, rest_to = to;
    if (take_first(rest_from) != take_first(rest_to)) break;
    from = rest_from;
    to = rest_to;
  }
  std::string path;
  for (; !from.empty(); (void)take_first(from)) path += "../";
  if (!to.empty()) return path.append(to.substr(1));
  if (path.empty()) return ".";
  path.pop_back();
  return path;
}

namespace {

/// One target, gone along from the symlink and, in thought, from its copy.
class way_of_both {
public:
  way_of_both(const whereabouts& at, std::string_view source_dir, std::string_view copy_dir,
              std::string_view target, wayfarer& way)
      : at_(at),
        copy_dir_(copy_dir),
        target_(target),
        way_(way),
        here_(source_dir),
        there_(copy_dir) {}

  std::optional<std::string> fixed() {
    if (is_absolute()) {
      here_.clear();
      there_.clear();
      way_.go_to_root();
    }
    std::size_t begin = 0;
    while ((begin = target_.find_first_not_of('/', begin)) != target_.npos) {
      const std::size_t end = std::min(target_.find('/', begin), target_.size());
      step(begin, target_.substr(begin, end - begin),
           target_.find_first_not_of('/', end) == target_.npos);
      begin = end;
    }
    if (!corresponds()) turn_off(target_.size());
    // An absolute path that leads elsewhere means the same wherever it is read.
    if (is_absolute() && !is_in(here_, at_.source)) return std::nullopt;
    return rewritten();
  }

private:
  bool is_absolute() const noexcept { return target_.starts_with('/'); }

  /// What of the copy stands for a place of the source; for any other place, that itself.
  std::string counterpart(std::string_view place) const {
    if (!is_in(place, at_.source)) return std::string(place);
    return at_.copy + std::string(place.substr(at_.source.size()));
  }

  /// Whether the same steps have led to the right place from the copy.
  bool corresponds() const { return there_ == counterpart(here_); }

  /// From `rest` on, the target is right if it begins at the counterpart of where it has led to.
  void turn_off(std::size_t rest) {
    turn_ = {here_, rest};
    there_ = counterpart(here_);
  }

  void step(std::size_t begin, std::string_view name, bool last) {
    if (name == ".") return;
    if (name == "..") {
      // Both may meet again further up, so nothing is settled yet.
      here_ = above(here_);
      there_ = above(there_);
      way_.go_up();
      return;
    }
    if (!corresponds()) turn_off(begin);
    const bool in_tree = is_in(here_, at_.source);
    if (in_tree && last) return; // It is the name that is meant, whatever has it.
    const auto led = way_.go_to(name);
    here_ = led ? *led : joined(here_, name);
    there_ = in_tree ? counterpart(here_) : here_;
  }

  std::optional<std::string> rewritten() const {
    if (!turn_) return std::nullopt;
    const auto& [place, begin] = *turn_;
    const std::string to = counterpart(place);
    std::string_view rest = target_.substr(begin);
    if (is_absolute()) return to.empty() && rest.empty() ? "/" : joined(to, rest);
    const std::string path = relative_path(copy_dir_, to);
    if (rest.empty()) return path;
    return path == "." ? std::string(rest) : joined(path, rest);
  }

  const whereabouts& at_;
  std::string_view copy_dir_;
  std::string_view target_;
  wayfarer& way_;
  std::string here_;
  std::string there_;
  std::optional<std::pair<std::string, std::size_t>> turn_;
};

} // namespace

std::optional<std::string> fixed_target(const whereabouts& at, std::string_view source_dir,
                                        std::string_view copy_dir, std::string_view target,
                                        wayfarer& way) {
  return way_of_both(at, source_dir, copy_dir, target, way).fixed();
}

} // namespace afio::algorithms::copy_detail
