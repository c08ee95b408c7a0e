// What an adversary does to a tree while a tool works in it.
#pragma once

#include "tests/race/scene.hpp"
#include "tests/support/unique_fd.hpp"

#include <filesystem>
#include <set>
#include <string>

namespace afio::testing {

enum class swap_kind {
  directory_symlink_absolute, ///< a directory of the tree ↔ a symlink to its namesake outside
  directory_symlink_relative,
  directory_other, ///< a directory of the tree ↔ its namesake outside
  directory_file,  ///< a directory of the tree ↔ a file
  directory_fifo,  ///< a directory of the tree ↔ a fifo, which blocks who opens it
  file_symlink,    ///< a file of the tree ↔ a symlink to its namesake outside
  moved_out,       ///< a directory of the tree is moved outside
  root_moved,      ///< the same with the root
  parent_symlink,  ///< the directory that holds the root ↔ a symlink outside
  directory_mount, ///< on a directory of the tree its namesake outside is mounted
  file_mount,      ///< the same with a file
  file_edited,     ///< a file of the tree is written into, in place; no name changes
};

/// Of the tree that is copied or deleted, of its copy, or of what is older: a clone that the copy
/// shares with, or the base of a merge.
enum class side { source, target, older };

struct swap_plan {
  swap_kind kind;
  int depth = 0;      ///< of what is swapped; the root is at 0
  int back_after = 0; ///< stops until it is undone; 0: never
  side where = side::source;
};

/// Of what is swapped, below the root; the root itself and what is above it: ".".
std::string victim_path(const swap_plan& plan);

std::string print(const swap_plan& plan);

/// One swap on one scene. It finds its victim wherever the tool has put it by then, even what the
/// tool itself has made under another name than that which it will have.
class swap {
public:
  swap(const scene& on, const swap_plan& plan);

  /// False: what was to be swapped is not there any more, or a lease keeps the editor out.
  bool apply();
  void undo();

  /// An editor whom a lease keeps out comes again, as soon as nobody holds it any more, to the file
  /// that he has found: as if his open had waited, which would be for ever while the tool is
  /// stopped.
  void go_on();

  /// Takes away a mount, and lets an editor in, so that the scene can be looked at. The rest stays
  /// as it is.
  void end();

  [[nodiscard]] bool applied() const noexcept { return applied_; }

  /// A lease has kept the editor out for a while.
  [[nodiscard]] bool was_kept_out() const noexcept { return was_kept_out_; }

  /// The paths of the tree that must read what the editor has written: the one by which he came,
  /// and the other names that the file had when he wrote.
  [[nodiscard]] const std::set<std::string>& edited() const noexcept { return edited_; }

  /// All that the file consists of then; its size is as before.
  static constexpr char edit = 'e';

  /// The tool has made what is swapped, in a directory of its own.
  [[nodiscard]] bool is_of_the_tools_making() const noexcept { return found_late_; }

  /// What is swapped.
  [[nodiscard]] identity victim() const noexcept { return victim_; }

  /// The directory whose listing names it. For the root, which no listing names, the root itself.
  [[nodiscard]] identity named_in() const noexcept { return named_in_; }

  /// What of outside has taken its place; otherwise nothing.
  [[nodiscard]] identity counterpart() const noexcept { return counterpart_; }

private:
  bool find_victim();
  void prepare_counterpart(const std::filesystem::path& inside);
  bool rename(const std::filesystem::path& inside);
  bool mount(const std::filesystem::path& inside);
  bool write();
  void note_names();

  const scene& scene_;
  const swap_plan plan_;
  const std::filesystem::path other_;
  unique_fd victim_fd_, parent_fd_, mount_fd_;
  std::string leaf_;
  identity victim_, named_in_, counterpart_;
  bool applied_ = false;
  bool found_late_ = false;
  bool is_kept_out_ = false;
  bool was_kept_out_ = false;
  std::set<std::string> edited_;
};

} // namespace afio::testing
