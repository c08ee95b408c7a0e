// Cuts the power of a file system while a tool replaces files in it, and looks at what is there
// when it is mounted again.
#pragma once

#include "tests/race/contenders.hpp"
#include "tests/support/mounts.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

namespace afio::testing {

/// Everything on the file system of `at`.
void make_durable(const std::filesystem::path& at);
/// Makes the log, with all that is in it by now, reach the disk, by a file of somebody else's; but
/// no data of other files.
void make_a_file_durable(const std::filesystem::path& at);

struct power_tally {
  std::uint64_t stops = 0;     ///< of an undisturbed run
  std::uint64_t cuts = 0;      ///< each at another one of them
  std::uint64_t replaced = 0;  ///< names that were new afterwards
  std::uint64_t kept = 0;      ///< names that were old
  std::uint64_t lost = 0;      ///< names that were neither: missing, empty, or a part of something
  std::uint64_t completed = 0; ///< second runs after which all was new
  std::string first_loss;
};

/// So many cuts, at moments that are evenly distributed over the tool's calls. Somebody else has
/// made a file of theirs durable just before each: so the log of the file system knows of all that
/// was done to names by then. Throws if the machine can't have it.
power_tally cut_power(const contender& tool, file_system kind, std::uint64_t cuts);

void print_line(const contender& tool, file_system kind, const power_tally& counted);

} // namespace afio::testing
