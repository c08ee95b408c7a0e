#include "afio/path_handle.hpp"
#include "algorithms/walk/walk.hpp"

#include <iostream>
#include <map>
#include <string>
#include <vector>

using namespace afio::algorithms;
using extension_bytes = std::map<std::string, std::uint64_t>;

/// One for each worker, so nothing here is locked.
class counter final : public visitor<1> {
public:
  extension_bytes found;

  void rows(const place<1>&, std::span<row<1>> rows) noexcept override {
    for (const row<1>& entry : rows) {
      if (entry.in[0].type != afio::file_type::regular) continue;
      const std::string_view name = entry.name;
      const auto dot = name.rfind('.');
      const bool has_none = dot == name.npos || dot == 0;
      found[std::string(has_none ? "none" : name.substr(dot))] += entry.in[0].stat->size;
    }
  }
};

/// Hears of each entry that could not be looked at.
class complaints final : public observer {
  void failed(const failure& f) noexcept override {
    std::cerr << "cannot " << name_of(f.what) << ' ' << f.path << ": " << f.why.message() << '\n';
  }
};

afio::result<extension_bytes> count(const char* tree) {
  AFIO_TRY(const auto root, afio::path_handle::path(afio::path_handle::working_directory(), tree));
  const walk_options options = {.fields = afio::want::type | afio::want::size};
  std::vector<counter> workers(worker_count(options, 1));
  complaints told;
  AFIO_TRY(walk<1>({walk_root{.directory = &root, .name = tree}}, workers, options, told));

  extension_bytes all;
  for (const counter& worker : workers) {
    for (const auto& [extension, bytes] : worker.found) all[extension] += bytes;
  }
  return all;
}

int main() {
  const extension_bytes all = count("project").value();
  for (const auto& [extension, bytes] : all) std::cout << extension << ' ' << bytes << '\n';
}
