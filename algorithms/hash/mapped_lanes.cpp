#include "algorithms/hash/mapped_lanes.hpp"

#include "afio/guarded.hpp"

#include <algorithm>

namespace afio::algorithms::hash_detail {

result<mapped_lanes> mapped_lanes::make() noexcept {
  (void)widest_spooky_lanes(); // What it does the first time must not be left halfway.
  AFIO_TRY(map_handle windows, map_handle::reserve(most * window));
  return mapped_lanes(std::move(windows));
}

void mapped_lanes::add(const file_handle& file, std::uint64_t size) noexcept {
  lane& next = lanes_[count_++];
  next.left = size;
  auto section = section_handle::section(file);
  if (section)
    next.file = std::move(section).assume_value();
  else
    next.failed = true;
}

bool mapped_lanes::all_done() const noexcept {
  return std::ranges::all_of(std::span(lanes_).first(count_), &lane::done);
}

std::uint64_t mapped_lanes::step() noexcept {
  std::array<spooky_piece, most> pieces;
  std::array<lane*, most> of;
  std::size_t count = 0;
  for (std::size_t i = 0; i < count_; ++i) {
    if (lanes_[i].done()) continue;
    const auto bytes = map(i);
    if (bytes.empty()) continue;
    of[count] = &lanes_[i];
    pieces[count++] = {&lanes_[i].hasher, bytes};
  }
  const auto all = std::span(pieces).first(count);
  std::array<spooky_hasher, most> before;
  for (std::size_t i = 0; i < count; ++i) before[i] = *all[i].message;
  if (!guarded(windows_.bytes(), [&] { spooky_update(all); })) {
    // Which of them it was is not known, nor how far the others are.
    for (std::size_t i = 0; i < count; ++i) {
      *all[i].message = before[i];
      take_alone(all[i], *of[i]);
    }
  }
  std::uint64_t taken = 0;
  for (std::size_t i = 0; i < count; ++i) {
    of[i]->at += all[i].bytes.size();
    of[i]->left -= all[i].bytes.size();
    taken += all[i].bytes.size();
  }
  return taken;
}

/// The next window of that lane; empty, and the lane has failed, if it cannot be mapped.
std::span<const std::byte> mapped_lanes::map(std::size_t index) noexcept {
  lane& l = lanes_[index];
  const extent part{index * window, std::min<std::uint64_t>(window, l.left)};
  if (!windows_.commit(part, l.file, l.at, map_flags::read)) {
    l.failed = true;
    return {};
  }
  return {windows_.address() + part.offset, static_cast<std::size_t>(part.length)};
}

void mapped_lanes::take_alone(const spooky_piece& piece, lane& of) noexcept {
  if (!guarded(piece.bytes, [&] { piece.message->update(piece.bytes); })) of.failed = true;
}

std::optional<hash128> mapped_lanes::hash(std::size_t index) const noexcept {
  const auto& of = lanes_[index];
  if (of.failed || of.left != 0) return std::nullopt;
  return of.hasher.final();
}

} // namespace afio::algorithms::hash_detail
