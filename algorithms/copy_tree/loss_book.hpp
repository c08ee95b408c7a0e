// Losses, told once for each kind and not for each entry; what is left out, each time.
#pragma once

#include "algorithms/file_metadata.hpp"
#include "algorithms/observer.hpp"
#include "algorithms/walk/visitor.hpp"

#include <cstddef>
#include <mutex>
#include <new>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace afio::algorithms::copy_detail {

/// Tells a loss the first time that it happens. For all workers.
class loss_book {
public:
  explicit loss_book(observer& told) noexcept : told_(told) {}

  /// `path` is called where it is needed. `what` has static storage.
  template <class F>
  void tell(std::string_view what, const error& why, F&& path) noexcept {
    const std::scoped_lock hold(lock_);
    try {
      if (!seen_.emplace(what, why.code().value()).second) return;
      const std::string shown = path();
      told_.lost({what, shown, why});
    } catch (const std::bad_alloc&) {
      told_.lost({what, why.name(), why}); // Rather twice than never.
    }
  }

  /// What is mounted on an entry is not copied: there, not only a kind of metadata is missing.
  void tell_left_out(const error& why, const std::string& path) noexcept {
    told_.lost({"what is mounted on it", path, why});
  }

private:
  observer& told_;
  std::mutex lock_;
  std::set<std::pair<std::string_view, int>> seen_;
};

/// Losses of one entry of a walk; of the directory itself where `leaf` is empty.
template <std::size_t N>
class entry_losses final : public loss_listener {
public:
  entry_losses(loss_book& book, const place<N>& here, std::string_view leaf) noexcept
      : book_(book), here_(here), leaf_(leaf) {}

  void lost(aspect what, const error& why) noexcept override { lost(name_of(what), why); }

  void lost(std::string_view what, const error& why) noexcept {
    book_.tell(what, why, [&] { return here_.path(leaf_); });
  }

  void left_out(const error& why) noexcept {
    try {
      book_.tell_left_out(why, here_.path(leaf_));
    } catch (const std::bad_alloc&) {
      book_.tell_left_out(why, {}); // Rather without its name than never.
    }
  }

private:
  loss_book& book_;
  const place<N>& here_;
  std::string_view leaf_;
};

/// Losses of something that is named from outside the walk.
class named_losses final : public loss_listener {
public:
  named_losses(loss_book& book, std::string_view shown) noexcept : book_(book), shown_(shown) {}

  void lost(aspect what, const error& why) noexcept override {
    book_.tell(name_of(what), why, [this] { return std::string(shown_); });
  }

private:
  loss_book& book_;
  std::string_view shown_;
};

} // namespace afio::algorithms::copy_detail
