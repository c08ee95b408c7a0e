// What a symlink has to say in a copy: text, computed without touching a file.
//
// Real paths here are what the kernel tells of what is held: absolute, without ".", ".." and
// symlinks, and without a slash behind them: the root directory is "".
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace afio::algorithms::copy_detail {

/// Where two trees are: real paths of their roots.
struct whereabouts {
  std::string source;
  std::string copy;
};

/// "/x/s/a" of "/x/s" and "a"; the directory itself of "".
std::string joined(std::string_view directory, std::string_view below);
/// What a symlink in the directory `from` says to mean `to`, without a step more than it takes.
std::string relative_path(std::string_view from, std::string_view to);

/// Goes along a target through directories, as the kernel does.
class wayfarer {
public:
  virtual void go_to_root() = 0;
  virtual void go_up() = 0;
  /// Goes to what has that name, or to what it leads to: then that is the real path of it. Nothing
  /// where it is just below, and where it cannot be found out.
  virtual std::optional<std::string> go_to(std::string_view name) = 0;

protected:
  ~wayfarer() = default;
};

/// What the copy of a symlink has to say to mean in the copy what `target` means in the source; and
/// of what is in neither, the same. Nothing where `target` itself does.
///
/// The symlink is in the directory `source_dir`, its copy in `copy_dir`, and `way` starts in the
/// first. Every other symlink of the source is taken to have been copied in this very way, so that
/// one on the way that is in the tree still leads to the right place. An absolute target stays
/// absolute, a relative one relative; what stands behind the last step into the tree, or beside
/// it, is kept byte for byte. Throws std::bad_alloc.
std::optional<std::string> fixed_target(const whereabouts& at, std::string_view source_dir,
                                        std::string_view copy_dir, std::string_view target,
                                        wayfarer& way);

} // namespace afio::algorithms::copy_detail
