// What a run under attack may lead to, and what it must not.
#pragma once

#include "tests/race/scene.hpp"
#include "tests/race/swap.hpp"
#include "tests/support/subprocess.hpp"

#include <string>

namespace afio::testing {

enum class outcome {
  done,            ///< exit 0, and nothing is left where the root was
  reported,        ///< exit 1, and it said why
  touched_outside, ///< something outside the tree was deleted, changed, moved or added
  damaged,         ///< something of the tree survives with another mode, owner or content
  false_success,   ///< exit 0, and something is left there
  silent,          ///< exit 1 without a word
  place_untold,    ///< exit 1, and something is left under a name of the tool's that it did not say
  hung,
  ended_oddly, ///< a signal, or another exit code
};

/// The first two; all others are failures of the tool.
bool allowed(outcome what) noexcept;
const char* name_of(outcome what) noexcept;

struct verdict {
  outcome what;
  std::string detail; ///< what was touched or damaged, or what the tool said
};

/// When a swap came: before the tool had read the name that it changes, what took its place is
/// rightly taken for a part of the tree; after it, never.
enum class moment { before_the_name_was_read, after_the_name_was_read };

/// Judges a run on a scene where one swap was tried.
verdict judge(const scene& at, const swap_plan& plan, const swap& done, moment when,
              const ending& run);

/// Judges only how a run ended, when nothing was touched and nothing damaged.
verdict judge_ending(const scene& at, const census& now, const ending& run);

} // namespace afio::testing
