// One run under attack, and what it has done to what is outside.
#pragma once

#include "tests/race/contenders.hpp"
#include "tests/race/scene.hpp"
#include "tests/race/swap.hpp"

#include <map>
#include <string>
#include <utility>

namespace afio::testing {

/// When a swap came: before the tool had read the name that it changes, what took its place is
/// rightly taken for a part of the tree; after it, never.
enum class moment { before_the_name_was_read, after_the_name_was_read };

struct trial {
  trial(const contender& by, const scene& on, const swap_plan& as, const swap& attempted,
        moment then);

  const contender& tool;
  const scene& at;
  const swap_plan& plan;
  const swap& done;
  moment when;
  census before; ///< of what is outside
  census now;    ///< of the whole scene
  /// All names in the scene, by the directories that they are in; a census has one of each inode.
  std::map<std::pair<identity, std::string>, identity> names;

  /// Whether it has that name in that directory.
  [[nodiscard]] bool is_in_place(const placed& was) const;
};

/// True for what the swap itself has made a part of the tree before the tool looked.
bool given_away(const trial& t, const placed& secret);

/// What of outside was deleted, changed, moved, or added; empty if nothing was.
std::string touched_outside(const trial& t);

/// Names of the tree that are gone from their directories, wherever those are now, or read what
/// they did not, but for what a swap has put in their place; empty if there are none.
std::string wrong_names(const trial& t);

/// Names that must read what an editor has written, and do not; empty if there are none.
std::string lost_edits(const trial& t);

} // namespace afio::testing
