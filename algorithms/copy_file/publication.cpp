#include "algorithms/copy_file/publication.hpp"

#include "afio/random_name.hpp"
#include "algorithms/failure.hpp"

#include <cerrno>
#include <utility>

namespace afio::algorithms::copy_detail {

publication::publication(publication&& other) noexcept
    : dir_(std::exchange(other.dir_, nullptr)), name_(other.name_), final_(other.final_) {}

/// By identity, so that nothing else can go under that name. Nobody is left to hear of a failure;
/// what stays has a name of the documented pattern, or is in a directory that has.
void publication::abandon(const fs_handle& made) noexcept {
  if (dir_ != nullptr && name_) (void)made.unlink(*dir_, *name_);
}

result<void> publication::publish(const fs_handle& made, leaf_name name) noexcept {
  if (!final_) {
    AFIO_TRY(name_ ? made.relink(*dir_, *name_, *dir_, name) : made.link(*dir_, name));
  }
  dir_ = nullptr;
  return success();
}

/// Where something has hindered an exchange back, a mount say, the private name means what was
/// replaced: abandon() leaves that alone, and the error says where it is.
error publication::about_what_stays(const fs_handle& made, const error& why) const noexcept {
  stat_t there;
  const auto looked = there.stamp(*dir_, *name_, want::identity);
  const auto id = made.identity();
  const bool ours = looked && id && there.id.same_file(id.assume_value());
  const bool gone = !looked && is_gone(looked.assume_error());
  return ours || gone ? why : why.about(name_->view());
}

result<void> publication::publish_over(const fs_handle& made, leaf_name name,
                                       const old_entry& old) noexcept {
  if (!name_) {
    AFIO_TRY(const leaf_buffer aside, random_name());
    AFIO_TRY(made.link(*dir_, aside));
    name_ = aside;
  }
  if (old.first != nullptr) {
    AFIO_TRY(old.first->make());
  }
  // Checked where they arrive: what was made by relink, the old one here.
  const auto exchanged = made.relink(*dir_, *name_, *dir_, name, replace::exchange);
  if (!exchanged) {
    // The file system knows no flags, so an empty directory goes first.
    const bool no_flags = exchanged.assume_error().native() == EINVAL;
    if (!no_flags || old.first == nullptr) return about_what_stays(made, exchanged.assume_error());
    stat_t there;
    AFIO_TRY(there.stamp(*dir_, name, want::identity));
    if (!there.id.same_file(old.id)) return error(errc::raced, call::verify, name);
    AFIO_TRY(dir_->remove_directory(name));
    return publish(made, name);
  }
  stat_t out;
  const auto looked =
      out.stamp(*dir_, *name_, want::identity | want::type | want::size | want::times);
  if (!looked || !old.is(out)) {
    const auto back = made.relink(*dir_, name, *dir_, *name_, replace::exchange);
    if (!back) return about_what_stays(made, back.assume_error());
    return !looked ? looked.assume_error() : error(errc::raced, call::renameat2, name);
  }
  if (out.type == file_type::directory) {
    auto gone = dir_->remove_directory(*name_);
    const auto back = gone ? success() : made.relink(*dir_, name, *dir_, *name_, replace::exchange);
    if (!back) return about_what_stays(made, back.assume_error());
    if (gone) dir_ = nullptr;
    return gone;
  }
  return std::exchange(dir_, nullptr)->unlink(*name_);
}

} // namespace afio::algorithms::copy_detail
