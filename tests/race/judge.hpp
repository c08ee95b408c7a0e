// What a run under attack may lead to, and what it must not.
#pragma once

#include "tests/race/scene.hpp"
#include "tests/race/trial.hpp"
#include "tests/support/subprocess.hpp"

#include <string>

namespace afio::testing {

enum class outcome {
  done,            ///< exit 0, and nothing is left where the root was, or all is copied
  reported,        ///< exit 1, or 4 by a copier, and it said why
  touched_outside, ///< something outside the tree was deleted, changed, moved or added
  damaged,         ///< something of the tree survives with another mode, owner or content
  leaked,          ///< contents from outside are in the copy, or names in the list
  torn,            ///< something has its final name in the copy and is neither old nor new, or a
                   ///< name in the tree reads what it never did
  edit_lost,       ///< what was written into a file does not read so by its names
  gave_up,         ///< what had nothing to do with the swap was not copied
  false_success,   ///< exit 0, and something is left there, or was not copied
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

/// Judges a run on a scene where one swap was tried.
verdict judge(const trial& t, const ending& run);

/// Judges only how a run ended, when nothing was touched and nothing damaged.
verdict judge_ending(const scene& at, const census& now, const ending& run);

} // namespace afio::testing
