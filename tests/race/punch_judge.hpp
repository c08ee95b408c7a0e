#pragma once

#include "tests/race/judge.hpp"
#include "tests/race/trial.hpp"
#include "tests/support/subprocess.hpp"

#include <cstdint>
#include <filesystem>

namespace afio::testing {

/// Of a tool that makes holes of zeros.
verdict judge_punch(const trial& t, const ending& run);

/// Bytes that the file takes on its device: less than its size, where it has holes.
std::uint64_t room_of(const std::filesystem::path& file);

} // namespace afio::testing
