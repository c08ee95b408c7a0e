// What the tools that copy have in common: words of the command line and what they mean.
#pragma once

#include "algorithms/copy_file/copy_file.hpp"
#include "cli/common/aspects.hpp"
#include "cli/common/output.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace afio::cli {

/// --preserve, --sync, --retry: how files are copied.
struct copying_arguments {
  aspect_list preserve;
  std::string sync = "none";

  /// Adds the options to `app`. *this must outlive the parse.
  void add_to(CLI::App& app);

  /// Sets what the words mean.
  void apply_to(algorithms::copy_file_options& file) const;

  /// Whether something that was named one by one could not be kept.
  bool missed(const output& told) const;
};

/// The process's.
std::uint16_t current_umask() noexcept;

/// "a" of "a//"; "/" stays.
std::string without_slashes(std::string path);

/// What `name`, a random one beside `target`, is called from here.
std::string beside(const std::string& target, std::string_view name);

/// Notes where a copy is that was not published: `left`, beside `target`. `copied`: "copied" or the
/// like.
void tell_left(output& out, std::string_view copied, const std::string& target,
               const std::optional<leaf_buffer>& left);

} // namespace afio::cli
