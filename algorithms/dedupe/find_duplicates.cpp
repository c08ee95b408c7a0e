#include "algorithms/dedupe/candidate.hpp"
#include "algorithms/dedupe/fingerprinter.hpp"
#include "algorithms/serial_observer.hpp"
#include "algorithms/walk/in_parallel.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace afio::algorithms {

namespace dedupe_detail {

namespace {

/// What files of one class have in common.
auto class_of(const found_file& f, aspect match) noexcept {
  const bool owner = has(match, aspect::ownership), time = has(match, aspect::timestamps);
  return std::tuple(f.id.mount, f.id.device, f.size, has(match, aspect::mode) ? f.mode : 0,
                    owner ? f.owner : 0, owner ? f.group : 0, time ? f.modified.seconds : 0,
                    time ? f.modified.nanoseconds : 0);
}

/// Calls f(run) for each longest run of neighbours that have one key.
template <class T, class Key, class F>
void for_each_run(std::span<T> all, Key&& key, F&& f) {
  for (std::size_t from = 0, to; from < all.size(); from = to) {
    const auto& of_run = std::invoke(key, all[from]);
    for (to = from + 1; to < all.size() && std::invoke(key, all[to]) == of_run;) ++to;
    f(all.subspan(from, to - from));
  }
}

/// The finder of one plan: each function is a stage, and leaves fewer candidates to the next.
class finder {
public:
  finder(contents_of_plan& plan, const dedupe_options& options, observer& told) noexcept
      : plan_(plan),
        options_(options),
        told_(told),
        shared_{plan, options, told_, {}},
        limit_(options.tree.deadline.start()) {}

  result<void> find(std::span<const walk_root> trees) {
    AFIO_TRY(walked, plan_.found.fill(trees, options_, limit_, told_));
    if (walked.stopped != stopped::no) return success();
    order_names();
    list_candidates();
    AFIO_TRY(read_beginnings());
    AFIO_TRY(read_where_others_are_known());
    keep_groups();
    AFIO_TRY(read_rest());
    drop_unread();
    keep_groups();
    choose_kept();
    directory_cache directories(plan_.found, 16, options_.tree.mounts);
    shared_.beside.save(directories);
    return success();
  }

  walk_report walked;
  std::uint64_t files = 0;

private:
  using tree_path = std::pair<directory_number, std::string>;

  void order_names();
  void list_candidates();
  result<void> read_beginnings();
  result<void> read_where_others_are_known();
  result<void> read_rest();
  result<void> read_whole(std::vector<candidate*>& work);
  void drop_unread();
  void keep_groups();
  void choose_kept();
  tree_path order(const contents_of_plan::group& g);
  tree_path first_path(const candidate& c) const;
  std::array<std::int64_t, 3> rank(const found_file& f) const noexcept;
  template <class F>
  result<void> share_out(std::vector<candidate*>& work, std::size_t at_once, F&& read);
  bool stopping() noexcept;
  bool gives_up() const noexcept;

