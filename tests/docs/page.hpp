// The fenced blocks of a Markdown page, and what the page says about running them. CONTRIBUTING.md
// tells authors what they may write.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace afio::testing {

struct block {
  std::size_t line = 0;     ///< of its fence, from 1 on
  std::string info = {};    ///< behind the fence; empty: what the block before it prints
  std::string text = {};    ///< its lines
  std::string setup = {};   ///< commands that come before it, from `<!-- setup: … -->`
  std::string not_run = {}; ///< the reason, from `<!-- not run: … -->`
  bool afresh = false;      ///< in a directory of its own from here on: `<!-- afresh: … -->`
  std::filesystem::path file = {};    ///< that it shows, from the line `[name](path):` before it
  std::filesystem::path part_of = {}; ///< that it shows a part of, from `<!-- part of: path -->`
};

/// All blocks of a page, in order. Throws std::runtime_error where a block has no end, or
/// something is said about a block and none follows.
std::vector<block> blocks_of(const std::filesystem::path& page);
/// The same of a text.
std::vector<block> blocks_in(std::string_view markdown);

} // namespace afio::testing
