// How something that is being made gets its name, or goes.
#pragma once

#include "afio/fs_handle.hpp"
#include "afio/path_handle.hpp"

#include <optional>

namespace afio::algorithms::copy_detail {

/// What makes room for something that takes a name.
class room {
public:
  /// What fails here leaves the name as it is.
  virtual result<void> make() noexcept = 0;

protected:
  ~room() = default;
};

/// What has a name and shall go.
struct old_entry {
  old_entry(const identity& which) noexcept : id(which) {} // Mostly, that is all.

  /// Whether that is its status.
  bool is(const stat_t& s) const noexcept {
    return s.id.same_file(id) &&
           (as == nullptr || (s.size == as->size && s.modified == as->modified));
  }

  identity id;
  /// Where neither its size nor its time of modification shall be others by then. Borrowed.
  const stat_t* as = nullptr;
  /// Of a directory: asked when all is ready but the name, and leaves it empty. Borrowed.
  room* first = nullptr;
};

/// Where an entry is being made, and under which name of no meaning, if any.
class publication {
public:
  /// It has no name yet.
  explicit publication(const path_handle& dir) noexcept : dir_(&dir) {}

  enum class name_is : std::uint8_t {
    random,
    final, ///< In a directory that is itself hidden.
  };

  publication(const path_handle& dir, leaf_name name, name_is what) noexcept
      : dir_(&dir), name_(name), final_(what == name_is::final) {}

  publication(publication&& other) noexcept;
  publication& operator=(publication&&) = delete;
  ~publication() = default;

  /// Gives `made` the name, which nothing has. EEXIST.
  result<void> publish(const fs_handle& made, leaf_name name) noexcept;
  /// Gives `made` the name in one instant in place of `old`, which goes. A directory goes if it is
  /// empty; else it gets its name back (ENOTEMPTY), and nothing is changed. errc::raced if the name
  /// means something else by then, or it has been changed: nothing is changed. Where that cannot be
  /// had back, the error is about the private name under which the old one stays. Where renames
  /// have no flags: EINVAL, but for a directory that room is made of; its name means nothing for a
  /// moment, and may be taken then (EEXIST).
  result<void> publish_over(const fs_handle& made, leaf_name name, const old_entry& old) noexcept;
  /// Removes `made`, if it is not published.
  void abandon(const fs_handle& made) noexcept;

private:
  error about_what_stays(const fs_handle& made, const error& why) const noexcept;

  const path_handle* dir_; // Borrowed. Null once it is published.
  std::optional<leaf_buffer> name_;
  bool final_ = false;
};

} // namespace afio::algorithms::copy_detail
