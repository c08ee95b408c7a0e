// How afio-holes shows files: as lists and as pictures.
#pragma once

#include "algorithms/holes/list_layouts.hpp"
#include "cli/common/output.hpp"
#include "cli/common/terminal.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace afio::cli {

/// The sums over all files that are shown.
struct layout_sums {
  std::uint64_t data = 0;
  std::uint64_t shared = 0;
  std::uint64_t allocated = 0; ///< In holes.
  std::uint64_t holes = 0;
};

/// Lines in columns: offset, length, place, what.
std::string list_text(std::string_view path, const algorithms::file_layout& layout);
/// An `extent` object a line.
std::string list_json(std::string_view path, const algorithms::file_layout& layout);

/// Two lines: the name and what there is, then a bar of at most `columns`.
std::string bar_text(std::string_view path, const algorithms::file_layout& layout,
                     std::size_t columns, palette in);
/// What the characters of bars mean.
std::string legend(palette in);

/// A picture of all files, in the order of their names.
std::string svg_of(std::vector<std::pair<std::string, std::vector<algorithms::bar_cell>>> files);
/// Into how many columns that cuts a file.
constexpr std::size_t svg_columns = 800;

/// Prints each file as it is found, or a picture of all at the end.
class shown_layouts final : public algorithms::layout_listener {
public:
  enum class form : std::uint8_t { list, json, bars, svg };

  shown_layouts(form how, output& out);

  void found(std::string_view path, const algorithms::file_layout& layout) noexcept override;
  /// What is printed after the last.
  void finish() noexcept;

  const layout_sums& sums() const noexcept { return sums_; }

private:
  form how_;
  output& out_;
  palette palette_;
  std::size_t columns_;
  layout_sums sums_;
  bool any_ = false;
  std::vector<std::pair<std::string, std::vector<algorithms::bar_cell>>> pictures_;
};

} // namespace afio::cli
