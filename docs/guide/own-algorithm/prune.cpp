#include "afio/path_handle.hpp"
#include "algorithms/remove_tree/remove_tree.hpp"

afio::result<void> prune(const char* parent_path, std::string_view name) {
  AFIO_TRY(auto parent,
           afio::path_handle::path(afio::path_handle::working_directory(), parent_path));
  AFIO_TRY(auto leaf, afio::leaf_buffer::from(name));
  afio::algorithms::observer quiet;
  AFIO_TRY(auto report,
           afio::algorithms::remove_tree(parent, leaf, name, {.tree = {.threads = 2}}, quiet));
  return report.failures == 0 ? afio::success()
                              : afio::result<void>(afio::error(EBUSY, afio::call::unlinkat, name));
}

int main() {
  const auto& here = afio::path_handle::working_directory();
  here.create_directory(afio::leaf_name::from("old").value()).value();
  prune(".", "old").value();
}
