// A file that is being made: private, and nobody's, until it is published.
#pragma once

#include "afio/file_handle.hpp"
#include "algorithms/copy_file/publication.hpp"

namespace afio::algorithms::copy_detail {

/// Born empty, 0600 but where said otherwise. Gone when destroyed before it is published.
class new_file {
public:
  /// Without a name, in the file system of `dir`; where that cannot be, under a random name in it.
  static result<new_file> hidden(const path_handle& dir) noexcept;
  /// The same under a random name at once.
  static result<new_file> random_named(const path_handle& dir) noexcept;
  /// Under its final name, with `permissions` less the umask: for a directory that is itself
  /// hidden, so that nobody else can reach it. EEXIST.
  static result<new_file> named(const path_handle& dir, leaf_name name,
                                std::uint16_t permissions) noexcept;

  new_file(new_file&&) noexcept = default;
  new_file& operator=(new_file&&) = delete;

  ~new_file() { as_.abandon(file_); }

  file_handle& file() noexcept { return file_; }

  /// As publication's.
  result<void> publish(leaf_name name) noexcept { return as_.publish(file_, name); }

  result<void> publish_over(leaf_name name, const old_entry& old) noexcept {
    return as_.publish_over(file_, name, old);
  }

private:
  new_file(file_handle file, publication as) noexcept
      : file_(std::move(file)), as_(std::move(as)) {}

  file_handle file_;
  publication as_;
};

} // namespace afio::algorithms::copy_detail
