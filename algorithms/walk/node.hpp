// A directory being walked, and the lists it can stand in.
#pragma once

#include "afio/directory_handle.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>

namespace afio::algorithms::walk_detail {

/// Something a worker can take: a directory or a batch of rows. Stands in one queue at a time.
struct task {
  enum class kind : std::uint8_t { directory, batch };

  explicit task(kind k) noexcept : what(k) {}

  task* before = nullptr;
  task* behind = nullptr;
  kind what;
};

/// A doubly linked list through the tasks themselves: nothing to allocate, nothing to fail.
class task_list {
public:
  bool empty() const noexcept { return first_ == nullptr; }

  void push_back(task& t) noexcept {
    t.before = last_;
    t.behind = nullptr;
    (last_ != nullptr ? last_->behind : first_) = &t;
    last_ = &t;
  }

  task* pop_back() noexcept { return last_ != nullptr ? remove(*last_) : nullptr; }

  task* pop_front() noexcept { return first_ != nullptr ? remove(*first_) : nullptr; }

  /// Moves all of `other` behind what is here.
  void append(task_list& other) noexcept {
    if (other.empty()) return;
    other.first_->before = last_;
    (last_ != nullptr ? last_->behind : first_) = other.first_;
    last_ = other.last_;
    other.first_ = other.last_ = nullptr;
  }

private:
  task* remove(task& t) noexcept {
    (t.before != nullptr ? t.before->behind : first_) = t.behind;
    (t.behind != nullptr ? t.behind->before : last_) = t.before;
    return &t;
  }

  task* first_ = nullptr;
  task* last_ = nullptr;
};

template <std::size_t N>
struct node : task {
  /// The directory in one tree.
  struct side {
    directory_handle handle; // Guarded by the descriptor budget.
    identity id;             // Set by the first open, then constant.
    std::uint64_t listed_inode = 0;
    std::int64_t next = 0; // Where to go on listing.
    bool present = false;
    bool fresh = false;              // Made by the visitor, empty: not listed.
    bool followed = false;           // By a symlink, because the visitor says so.
    bool optional = false;           // As its root.
    std::uint64_t device = 0;        // Of what that leads to.
    std::atomic<bool> listed{false}; // Its whole listing has been read. Read by any worker.
  };

  node* parent = nullptr;
  std::array<side, N> sides;
  std::atomic<std::uint64_t> slot{0};
  /// What must end before the directory is finished: its listing, batches lent out, children.
  std::atomic<std::uint32_t> pending{1};
  std::atomic<bool> incomplete{false};
  bool opened = false;       // The first open has been done.
  std::uint8_t at_fault = 0; // The tree where opening failed, where it did.
  std::uint16_t listed_again = 0;
  std::uint32_t depth = 0;

  // The descriptor budget's own.
  node* newer = nullptr;
  node* older = nullptr;
  node* toward = nullptr; // The next one on the way down to a directory to be opened again.
  std::uint32_t pins = 0;
  bool is_open = false;
  bool checkpoint = false; // Worth more than the least recently used.

  std::uint16_t name_size = 0;

  leaf_name name() const noexcept {
    return leaf_name::from_kernel(reinterpret_cast<const char*>(this + 1), name_size);
  }

  /// The name stands behind the node, in one allocation. Null where memory is short.
  static node* make(node* parent, std::string_view name) noexcept {
    void* memory = ::operator new(sizeof(node) + name.size() + 1, std::nothrow);
    if (memory == nullptr) return nullptr;
    node* made = new (memory) node(parent, name.size());
    char* text = reinterpret_cast<char*>(made + 1);
    name.copy(text, name.size());
    text[name.size()] = '\0';
    return made;
  }

  static void destroy(node* n) noexcept {
    n->~node();
    ::operator delete(n);
  }

private:
  node(node* above, std::size_t size) noexcept
      : task(kind::directory),
        parent(above),
        depth(above != nullptr ? above->depth + 1 : 0),
        name_size(static_cast<std::uint16_t>(size)) {}
};

} // namespace afio::algorithms::walk_detail
