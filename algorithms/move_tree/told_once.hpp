// An observer of several walks over one tree: who fails in each is told of once.
#pragma once

#include "algorithms/observer.hpp"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <new>
#include <set>
#include <string>

namespace afio::algorithms::move_detail {

/// Passes on what it hears, but failures only of names that have not failed before. Remembers those
/// names. Any thread may ask while another tells.
class told_once final : public observer {
public:
  explicit told_once(observer& inner) noexcept
      : observer(inner.wants_events() ? verbosity::events : verbosity::failures), inner_(inner) {}

  void failed(const failure& f) noexcept override {
    if (!is_first(f.path)) return;
    ++failures_;
    inner_.failed(f);
  }

  void lost(const loss& l) noexcept override {
    has_lost_ = true;
    inner_.lost(l);
  }

  void happened(const event& e) noexcept override { inner_.happened(e); }

  std::uint64_t failures() const noexcept { return failures_; }

  bool any_failed() const noexcept { return failures_ != 0; }

  bool has_failed(std::string_view path) const noexcept {
    const std::scoped_lock hold(lock_);
    return has_forgotten_ || failed_.contains(path);
  }

  bool has_lost() const noexcept { return has_lost_; }

private:
  bool is_first(std::string_view path) noexcept {
    const std::scoped_lock hold(lock_);
    try {
      return failed_.emplace(path).second;
    } catch (const std::bad_alloc&) {
      has_forgotten_ = true; // So it may be any.
      return true;           // Rather twice than never.
    }
  }

  observer& inner_;
  mutable std::mutex lock_;
  std::set<std::string, std::less<>> failed_;
  bool has_forgotten_ = false;
  std::atomic<std::uint64_t> failures_ = 0;
  bool has_lost_ = false;
};

} // namespace afio::algorithms::move_detail
