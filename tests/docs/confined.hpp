// Commands of a page, changed so that they keep to one directory: what a page tells people to do to
// /home, a test must not do there.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace afio::testing {

/// The commands with `root` before each absolute path but /dev/null and /dev/zero, so that /srv is
/// root/srv. The values of --exclude and --include stay, which are patterns. Throws
/// std::runtime_error, with the line, for what may lead out of `root` all the same: "..", ~user,
/// and a slash behind what the shell puts in, as in $dir/x, which is /x where $dir is empty. Guards
/// against mistakes, not against authors who mean harm.
std::string confined(std::string_view commands, const std::filesystem::path& root);

} // namespace afio::testing
