#include "algorithms/copy_tree/fix_symlink.hpp"

#include "algorithms/copy_tree/real_path.hpp"

#include <utility>

namespace afio::algorithms::copy_detail {

namespace {

class traveller final : public wayfarer {
public:
  explicit traveller(const path_handle& from) noexcept : at_(&from) {}

  void go_to_root() override {
    at_ = &path_handle::working_directory();
    arrive(path_handle::path(*at_, path_view("/")));
  }

  void go_up() override {
    if (at_ != nullptr) arrive(path_handle::path(*at_, path_view("..")));
  }

  std::optional<std::string> go_to(std::string_view name) override {
    const auto leaf = leaf_buffer::from(name);
    if (!leaf) at_ = nullptr;
    if (at_ == nullptr) return std::nullopt;
    auto below = path_handle::path(*at_, leaf.assume_value(), crossing::any_mount);
    if (below) {
      arrive(std::move(below));
      return std::nullopt;
    }
    const auto led = fs_handle::pin_target(*at_, leaf.assume_value());
    const auto path = led ? real_path(led.assume_value()) : led.as_failure();
    arrive(path_handle::path(*at_, path_view(leaf.assume_value().name())));
    if (!path) return std::nullopt;
    return path.assume_value();
  }

private:
  void arrive(result<path_handle> at) noexcept {
    if (!at) {
      at_ = nullptr; // Lost: nothing more can be found out.
      return;
    }
    own_ = std::move(at).assume_value();
    at_ = &own_;
  }

  const path_handle* at_;
  path_handle own_;
};

} // namespace

std::optional<std::string> fixed_target(const whereabouts& at, const path_handle& dir,
                                        std::string_view source_dir, std::string_view copy_dir,
                                        std::string_view target) {
  traveller way(dir);
  return fixed_target(at, source_dir, copy_dir, target, way);
}

} // namespace afio::algorithms::copy_detail