  contents_of_plan& plan_;
  const dedupe_options& options_;
  serial_observer told_;
  fingerprinting shared_;
  deadline::running limit_;
  std::atomic<bool> failed_{false};
};

/// By class, then by inode, then by name.
void finder::order_names() {
  // Size and inode, which mostly decide, are at hand.
  struct keyed {
    std::uint64_t size, inode;
    const found_file* file;
  };

  std::vector<keyed> all;
  plan_.found.for_each([&](const found_file& f) { all.push_back({f.size, f.id.inode, &f}); });
  const auto place_of = [&](const found_file* f) {
    return std::tuple(plan_.found.directory(f->at.directory).id.inode,
                      std::string_view(f->at.leaf()));
  };
  std::ranges::sort(all, [&](const keyed& a, const keyed& b) {
    if (a.size != b.size) return a.size < b.size;
    const auto of_a = class_of(*a.file, options_.match), of_b = class_of(*b.file, options_.match);
    if (of_a != of_b) return of_a < of_b;
    if (a.inode != b.inode) return a.inode < b.inode;
    return place_of(a.file) < place_of(b.file);
  });
  auto& names = plan_.names;
  names.reserve(all.size());
  for (const keyed& one : all) names.push_back(one.file);
  // Trees may overlap.
  const auto again =
      std::unique(names.begin(), names.end(), [&](const found_file* a, const found_file* b) {
        return a->id == b->id && place_of(a) == place_of(b);
      });
  names.erase(again, names.end());
}

void finder::list_candidates() {
  const auto& names = plan_.names;
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < names.size();) {
    const std::size_t first = plan_.candidates.size();
    const auto common = class_of(*names[i], options_.match);
    ++number;
    for (; i < names.size() && class_of(*names[i], options_.match) == common; ++i) {
      const bool again = plan_.candidates.size() > first &&
                         plan_.file(plan_.candidates.back()).id.inode == names[i]->id.inode;
      if (again)
        ++plan_.candidates.back().names;
      else
        plan_.candidates.push_back(
            {.first_name = static_cast<std::uint32_t>(i), .names = 1, .of_class = number});
    }
    files += plan_.candidates.size() - first;
    if (plan_.candidates.size() - first < 2) plan_.candidates.resize(first);
  }
}

/// Hands `work` to the workers, some at once in order, until all is done or it is to stop.
template <class F>
result<void> finder::share_out(std::vector<candidate*>& work, std::size_t at_once, F&& read) {
  const auto pieces = (work.size() + at_once - 1) / at_once;
  const auto threads = std::min<std::size_t>(worker_count(options_.tree.for_walk(), 1),
                                             std::max<std::size_t>(pieces, 1));
  std::vector<fingerprinter> workers;
  for (std::size_t i = 0; i < threads; ++i) {
    AFIO_TRY(auto made, fingerprinter::make(shared_));
    workers.push_back(std::move(made));
  }
  std::atomic<std::size_t> next{0};
  std::atomic<bool> broken_off{false};
  in_parallel(static_cast<unsigned>(threads), [&](unsigned i) noexcept {
    for (;;) {
      const std::size_t from = next.fetch_add(at_once);
      if (from >= work.size()) break;
      if (stopping()) {
        broken_off = true;
        break;
      }
      for (candidate* const one :
           std::span(work).subspan(from, std::min(at_once, work.size() - from)))
        read(workers[i], *one);
      if (workers[i].failures() != 0) failed_ = true;
    }
    workers[i].finish();
  });
  for (const fingerprinter& one : workers) walked.failures += one.failures();
  if (options_.tree.stop.stop_requested())
    walked.stopped = stopped::by_request;
  else if (gives_up())
    walked.stopped = stopped::by_failure;
  else if (broken_off)
    walked.stopped = stopped::by_deadline;
  return success();
}

bool finder::stopping() noexcept {
  return options_.tree.stop.stop_requested() || gives_up() || limit_.expired();
}

bool finder::gives_up() const noexcept {
  return options_.tree.on_failure == on_failure::stop && failed_;
}

/// One directory after another, and in it by inode: as their blocks and inodes mostly lie.
result<void> finder::read_beginnings() {
  using placed = std::tuple<directory_number, std::uint64_t, candidate*>;
  std::vector<placed> order;
  for (candidate& c : plan_.candidates)
    order.emplace_back(plan_.file(c).at.directory, plan_.file(c).id.inode, &c);
  std::ranges::sort(order);
  std::vector<candidate*> work(order.size());
  std::ranges::transform(order, work.begin(), [](const placed& one) { return std::get<2>(one); });
  return share_out(work, 64, [](fingerprinter& by, candidate& one) { by.begin(one); });
}

/// The cache knows whole contents: where it does so of some files of a class, the ends of the
/// others say nothing.
result<void> finder::read_where_others_are_known() {
  std::vector<candidate*> work;
  const auto& all = plan_.candidates;
  for (std::size_t i = 0, end; i < all.size(); i = end) {
    bool known = false;
    for (end = i; end < all.size() && all[end].of_class == all[i].of_class; ++end)
      known = known || all[end].read == candidate::read::all;
    if (!known) continue;
    for (candidate& c : std::span(plan_.candidates).subspan(i, end - i))
      if (c.read == candidate::read::ends) work.push_back(&c);
  }
  return read_whole(work);
}

/// Of the long ones.
result<void> finder::read_rest() {
  std::vector<candidate*> work;
  for (candidate& c : plan_.candidates)
    if (c.read == candidate::read::ends) work.push_back(&c);
  return read_whole(work);
}

/// In the order in which they are on the device.
result<void> finder::read_whole(std::vector<candidate*>& work) {
  std::ranges::sort(work, {}, &candidate::place);
  return share_out(work, 1, [](fingerprinter& by, candidate& one) { by.read_whole(one); });
}

/// Of which only the ends are known, because time was up.
void finder::drop_unread() {
  std::erase_if(plan_.candidates,
                [](const candidate& c) { return c.read == candidate::read::ends; });
}

/// Lines up what is equal as far as it was read, and drops what is equal to nothing.
void finder::keep_groups() {
  auto& all = plan_.candidates;
  std::erase_if(all, [](const candidate& c) {
    return c.read == candidate::read::nothing || c.read == candidate::read::failed;
  });
  const auto key = [](const candidate& c) { return std::tuple(c.contents, c.attributes); };
  plan_.groups.clear();
  std::size_t kept = 0;
  const auto keep = [&](std::span<const candidate> equal) {
    if (equal.size() < 2) return;
    std::ranges::copy(equal, all.begin() + static_cast<std::ptrdiff_t>(kept));
    plan_.groups.push_back(
        {static_cast<std::uint32_t>(kept), static_cast<std::uint32_t>(equal.size())});
    kept += equal.size();
  };
  // They are in the order of their classes, most of which are small.
  for_each_run(std::span(all), &candidate::of_class, [&](std::span<candidate> same_class) {
    std::ranges::sort(same_class, {},
                      [&](const candidate& c) { return std::tuple(key(c), c.first_name); });
    for_each_run(same_class, key, keep);
  });
  all.resize(kept);
}

/// Puts first what is to be kept, and orders all else by path, so that two runs tell the same.
void finder::choose_kept() {
  std::vector<std::pair<tree_path, contents_of_plan::group>> ordered;
  for (const contents_of_plan::group& g : plan_.groups) ordered.emplace_back(order(g), g);
  std::ranges::sort(ordered, {}, &decltype(ordered)::value_type::first);
  std::ranges::transform(ordered, plan_.groups.begin(), [](const auto& one) { return one.second; });
}

/// What it is ordered by.
finder::tree_path finder::order(const contents_of_plan::group& g) {
  const auto members = std::span(plan_.candidates).subspan(g.first, g.count);
  const auto rank_of = [&](const candidate& c) { return rank(plan_.file(c)); };
  if (g.count == 2 && rank_of(members[0]) != rank_of(members[1])) { // As most are.
    if (rank_of(members[1]) < rank_of(members[0])) std::swap(members[0], members[1]);
    return first_path(members[0]);
  }
  std::vector<std::pair<tree_path, candidate>> ordered;
  for (const candidate& c : members) ordered.emplace_back(first_path(c), c);
  std::ranges::sort(ordered, {}, &decltype(ordered)::value_type::first);
  const auto kept =
      std::ranges::min_element(ordered, {}, [&](const auto& one) { return rank_of(one.second); });
  std::rotate(ordered.begin(), kept, kept + 1);
  std::ranges::transform(ordered, members.begin(), [](const auto& one) { return one.second; });
  return std::move(ordered.front().first);
}

finder::tree_path finder::first_path(const candidate& c) const {
  std::vector<tree_path> paths;
  for (const found_file* const name : plan_.names_of(c))
    paths.emplace_back(plan_.found.tree_of(name->at), plan_.found.path(name->at));
  return std::move(*std::ranges::min_element(paths));
}

/// The least is kept.
std::array<std::int64_t, 3> finder::rank(const found_file& f) const noexcept {
  const std::int64_t seconds = f.modified.seconds, nanoseconds = f.modified.nanoseconds;
  const auto links = static_cast<std::int64_t>(f.links);
  switch (options_.keep) {
  case keep::oldest:
    return {seconds, nanoseconds, -links};
  case keep::newest:
    return {-seconds, -nanoseconds, -links};
  case keep::most_names:
    return {-links, seconds, nanoseconds};
  case keep::first:
    break;
  }
  return {};
}

} // namespace

} // namespace dedupe_detail

result<dedupe_plan> find_duplicates(std::span<const walk_root> trees, const dedupe_options& options,
                                    observer& told) noexcept try {
  dedupe_plan plan(std::make_unique<dedupe_detail::contents_of_plan>());
  dedupe_detail::finder finder(*plan.of_, options, told);
  AFIO_TRY(finder.find(trees));
  plan.files = finder.files;
  plan.duplicates = plan.of_->candidates.size() - plan.of_->groups.size();
  plan.failures = finder.walked.failures;
  plan.stopped = finder.walked.stopped;
  return plan;

} catch (const std::bad_alloc&) {

  return error(ENOMEM, call::none);
}

} // namespace afio::algorithms
