#include "algorithms/hardlinks/hardlinks.hpp"

#include "algorithms/filtered.hpp"
#include "algorithms/mounted_on.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <tuple>
#include <utility>

namespace afio::algorithms {

std::string linked_name::path() const { return std::string(in->path) + leaf; }

namespace {

/// Remembers the names of inodes that have several.
class collector final : public visitor<1> {
public:
  explicit collector(const hardlinks_options& options)
      : options_(&options), memory_(std::make_unique<std::pmr::monotonic_buffer_resource>()) {}

  void rows(const place<1>& here, std::span<row<1>> rows) noexcept override {
    for (row<1>& r : rows) {
      try {
        if (!includes(options_->filter, here, r))
          r.below = row<1>::below::skip;
        else if (has_several_names(here, *r.in[0].stat))
          keep(here, r);
      } catch (const std::bad_alloc&) {
        here.fail(operation::stat, r.name, error(ENOMEM, call::none, r.name));
      }
    }
  }

  verdict denied(const place<1>&, const error& why) noexcept override {
    return why == errc::boundary ? verdict::skip : verdict::report;
  }

  std::vector<linked_name>& names() noexcept { return names_; }

  /// What the names are made of.
  std::unique_ptr<std::pmr::monotonic_buffer_resource> release() noexcept {
    return std::move(memory_);
  }

private:
  bool has_several_names(const place<1>& here, const stat_t& s) const noexcept {
    return s.type != file_type::directory && s.links > 1 && s.size >= options_->min_size &&
           !is_mounted_on(here, 0, s);
  }

  void keep(const place<1>& here, const row<1>& r) {
    const stat_t& s = *r.in[0].stat;
    names_.push_back({.in = directory(here, r.name),
                      .leaf = copy_of(r.name),
                      .device = s.id.device,
                      .inode = s.id.inode,
                      .links = s.links,
                      .size = s.size,
                      .type = s.type});
  }

  /// One for all the names that a worker finds there at a stretch, mostly for all.
  const linking_directory* directory(const place<1>& here, leaf_name leaf) {
    if (last_ == nullptr || here.id() != last_id_) {
      const std::string path = here.path(leaf);
      const std::size_t above = path.size() - leaf.view().size();
      const char* const kept = copy_of(std::string_view(path).substr(0, above));
      void* const room = memory_->allocate(sizeof(linking_directory), alignof(linking_directory));
      last_ = new (room) linking_directory{here.id().device, here.id().inode, {kept, above}};
      last_id_ = here.id();
    }
    return last_;
  }

  const char* copy_of(std::string_view text) {
    char* const room = static_cast<char*>(memory_->allocate(text.size() + 1, 1));
    std::memcpy(room, text.data(), text.size());
    room[text.size()] = '\0';
    return room;
  }

  const hardlinks_options* options_;
  std::unique_ptr<std::pmr::monotonic_buffer_resource> memory_;
  std::vector<linked_name> names_;
  const linking_directory* last_ = nullptr;
  identity last_id_;
};

/// As the bytes of the paths are ordered. A leaf has no slash, and what a directory's path has more
/// than another's ends in one: so the leaf need not be compared with what stands behind that.
int compare_paths(const linked_name& a, const linked_name& b) noexcept {
  const std::string_view in_a = a.in->path, in_b = b.in->path;
  const std::size_t common = std::min(in_a.size(), in_b.size());
  if (const int order = in_a.substr(0, common).compare(in_b.substr(0, common))) return order;
  if (in_a.size() < in_b.size()) return std::string_view(a.leaf).compare(in_b.substr(common));
  if (in_a.size() > in_b.size()) return in_a.substr(common).compare(b.leaf);
  return std::strcmp(a.leaf, b.leaf);
}

bool is_before(const linked_name& a, const linked_name& b) noexcept {
  return compare_paths(a, b) < 0;
}

auto inode_of(const linked_name& n) noexcept { return std::tie(n.device, n.inode); }

auto holder_of(const linked_name& n) noexcept { return std::tie(n.in->device, n.in->inode); }

/// Inodes by inodes, then names by names: paths that lead to one name are together.
bool is_before_by_identity(const linked_name& a, const linked_name& b) noexcept {
  if (inode_of(a) != inode_of(b)) return inode_of(a) < inode_of(b);
  if (holder_of(a) != holder_of(b)) return holder_of(a) < holder_of(b);
  if (const int order = std::strcmp(a.leaf, b.leaf)) return order < 0;
  return is_before(a, b);
}

bool is_same_name(const linked_name& a, const linked_name& b) noexcept {
  return inode_of(a) == inode_of(b) && holder_of(a) == holder_of(b) &&
         std::strcmp(a.leaf, b.leaf) == 0;
}

/// Sorts `names`, drops further paths to one name, and makes the groups of what is left.
std::vector<link_group> groups_of(std::vector<linked_name>& names) {
  std::sort(names.begin(), names.end(), is_before_by_identity);
  names.erase(std::unique(names.begin(), names.end(), is_same_name), names.end());
  std::vector<link_group> groups;
  for (auto first = names.begin(); first != names.end();) {
    const auto end = std::find_if(
        first, names.end(), [&](const auto& other) { return inode_of(other) != inode_of(*first); });
    std::sort(first, end, is_before);
    const auto most = std::max_element(
        first, end, [](const auto& a, const auto& b) { return a.links < b.links; });
    groups.push_back({.names = {first, end}, .links = most->links});
    first = end;
  }
  std::sort(groups.begin(), groups.end(), [](const link_group& a, const link_group& b) {
    return is_before(a.names.front(), b.names.front());
  });
  return groups;
}

constexpr want fields = want::type | want::identity | want::links | want::size;

} // namespace

/// What is found, tree after tree.
class hardlinks_search {
public:
  hardlinks_search(const hardlinks_options& options, observer& told) noexcept
      : options_(options), told_(told), limit_(options.tree.deadline.start()) {}

  void look_in(const walk_root& tree) {
    walk_options how = options_.tree.for_walk();
    how.fields = fields;
    how.deadline = limit_.rest();
    std::vector<collector> workers;
    for (unsigned left = worker_count(how, 1); left != 0; --left) workers.emplace_back(options_);
    const auto done = walk<1>({tree}, workers, how, told_);
    if (!done) return fail(tree, done.assume_error());
    for (collector& worker : workers) take(worker);
    found_.failures += done.assume_value().failures;
    found_.stopped = done.assume_value().stopped;
  }

  bool goes_on() const noexcept { return found_.stopped == stopped::no; }

  hardlinks_report finish() {
    found_.groups = groups_of(found_.names_);
    return std::move(found_);
  }

private:
  void take(collector& worker) {
    found_.names_.insert(found_.names_.end(), worker.names().begin(), worker.names().end());
    worker.names() = {};
    found_.memory_.push_back(worker.release());
  }

  void fail(const walk_root& tree, const error& why) noexcept {
    ++found_.failures;
    told_.failed({operation::open, tree.name, why});
    if (options_.tree.on_failure == on_failure::stop) found_.stopped = stopped::by_failure;
  }

  const hardlinks_options& options_;
  observer& told_;
  deadline::running limit_; // One for all trees.
  hardlinks_report found_;
};

result<hardlinks_report> find_hardlinks(std::span<const walk_root> trees,
                                        const hardlinks_options& options, observer& told) noexcept
    try {
  hardlinks_search search(options, told);
  for (const walk_root& tree : trees) {
    if (search.goes_on()) search.look_in(tree);
  }
  return search.finish();

} catch (const std::bad_alloc&) {

  return error(ENOMEM, call::none);
}

} // namespace afio::algorithms
