// Copies one entry that is not a directory, whatever it is.
#pragma once

#include "algorithms/copy_file/file_copier.hpp"

#include <span>
#include <string_view>

namespace afio::algorithms::copy_detail {

/// One for each worker.
class entry_copier {
public:
  /// As contents_copier's.
  static result<entry_copier> make(const copy_file_options& options, progress* counters,
                                   large_files& large) noexcept;

  /// Copies what `source` holds, the entry `name` of `from`, whose status is `status`.
  result<copied_file> copy(const path_handle& from, leaf_name name, const fs_handle& source,
                           const stat_t& status, const destination& to,
                           loss_listener& told) noexcept;

  /// The same of a regular file that is open for reading.
  result<copied_file> copy(const file_handle& source, const stat_t& status, const destination& to,
                           loss_listener& told) noexcept {
    return files_.copy(source, status, to, told);
  }

  /// The same of a symlink, whose copy shall say `target`. Which one that is.
  result<identity> copy_symlink(const fs_handle& source, const stat_t& status,
                                std::string_view target, const destination& to,
                                loss_listener& told) noexcept;

  metadata_copier& metadata() noexcept { return files_.metadata(); }

private:
  explicit entry_copier(file_copier&& files) noexcept : files_(std::move(files)) {}

  result<identity> copy_node(const fs_handle& source, const stat_t& status, const destination& to,
                             loss_listener& told) noexcept;
  result<identity> finish(const fs_handle& source, const stat_t& status, const fs_handle& made,
                          publication& as, const destination& to, loss_listener& told) noexcept;

  file_copier files_;
};

/// What the symlink `name` of `from` says, whose status is `status`. errc::raced if it is another.
result<std::string_view> read_symlink(const path_handle& from, leaf_name name, const stat_t& status,
                                      std::span<char> buffer) noexcept;

/// Under which name something is made that cannot be born without one.
result<leaf_buffer> name_to_be_born(const destination& to) noexcept;
/// How what was made under that name gets its own.
publication born(leaf_name as, const destination& to) noexcept;

/// Whether `s` is the status of something that was made just now by this process and has not been
/// renamed since, or no later than an instant after: then it was never changed, and nobody has
/// linked it. A name that was made may mean something else by the time that it is opened.
bool is_fresh(const stat_t& s, file_type type) noexcept;

} // namespace afio::algorithms::copy_detail
