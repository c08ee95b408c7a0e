#include "algorithms/dedupe/candidate.hpp"

#include <algorithm>
#include <span>
#include <utility>

namespace afio::algorithms {

std::uint64_t duplicate_group::reclaimable(dedupe_by how) const noexcept {
  std::uint64_t bytes = 0;
  for (const duplicate_file& file : std::span(files).subspan(1)) {
    const bool goes = how == dedupe_by::sharing || file.paths.size() == file.links;
    if (goes) bytes += file.allocated;
  }
  return bytes;
}

dedupe_plan::dedupe_plan(std::unique_ptr<dedupe_detail::contents_of_plan> of) noexcept
    : of_(std::move(of)) {}

dedupe_plan::dedupe_plan(dedupe_plan&&) noexcept = default;
dedupe_plan& dedupe_plan::operator=(dedupe_plan&&) noexcept = default;
dedupe_plan::~dedupe_plan() = default;

std::size_t dedupe_plan::groups() const noexcept { return of_->groups.size(); }

duplicate_group dedupe_plan::group(std::size_t index) const {
  const auto& which = of_->groups[index];
  duplicate_group made;
  for (const auto& one : std::span(of_->candidates).subspan(which.first, which.count)) {
    const auto& first = of_->file(one);
    made.size = first.size;
    duplicate_file& file = made.files.emplace_back();
    file.links = first.links;
    file.allocated = first.allocated;
    for (const auto* const name : of_->names_of(one))
      file.paths.push_back(of_->found.path(name->at));
    std::ranges::sort(file.paths);
  }
  return made;
}

} // namespace afio::algorithms
