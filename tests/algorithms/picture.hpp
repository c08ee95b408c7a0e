// All that a copy keeps of a tree, as text that can be compared.
#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace afio::unit {

/// Type, mode, owner, time of modification, device number and attributes of one entry.
std::string metadata_of(const std::filesystem::path& at);

/// The same of a tree, by path, with contents and which names are one inode.
std::map<std::string, std::string> picture_of(const std::filesystem::path& root);

} // namespace afio::unit
