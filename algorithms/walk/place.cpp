#include "algorithms/walk/engine.hpp"
#include "algorithms/walk/visitor.hpp"

namespace afio::algorithms {

template <std::size_t N>
bool place<N>::present(std::size_t tree) const noexcept {
  return node_.sides[tree].present;
}

template <std::size_t N>
bool place<N>::listed(std::size_t tree) const noexcept {
  return node_.sides[tree].listed;
}

template <std::size_t N>
const directory_handle& place<N>::handle(std::size_t tree) const noexcept {
  return node_.sides[tree].handle;
}

template <std::size_t N>
const identity& place<N>::id(std::size_t tree) const noexcept {
  return node_.sides[tree].id;
}

template <std::size_t N>
std::uint64_t place<N>::listed_inode(std::size_t tree) const noexcept {
  return node_.sides[tree].listed_inode;
}

template <std::size_t N>
bool place<N>::is_in(const identity& id, std::size_t tree) const noexcept {
  for (const auto* at = &node_; at != nullptr; at = at->parent) {
    if (at->sides[tree].id == id) return true;
  }
  return false;
}

template <std::size_t N>
bool place<N>::is_root() const noexcept {
  return node_.parent == nullptr;
}

template <std::size_t N>
std::uint32_t place<N>::depth() const noexcept {
  return node_.depth;
}

template <std::size_t N>
leaf_name place<N>::name() const noexcept {
  return node_.name();
}

template <std::size_t N>
const directory_handle& place<N>::parent(std::size_t tree) const noexcept {
  return node_.parent->sides[tree].handle;
}

template <std::size_t N>
std::string place<N>::path(std::string_view leaf) const {
  return engine_.path_of(node_, leaf);
}

template <std::size_t N>
std::string place<N>::path_in(std::size_t tree, std::string_view leaf) const {
  return engine_.path_of(node_, leaf, engine_.name_of(tree));
}

template <std::size_t N>
std::string place<N>::below(std::string_view leaf) const {
  return engine_.path_of(node_, leaf, {});
}

template <std::size_t N>
void place<N>::fail(operation what, std::string_view leaf, const error& why) const noexcept {
  engine_.fail(node_, what, leaf, why);
}

template <std::size_t N>
void place<N>::fail_in(std::size_t tree, operation what, std::string_view leaf,
                       const error& why) const noexcept {
  engine_.fail(node_, what, leaf, why, engine_.name_of(tree));
}

template <std::size_t N>
void place<N>::count_told(std::uint64_t failures) const noexcept {
  engine_.count_failures(node_, failures);
}

template <std::size_t N>
void place<N>::tell(event_kind kind, std::string_view leaf, file_type type) const noexcept {
  engine_.tell(node_, kind, leaf, type);
}

template <std::size_t N>
void place<N>::tell_in(std::size_t tree, event_kind kind, std::string_view leaf,
                       file_type type) const noexcept {
  engine_.tell(node_, kind, leaf, type, engine_.name_of(tree));
}

template <std::size_t N>
void place<N>::tell_moved(std::string_view leaf, file_type type) const noexcept {
  engine_.tell_moved(node_, leaf, type);
}

template <std::size_t N>
bool place<N>::incomplete() const noexcept {
  return node_.incomplete.load(std::memory_order_relaxed);
}

template <std::size_t N>
void place<N>::mark_incomplete() const noexcept {
  node_.incomplete.store(true, std::memory_order_relaxed);
}

template <std::size_t N>
void place<N>::leave_out(std::size_t tree) const noexcept {
  node_.sides[tree].present = false;
}

template <std::size_t N>
std::atomic<std::uint64_t>& place<N>::slot() const noexcept {
  return node_.slot;
}

template <std::size_t N>
std::atomic<std::uint64_t>& place<N>::parent_slot() const noexcept {
  return node_.parent->slot;
}

template class place<1>;
template class place<2>;
template class place<3>;

} // namespace afio::algorithms
