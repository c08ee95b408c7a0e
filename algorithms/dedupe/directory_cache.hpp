// Opens directories again that a walk has found.
#pragma once

#include "algorithms/dedupe/inventory.hpp"

#include <list>
#include <unordered_map>

namespace afio::algorithms::dedupe_detail {

/// One for each thread. Directories are opened downward from the nearest one that is open, one name
/// after another, and each must be the one that was walked. So what is opened through it was in the
/// tree a moment before. Those used last stay open.
class directory_cache {
public:
  /// At most `limit` are open. Borrowed: the inventory.
  directory_cache(const inventory& found, std::size_t limit, crossing mounts) noexcept
      : found_(&found), limit_(limit), mounts_(mounts) {}

  /// Stays open for the next `limit` - 1 that are opened, at the least. errc::raced if another
  /// directory is there by now. ENOENT, ENOMEM.
  result<const path_handle*> open(directory_number number) noexcept;
  /// Opens the file for reading in its directory. errc::raced, and whatever else
  /// means_another_file(), if it is not there any more.
  result<opened_file> open(const found_file& file) noexcept;

private:
  struct opened {
    directory_number number;
    path_handle handle;
  };

  const path_handle* find(directory_number number) noexcept;
  result<const path_handle*> open_below(const path_handle& parent, directory_number number);

  const inventory* found_;
  std::size_t limit_;
  crossing mounts_;
  std::list<opened> latest_first_;
  std::unordered_map<directory_number, std::list<opened>::iterator> by_number_;
};

/// Whether an open failed because something else has the name by now, or nothing.
bool means_another_file(const error& why) noexcept;

} // namespace afio::algorithms::dedupe_detail
