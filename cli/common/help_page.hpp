// What a tool's options are, for people and for programs: both as the CLI::App has them.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace afio::cli {

/// The group of the options that all tools have: they come last, two in a line where both fit.
inline constexpr char common_group[] = "Common";

/// What --help prints, in 80 columns. Options of the group "" are not shown.
std::string help_page(const CLI::App& app);

/// The same for programs, which make completions of it and compare the manual: a line for each
/// argument, then for each option. Its fields are separated by tabs:
///  - its names, separated by commas;
///  - what the value is called, empty of a flag;
///  - the words that the value can be, separated by commas; empty if it can be anything;
///  - "..." if it may be given several times, else empty;
///  - what it is for.
std::string option_table(const CLI::App& app);

} // namespace afio::cli
