// Copies regular files one after another: what copy_file and copy_tree have in common.
#pragma once

#include "algorithms/copy_file/contents.hpp"
#include "algorithms/copy_file/copy_file.hpp"
#include "algorithms/copy_file/new_file.hpp"

#include <optional>

namespace afio::algorithms::copy_detail {

/// Where a copy shall be.
struct destination {
  const path_handle& directory;
  leaf_name name;
  enum class visible : std::uint8_t {
    by_others, ///< Nothing is done under the name before all is done.
    by_nobody, ///< The directory is private until the caller publishes it.
  } seen = visible::by_others;
  std::optional<old_entry> old; ///< What has the name now and shall go; nothing: it must be free.
  /// What the directory's default ACL, if it has one, may have put on the new file.
  metadata_copier::target target = metadata_copier::target::fresh;
};

/// One for each worker: it owns buffers.
class file_copier {
public:
  /// As contents_copier's.
  static result<file_copier> make(const copy_file_options& options, progress* counters,
                                  large_files& large) noexcept;

  /// Copies the regular file that is open for reading as `source` and whose status was `status`. As
  /// copy_file.
  result<copied_file> copy(const file_handle& source, const stat_t& status, const destination& to,
                           loss_listener& told) noexcept;
  /// The same of a file that is only pinned.
  result<copied_file> copy(const fs_handle& source, const stat_t& status, const destination& to,
                           loss_listener& told) noexcept;

  metadata_copier& metadata() noexcept { return metadata_; }

private:
  file_copier(const copy_file_options& options, metadata_copier&& metadata,
              contents_copier&& contents) noexcept
      : options_(&options), metadata_(std::move(metadata)), contents_(std::move(contents)) {}

  result<copied_file> try_once(const file_handle& from, const stat_t& status, const destination& to,
                               loss_listener& told) noexcept;
  result<copied_by> make_like(const file_handle& from, const stat_t& status, file_handle& to,
                              const stat_t& now, const destination& where,
                              loss_listener& told) noexcept;

  const copy_file_options* options_;
  metadata_copier metadata_;
  contents_copier contents_;
  descriptor_table own_; // Opened when the first pinned file is.
};

} // namespace afio::algorithms::copy_detail
