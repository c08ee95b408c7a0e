// What the source's files were when their copies were made, by the inodes of the copies.
//
// A file of the same size whose time of modification was set back looks unchanged. Its time of
// change (ctime), which nobody can set, and its inode tell; but a copy cannot have those. So they
// are kept beside the copies.
#pragma once

#include "afio/path_handle.hpp"
#include "afio/stat.hpp"
#include "algorithms/clone_tree/index_format.hpp"
#include "algorithms/file_metadata.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace afio {
class file_handle;
}

namespace afio::algorithms {

class source_index {
public:
  source_index() noexcept;
  source_index(source_index&& other) noexcept;
  source_index& operator=(source_index&& other) noexcept;
  ~source_index();

  /// Reads what save() has written as `name` of `dir`, for who wants copies to have those parts of
  /// their sources' metadata. ENOENT where nothing was; EILSEQ where it is something else, or
  /// damaged; ENODATA where it is of copies that may lack one of these parts: nothing about them
  /// can be believed then. ENOMEM. 32 bytes of memory a file.
  static result<source_index> load(const path_handle& dir, leaf_name name,
                                   aspect wanted = aspect::all) noexcept;
  /// Writes all of it as `name` of `dir`, in place of what is there (EISDIR for a directory), in
  /// one instant and durably: what was loaded and what was noted since, of copies that all have the
  /// parts `kept` (no more than were wanted when it was loaded). A record that three saves
  /// in a row had no use for, as of() or note() tell, is left out: where inodes get new numbers
  /// again and again, nothing else would end the growth. The file is private (0600). On failure
  /// what is there stays; a kill leaves a random name in `dir` at the worst. Not beside note().
  /// Takes 32 bytes of memory for each file noted.
  result<void> save(const path_handle& dir, leaf_name name,
                    aspect kept = aspect::all) const noexcept;

  /// What is known of the file that was copied to the inode `copy`.
  enum class verdict : std::uint8_t {
    /// Nothing, or only of a device of another number: that may mean another one, or the same after
    /// the system was started anew.
    unknown,
    same,    ///< Its source is this one, and has not changed since.
    changed, ///< Its source was another file, or has changed since.
  };
  /// What was loaded tells, not what was noted since. By any thread, also beside note().
  verdict of(const identity& copy, const stat_t& source) const noexcept;

  /// From now on nothing is known of the inode `copy`: the file in it was made from one that was
  /// not looked at long enough ago. As note().
  void forget(const identity& copy, const stat_t& source);
  /// Notes that the file whose status is `source` was copied to the inode `copy`. By any thread;
  /// what was noted is found after save() and load(), in place of what was loaded of that copy. Of
  /// several notes of one copy the one of the latest change counts. Throws std::bad_alloc.
  void note(const identity& copy, const stat_t& source);

  /// How many records are in memory: loaded, and noted since.
  std::size_t size() const noexcept;

private:
  using record = clone_detail::source_record;

  /// Notes of some threads, in pieces that never move: a million take no more than they need.
  struct alignas(64) notes {
    static constexpr std::size_t piece_size = 1024;
    mutable std::mutex lock;
    std::vector<std::unique_ptr<std::array<record, piece_size>>> pieces;
    std::size_t count = 0;

    void add(const record& r);
  };

  const record* find(std::uint64_t copy) const noexcept;
  std::vector<record> sorted_notes() const;
  result<void> write(file_handle& file, aspect kept) const;

  std::vector<record> records_; // Of load(): sorted by copy.
  /// A thread always writes to the same one, and with few threads it is alone there.
  std::array<notes, 16> noted_;
};

} // namespace afio::algorithms
