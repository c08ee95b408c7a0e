// An observer that is told by a walk and by others at the same time.
#pragma once

#include "algorithms/observer.hpp"

#include <mutex>

namespace afio::algorithms {

/// Passes on what it hears, one call at a time. A walk does so by itself: this is for algorithms
/// that have more to tell of it.
class serial_observer final : public observer {
public:
  explicit serial_observer(observer& inner) noexcept
      : observer(inner.wants_events() ? verbosity::events : verbosity::failures), inner_(inner) {}

  void failed(const failure& f) noexcept override {
    const std::scoped_lock hold(lock_);
    inner_.failed(f);
  }

  void skipped(const failure& f) noexcept override {
    const std::scoped_lock hold(lock_);
    inner_.skipped(f);
  }

  void lost(const loss& l) noexcept override {
    const std::scoped_lock hold(lock_);
    inner_.lost(l);
  }

  void happened(const event& e) noexcept override {
    const std::scoped_lock hold(lock_);
    inner_.happened(e);
  }

private:
  observer& inner_;
  std::mutex lock_;
};

} // namespace afio::algorithms
