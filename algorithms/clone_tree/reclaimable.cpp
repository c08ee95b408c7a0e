#include "algorithms/clone_tree/reclaimable.hpp"

#include <algorithm>
#include <cerrno>
#include <new>
#include <span>
#include <tuple>
#include <vector>

namespace afio::algorithms {

namespace {

/// One name of an inode that has several.
struct shared_name {
  std::uint64_t device;
  std::uint64_t inode;
  std::uint64_t links;
  std::uint64_t allocated;
  std::uint64_t bytes;

  bool same_inode(const shared_name& other) const noexcept {
    return device == other.device && inode == other.inode;
  }
};

class counter final : public visitor<1> {
public:
  void rows(const place<1>& here, std::span<row<1>> rows) noexcept override {
    for (const row<1>& r : rows) {
      try {
        count(*r.in[0].stat);
      } catch (const std::bad_alloc&) {
        here.fail(operation::stat, r.name, error(ENOMEM, call::none, r.name));
      }
    }
  }

  verdict denied(const place<1>&, const error& why) noexcept override {
    return why == errc::boundary ? verdict::skip : verdict::report;
  }

  void count(const stat_t& s) {
    const bool has_bytes = s.type == file_type::regular || s.type == file_type::symlink;
    const std::uint64_t bytes = has_bytes ? s.size : 0;
    if (s.type != file_type::directory && s.links > 1) {
      shared_.push_back({s.id.device, s.id.inode, s.links, s.allocated, bytes});
    } else {
      sum_.reclaimable += s.allocated;
      sum_.bytes += bytes;
    }
    ++sum_.entries;
  }

  const reclaimable_report& sum() const noexcept { return sum_; }

  const std::vector<shared_name>& shared() const noexcept { return shared_; }

private:
  reclaimable_report sum_;
  std::vector<shared_name> shared_;
};

/// Inodes by inodes: each counts once, and goes if all of its names are here.
void add_shared(reclaimable_report& sum, std::vector<shared_name>& all) {
  std::sort(all.begin(), all.end(), [](const shared_name& a, const shared_name& b) {
    return std::tie(a.device, a.inode) < std::tie(b.device, b.inode);
  });
  for (auto first = all.begin(); first != all.end();) {
    const auto end = std::find_if(
        first, all.end(), [&](const shared_name& other) { return !other.same_inode(*first); });
    // Where somebody makes or removes names meanwhile, they were seen with different numbers.
    const auto most = std::max_element(
        first, end, [](const auto& a, const auto& b) { return a.links < b.links; });
    const auto names = static_cast<std::uint64_t>(end - first);
    if (names >= most->links) sum.reclaimable += first->allocated;
    sum.bytes += first->bytes;
    sum.linked.push_back({first->device, first->inode, first->bytes});
    first = end;
  }
}

constexpr want fields = want::type | want::identity | want::links | want::size | want::allocated;

} // namespace

result<reclaimable_report> reclaimable(const walk_root& root, const tree_options& options,
                                       observer& told) noexcept try {
  walk_options how = options.for_walk();
  how.fields = fields;
  std::vector<counter> workers(worker_count(how, 1));
  AFIO_TRY(const stat_t top, root.directory->stat(fields));
  workers.front().count(top);
  AFIO_TRY(const walk_report done, walk<1>({root}, workers, how, told));
  reclaimable_report sum;
  std::vector<shared_name> shared;
  for (const counter& worker : workers) {
    sum.entries += worker.sum().entries;
    sum.bytes += worker.sum().bytes;
    sum.reclaimable += worker.sum().reclaimable;
    shared.insert(shared.end(), worker.shared().begin(), worker.shared().end());
  }
  add_shared(sum, shared);
  sum.failures = done.failures;
  sum.stopped = done.stopped;
  return sum;

} catch (const std::bad_alloc&) {

  return error(ENOMEM, call::none);
}

std::uint64_t shared_bytes(const reclaimable_report& one,
                           const reclaimable_report& other) noexcept {
  std::uint64_t bytes = 0;
  auto a = one.linked.begin(), b = other.linked.begin();
  const auto number = [](const linked_inode& i) { return std::tie(i.device, i.inode); };
  while (a != one.linked.end() && b != other.linked.end()) {
    const auto order = number(*a) <=> number(*b);
    if (order == 0) bytes += std::min(a->bytes, b->bytes); // It may have grown in between.
    if (order <= 0) ++a;
    if (order >= 0) ++b;
  }
  return bytes;
}

} // namespace afio::algorithms
