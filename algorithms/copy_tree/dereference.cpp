#include "algorithms/copy_tree/dereference.hpp"

#include "algorithms/copy_tree/apart.hpp"

#include <cerrno>

namespace afio::algorithms::copy_detail {

result<std::optional<led_to>> follow(const path_handle& dir, leaf_name name) noexcept {
  auto file = fs_handle::pin_target(dir, name);
  if (!file) {
    stat_t s;
    const auto looked = s.stamp(dir, name, want::type);
    const bool gone = !looked && is_gone(looked.assume_error());
    if (gone) return std::optional<led_to>();
    return std::move(file).as_failure();
  }
  AFIO_TRY(const stat_t status, file.assume_value().stat());
  return std::optional(led_to{std::move(file).assume_value(), status});
}

template <std::size_t N>
result<void> check_led_to(const copying& shared, const place<N>& here, leaf_name name,
                          const identity& id) noexcept {
  if (here.is_in(id)) return error(ELOOP, call::verify, name);
  AFIO_TRY(const path_handle led, path_handle::path(here.handle(0), path_view(name)));
  AFIO_TRY(const identity now, led.identity());
  if (now != id) return error(errc::raced, call::openat, name);
  AFIO_TRY(check_apart(led, *shared.around, name));
  return shared.merges() ? check_apart(*shared.around, led, name) : success();
}

template result<void> check_led_to(const copying&, const place<2>&, leaf_name,
                                   const identity&) noexcept;
template result<void> check_led_to(const copying&, const place<3>&, leaf_name,
                                   const identity&) noexcept;

} // namespace afio::algorithms::copy_detail
