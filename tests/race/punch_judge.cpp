#include "tests/race/punch_judge.hpp"

#include "tests/support/failed.hpp"

#include <string>

#include <sys/stat.h>

namespace afio::testing {
namespace {

// Nothing outside has a hole in the beginning. That one reads as what was there does not excuse it.
std::string holes_outside(const trial& t) {
  std::string text;
  for (const auto& [inode, secret] : t.before) {
    if (secret.type != 'f' || given_away(t, secret)) continue;
    if (room_of(t.at.folder() / t.now.at(inode).path) < secret.size)
      text += "punched: outside/" + secret.path + "\n";
  }
  return text;
}

} // namespace

std::uint64_t room_of(const std::filesystem::path& file) {
  struct ::stat found {};

  checked(::lstat(file.c_str(), &found), file);
  return static_cast<std::uint64_t>(found.st_blocks) * 512;
}

verdict judge_punch(const trial& t, const ending& run) {
  if (const auto holes = holes_outside(t); !holes.empty())
    return {outcome::touched_outside, holes + describe(run)};
  if (const auto wrong = wrong_names(t); !wrong.empty())
    return {outcome::torn, wrong + describe(run)};
  if (run.hung) return {outcome::hung, describe(run)};
  if (run.signal != 0 || run.exit_code > 1) return {outcome::ended_oddly, describe(run)};
  if (run.exit_code == 0) return {outcome::done, describe(run)};
  return {run.errors.empty() ? outcome::silent : outcome::reported, run.errors};
}

} // namespace afio::testing
