// The files that a walk has found, in little room, and how to get at them again.
#pragma once

#include "afio/file_handle.hpp"
#include "algorithms/dedupe/dedupe.hpp"
#include "algorithms/walk/visitor.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace afio::algorithms::dedupe_detail {

/// Which directory: of which worker, and of its how manieth. 0: none, which is above a root.
using directory_number = std::uint64_t;

/// A name in a directory. The bytes live in the inventory.
struct found_name {
  directory_number directory = 0;
  const char* text = nullptr; ///< NUL-terminated.
  std::uint32_t size = 0;

  leaf_name leaf() const noexcept { return leaf_name::from_kernel(text, size); }
};

struct found_directory {
  found_name at; ///< Of a root: its name for people, in no directory.
  identity id;
  const path_handle* root = nullptr; ///< Of a root only.
};

/// A regular file under one of its names.
struct found_file {
  found_name at;
  identity id;
  std::uint64_t size = 0;
  std::uint64_t allocated = 0;
  timestamp modified;
  timestamp changed;
  std::uint32_t links = 0;
  std::uint32_t owner = 0;
  std::uint32_t group = 0;
  std::uint16_t mode = 0;
};

/// Bytes of names. They never move.
class name_store {
public:
  /// Throws std::bad_alloc.
  const char* keep(std::string_view name);

private:
  std::vector<std::unique_ptr<char[]>> pieces_;
  char* next_ = nullptr;
  std::size_t left_ = 0;
};

/// The visitor of one worker, which keeps what it finds for the time of the plan.
class collector final : public visitor<1> {
public:
  /// Throws std::bad_alloc.
  collector(std::uint32_t worker, const dedupe_options& options)
      : worker_(worker), options_(&options) {}

  collector(const collector&) = delete;
  collector(collector&&) = default;

  /// What is walked next.
  void begin(directory_number root) noexcept { root_ = root; }

  /// Copies its name. Throws std::bad_alloc.
  directory_number add(const found_directory& directory);

  void rows(const place<1>& here, std::span<row<1>> rows) noexcept override;
  verdict denied(const place<1>& here, const error& why) noexcept override;

  const found_directory& directory(std::uint32_t index) const noexcept {
    return directories_[index];
  }

  std::deque<found_file>& files() noexcept { return files_; }

private:
  void look_at(const place<1>& here, row<1>& r);
  bool wants(const place<1>& here, const row<1>& r) const;
  found_name name_in(const place<1>& here, leaf_name name) const noexcept;

  std::uint32_t worker_;
  const dedupe_options* options_;
  directory_number root_ = 0;
  name_store names_;
  std::deque<found_directory> directories_;
  std::deque<found_file> files_;
};

/// Of several trees. Constant once filled: by any thread.
class inventory {
public:
  /// Walks `trees` until `limit`. Entries that cannot be looked at are told and left out. Throws
  /// std::bad_alloc.
  result<walk_report> fill(std::span<const walk_root> trees, const dedupe_options& options,
                           const deadline::running& limit, observer& told);

  const found_directory& directory(directory_number number) const noexcept;
  /// The root that it is below. Of a tree that comes first it is less.
  directory_number tree_of(const found_name& name) const noexcept;
  /// For people. Throws std::bad_alloc.
  std::string path(const found_name& name) const;

  /// Calls f with every file.
  template <class F>
  void for_each(F&& f) {
    for (collector& one : workers_)
      for (const found_file& file : one.files()) f(file);
  }

private:
  std::vector<collector> workers_;
};

} // namespace afio::algorithms::dedupe_detail
