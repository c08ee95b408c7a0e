// Remembers what files hash to, so that they need not be read again.
//
// WHEN A RECORD IS BELIEVED. A record holds size, inode, time of modification and time of change
// of the file as it was when its hash was computed, and is believed if all four are still exactly
// so. What decides is the time of change (ctime): nobody can set it, and every write, truncation,
// first store through a mapping and change of metadata moves it to the clock's time. Two things
// must be made sure of so that it decides rightly, and both are when the record is made:
//
//  1. Nobody changed the file while it was read, nor is able to without moving ctime again. A
//     mapping that is writable already can be stored through without that. So the file is read
//     under a read lease (file_handle::try_lease), which the kernel grants only while nobody has
//     the file open or mapped for writing, and which must be unbroken after all is done. No lease,
//     no record: files that somebody has open for writing, files of other users (but for root).
//  2. No later change can get the same ctime. Clocks tick, 4 ms or so apart, and two changes within
//     a tick may be dated alike.
//
// IN AN ATTRIBUTE (hash_caching::attribute): "user.afio.spookyhash" of the file itself. Setting an
// attribute moves ctime, so a record cannot name the ctime that the file has: it must name the one
// that it will get. What the kernel dates changes with can be found out (change_clock). So: ask,
// set a record which claims that time as the file's ctime, and look. If ctime is what was claimed,
// which it nearly always is, the record is valid, and the lease says that nobody has been at the
// contents meanwhile. Else it is tried again, and after eight times removed. 2. holds because ctime
// was looked at: from Linux 6.13 on, ext4, xfs and btrfs date the next change after such a look
// more finely, hence differently ("multigrain timestamps"). Whether that is so is found out once
// for each device, by two changes within a tick and a look between them; where it is not, the next
// way is taken. (Between set and look, some µs, is a gap that only SIGKILL can leave open: then a
// change in the rest of that tick may go unnoticed.)
//
// BESIDE THE FILES (hash_caching::file, and for attribute where a file system has no attributes or
// no such times): ".spookyhashes", one a directory (side_hashes.hpp). No file is touched, so a
// record names the ctime that the file has. 2. holds because only files are recorded whose ctime is
// before what changes are dated with while the lease still holds: whatever comes later is not dated
// before that.
//
// WHERE. Only on ext4, xfs and btrfs, where all of this was tried. On tmpfs, for one, a store
// through a mapping which has read that page before moves no time, so nothing is cached there, nor
// believed. On network file systems the clock is another machine's.
//
// WHAT IT IS WORTH. Whoever may write a file can set its attribute, and whoever may write a
// directory can replace ".spookyhashes"; so can whoever sets the machine's clock back produce equal
// times. A record is therefore a hint that saves reading. Believing a false one may cost work or
// miss a duplicate; nothing may be replaced or deleted because of it before bytes were compared.
#pragma once

#include "afio/coarse_clock.hpp"
#include "afio/file_handle.hpp"
#include "algorithms/attribute_names.hpp"
#include "algorithms/hash/hash_record.hpp"
#include "algorithms/hash/side_hashes.hpp"

#include <array>
#include <cstdint>
#include <optional>

namespace afio::algorithms {

/// Where hashes are remembered.
enum class hash_caching : std::uint8_t {
  none,
  attribute, ///< In an extended attribute of each file; beside them where that cannot be.
  file,      ///< In a file a directory.
  lookup,    ///< Both are believed, and nothing is remembered.
};

/// What a status must hold for the cache.
constexpr want hash_cache_fields = want::type | want::identity | want::times | want::size;

/// One for each thread, for as many files as it likes. Nothing here fails: a hash that cannot be
/// found is computed, and one that cannot be remembered is not. Does not allocate, but in
/// side_hashes.
class hash_cache {
public:
  /// The attribute. Copies leave it out (attribute_names.hpp): it is void in any other file.
  static constexpr const char* attribute = hash_attribute.data();

  explicit hash_cache(hash_caching how) noexcept : how_(how) {}

  hash_caching caching() const noexcept { return how_; }

  /// The hash of the regular file `name` of `dir`, whose status is `file`, if there is a record
  /// that is to be believed. `beside`: the loaded records of `dir`; null for none. Opens nothing.
  std::optional<hash128> find(const path_handle& dir, leaf_name name, const stat_t& file,
                              const side_hashes* beside) noexcept;

  /// The same of a file that is open, and may be reached by any name.
  std::optional<hash128> find(const file_handle& open, const stat_t& file) noexcept;

  /// To be called before `file` is read, which is open for reading only and has that status: takes
  /// the lease, where there is anything to be remembered. Whoever opens the file for writing then
  /// waits until it is closed or record() was called: who reads for long asks holds_lease() now and
  /// then, and lets them in. False: there is nothing that record() could do.
  bool watch(file_handle& file, const stat_t& status) noexcept;

  /// To be called when `file`, which was watched before it was read, has been read to its end and
  /// hashes to `hash`. `after` is its status since then, and it is `unchanged` since before it was
  /// read. Remembers the hash if it can, in `beside` if it must (null: then not), and gives the
  /// lease back. Whether it did.
  bool record(file_handle& file, const stat_t& after, const hash128& hash,
              side_hashes* beside) noexcept;

private:
  bool remembers() const noexcept {
    return how_ == hash_caching::attribute || how_ == hash_caching::file;
  }

  enum class attributes : std::uint8_t {
    untried,
    serve,
    refused, ///< The file system has none, or dates changes too coarsely.
  };

  /// What is known of a device.
  struct device {
    std::uint64_t number = 0;
    bool known = false;
    bool dates_changes = false; ///< It is one of those that every change can be seen on.
    hash_cache::attributes attributes = attributes::untried;
  };

  template <class F>
  device& of(std::uint64_t number, F&& file_on_it) noexcept;
  enum class outcome : std::uint8_t {
    done,
    refused, ///< And the file is as it was.
    failed,  ///< And its time of change has moved.
  };
  outcome set_attribute(file_handle& file, const stat_t& after, const hash128& hash,
                        device& on) noexcept;
  bool note_beside(file_handle& file, const stat_t& after, const hash128& hash,
                   side_hashes* beside) noexcept;

  hash_caching how_;
  change_clock clock_;
  std::array<device, 8> devices_{}; // The most recent ones.
  std::size_t oldest_ = 0;
};

} // namespace afio::algorithms
