#include "algorithms/clone_tree/clone_tree.hpp"

#include "algorithms/clone_tree/older_files.hpp"
#include "algorithms/copy_tree/apart.hpp"
#include "algorithms/copy_tree/link_instead.hpp"

#include <cerrno>
#include <new>

namespace afio::algorithms {

namespace clone_detail {

namespace {

copy_options for_copies(const clone_options& options) noexcept {
  copy_options how;
  how.tree = options.tree;
  how.file = options.file;
  how.doing = options.doing == clone_options::doing::rehearse ? copy_options::doing::rehearse
                                                              : copy_options::doing::execute;
  how.filter = options.filter;
  return how;
}

class previous final : public copy_detail::older_copy {
public:
  previous(const path_handle* root, const clone_options& options) noexcept
      : root_(root), options_(options) {}

  const path_handle* root() const noexcept override { return root_; }

  result<std::unique_ptr<copy_detail::shortcut<3>>> around(copy_detail::copying& shared) override {
    comparison how{.how = options_.how,
                   .metadata = options_.file.preserve,
                   .retry = options_.file.retry,
                   .stop = options_.tree.stop,
                   .counters = nullptr,
                   .inherited = comparison::inherited::equal};
    AFIO_TRY(auto as_told, entry_comparer::make(how));
    how.how = comparing::content;
    AFIO_TRY(auto by_contents, entry_comparer::make(how));
    blocks_ = shared.file;
    blocks_.reflink = reflink::always;
    AFIO_TRY(auto entries, copy_detail::entry_copier::make(blocks_, nullptr, shared.large));
    return std::make_unique<older_files>(options_, shared, claimed_, std::move(as_told),
                                         std::move(by_contents), std::move(entries));
  }

private:
  const path_handle* root_;
  const clone_options& options_;
  copy_file_options blocks_; // Of who shares blocks, always; they keep a reference.
  claimed_inodes claimed_;
};

} // namespace

} // namespace clone_detail

result<clone_report> clone_tree(const path_handle& from, leaf_name name,
                                const path_handle* previous, const path_handle& to,
                                leaf_name new_name, std::string_view shown,
                                const clone_options& options, observer& told) noexcept {
  // Where a user points at a mount point, it is the mount that is meant.
  AFIO_TRY(const path_handle source, path_handle::path(from, name, crossing::any_mount));
  return clone_tree(source, previous, to, new_name, shown, options, told);
}

result<clone_report> clone_tree(const path_handle& source, const path_handle* previous,
                                const path_handle& to, leaf_name new_name, std::string_view shown,
                                const clone_options& options, observer& told) noexcept try {
  if (previous != nullptr && options.share == clone_options::sharing::hard_links) {
    AFIO_TRY(const stat_t of_previous, previous->stat());
    AFIO_TRY(copy_detail::check_linkable(of_previous, new_name, to));
  }
  AFIO_TRY(const stat_t status, source.stat());
  // Shared with itself, or with a part of itself, it would not be a copy.
  if (previous != nullptr) {
    AFIO_TRY(copy_detail::check_out_of_reach(source, *previous, shown, options.tree.mounts,
                                             options.filter));
    AFIO_TRY(copy_detail::check_apart(*previous, source, shown));
  }
  const copy_options how = clone_detail::for_copies(options);
  clone_detail::previous older(previous, options);
  copy_detail::tree_copy work(to, new_name, shown, how, told, &older);
  if (options.name_if_incomplete) work.name_if_incomplete(*options.name_if_incomplete);
  AFIO_TRY(const copy_report copied, work.copy_directory(source, status));
  return clone_report{.created = copied.created,
                      .shared = work.shared(),
                      .linked = copied.linked,
                      .bytes = copied.bytes,
                      .bytes_shared = work.bytes_shared(),
                      .failures = copied.failures,
                      .kept_changing = copied.kept_changing,
                      .stopped = copied.stopped,
                      .name = work.published_as(),
                      .left_as = copied.left_as};

} catch (const std::bad_alloc&) {

  return error(ENOMEM, call::none);
}

} // namespace afio::algorithms
