// The arguments of a process, in such a form that CLI11 takes each of them for what it is.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
} // namespace CLI

namespace afio::cli {

/// Of itself, CLI11 takes a path "[a,b]" for two, "a" and "b", and where nothing is behind
/// `--name=`, the next argument for the value. For CLI::App::parse, which wants the last one first.
/// All options of `app` must have been added.
std::vector<std::string> command_line(CLI::App& app, int argc, const char* const* argv);

} // namespace afio::cli
