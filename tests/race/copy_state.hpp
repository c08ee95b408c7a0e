// What a copy consists of: entries that are new, or old, or wrong.
#pragma once

#include "tests/race/scene.hpp"

#include <string>

namespace afio::testing {

/// The copy as it is now, wherever the folder that holds it has been put; nothing in it if it is
/// not there or no directory.
manifest read_copy(const scene& at, const census& now);
/// The same of the folder: names of the tool's own are in it too.
manifest read_copies(const scene& at, const census& now);

/// The entry is what the tree has at that path.
bool is_new(const scene& at, const std::string& path, const facts& entry);
/// It is the one that was there before.
bool is_old(const scene& at, const std::string& path, const manifest_entry& entry);

/// The last part of the path is a name of the tool's own.
bool has_temporary_name(const std::string& path);

/// Names of files in the copy that mean neither what they did nor what they shall. Directories that
/// were there before are between the two until they are done.
std::string torn_names(const scene& at, const manifest& copy);
/// What of the tree is not, or not as it should be, in the copy.
std::string not_copied(const scene& at, const manifest& copy);
/// Names that both the tree and the copy had, and that the copy has no more, be it for an instant.
std::string lost_names(const scene& at, const manifest& copy);
/// What an update had to delete from the copy and did not.
std::string not_deleted(const scene& at, const manifest& copy);
/// What of the tree is neither anywhere as it was nor in the copy: a move must not lose it.
std::string lost_data(const scene& at, const census& now);
/// What of the tree is still somewhere, though it was moved.
std::string left_of_source(const scene& at, const census& now);
/// Names of the tool's own that it did not say.
std::string untold_leftovers(const manifest& copies, const std::string& said);

} // namespace afio::testing
