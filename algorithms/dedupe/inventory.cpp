#include "algorithms/dedupe/inventory.hpp"

#include "algorithms/filtered.hpp"
#include "algorithms/hash/side_hashes.hpp"

#include <algorithm>
#include <cstring>
#include <new>

namespace afio::algorithms::dedupe_detail {

namespace {

constexpr want fields = want::type | want::identity | want::size | want::times | want::mode |
                        want::owner | want::links | want::allocated;

constexpr directory_number number_of(std::uint32_t worker, std::size_t index) noexcept {
  return std::uint64_t{worker + 1} << 32 | index;
}

} // namespace

const char* name_store::keep(std::string_view name) {
  constexpr std::size_t usual = 64 << 10;
  if (left_ <= name.size()) {
    left_ = std::max(usual, name.size() + 1); // A root's name is as long as it likes.
    next_ = pieces_.emplace_back(std::make_unique_for_overwrite<char[]>(left_)).get();
  }
  char* const kept = next_;
  std::memcpy(kept, name.data(), name.size());
  kept[name.size()] = '\0';
  next_ += name.size() + 1;
  left_ -= name.size() + 1;
  return kept;
}

directory_number collector::add(const found_directory& directory) {
  found_directory& kept = directories_.emplace_back(directory);
  kept.at.text = names_.keep({directory.at.text, directory.at.size});
  return number_of(worker_, directories_.size() - 1);
}

void collector::rows(const place<1>& here, std::span<row<1>> rows) noexcept {
  for (row<1>& r : rows) {
    try {
      look_at(here, r);
    } catch (const std::bad_alloc&) {
      here.fail(operation::stat, r.name, error(ENOMEM, call::none));
      r.below = row<1>::below::skip;
    }
  }
}

verdict collector::denied(const place<1>&, const error& why) noexcept {
  return why == errc::boundary ? verdict::skip : verdict::report;
}

/// A directory's slot holds its number, but for a root's.
void collector::look_at(const place<1>& here, row<1>& r) {
  const stat_t& s = *r.in[0].stat;
  if (s.type != file_type::directory && s.type != file_type::regular) return;
  if (!wants(here, r)) {
    r.below = row<1>::below::skip;
    return;
  }
  if (s.type == file_type::directory) {
    r.slot = add({.at = name_in(here, r.name), .id = s.id});
    return;
  }
  found_name at = name_in(here, r.name);
  at.text = names_.keep(r.name);
  files_.push_back({.at = at,
                    .id = s.id,
                    .size = s.size,
                    .allocated = s.allocated,
                    .modified = s.modified,
                    .changed = s.changed,
                    .links = static_cast<std::uint32_t>(s.links),
                    .owner = s.owner,
                    .group = s.group,
                    .mode = s.mode});
}

bool collector::wants(const place<1>& here, const row<1>& r) const {
  const stat_t& s = *r.in[0].stat;
  if (s.type == file_type::regular) {
    // A file on which another one is mounted has names that nobody can see.
    const bool mounted_on = s.id.mount != here.id().mount || s.id.device != here.id().device;
    if (r.name.view() == side_hashes::file_name) return false;
    if (s.size < std::max<std::uint64_t>(options_->min_size, 1) || mounted_on) return false;
    if (options_->owner && s.owner != *options_->owner) return false;
  }
  return includes(options_->filter, here, r);
}

/// The bytes are still the listing's.
found_name collector::name_in(const place<1>& here, leaf_name name) const noexcept {
  return {here.is_root() ? root_ : here.slot().load(), name.c_str(),
          static_cast<std::uint32_t>(name.view().size())};
}

result<walk_report> inventory::fill(std::span<const walk_root> trees, const dedupe_options& options,
                                    const deadline::running& limit, observer& told) {
  walk_options how = options.tree.for_walk();
  how.fields = fields;
  const unsigned workers = worker_count(how, 1);
  for (unsigned i = 0; i < workers; ++i) workers_.emplace_back(i, options);
  walk_report all;
  for (const walk_root& tree : trees) {
    AFIO_TRY(const identity id, tree.directory->identity());
    const found_name shown{0, tree.name.data(), static_cast<std::uint32_t>(tree.name.size())};
    const directory_number root = workers_[0].add({.at = shown, .id = id, .root = tree.directory});
    for (collector& worker : workers_) worker.begin(root);
    how.deadline = limit.rest();
    AFIO_TRY(const walk_report done, walk<1>({tree}, workers_, how, told));
    all.rows += done.rows;
    all.failures += done.failures;
    all.stopped = done.stopped;
    if (done.stopped != stopped::no) break;
  }
  return all;
}

const found_directory& inventory::directory(directory_number number) const noexcept {
  return workers_[(number >> 32) - 1].directory(static_cast<std::uint32_t>(number));
}

directory_number inventory::tree_of(const found_name& name) const noexcept {
  directory_number at = name.directory;
  while (directory(at).at.directory != 0) at = directory(at).at.directory;
  return at;
}

std::string inventory::path(const found_name& name) const {
  std::vector<std::string_view> parts{{name.text, name.size}};
  for (directory_number at = name.directory; at != 0;) {
    const found_name& above = directory(at).at;
    parts.emplace_back(above.text, above.size);
    at = above.directory;
  }
  std::string path(parts.back());
  for (auto part = parts.rbegin() + 1; part != parts.rend(); ++part) {
    if (!path.empty() && path.back() != '/') path += '/';
    path += *part;
  }
  return path;
}

} // namespace afio::algorithms::dedupe_detail
