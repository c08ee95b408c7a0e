// Random trees with contents and metadata.
#pragma once

#include "tests/model/random_tree.hpp"

#include <filesystem>
#include <random>

namespace afio::unit {

/// Contents, owners, modes, attributes and times for all of the model that is there at `root`. Only
/// root can do that.
void furnish(std::mt19937_64& random, const tree_model& model, const std::filesystem::path& root);

} // namespace afio::unit
