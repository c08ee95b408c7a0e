#include "algorithms/hash/spooky_lanes.hpp"

#include "algorithms/hash/lane_kernels.hpp"
#include "algorithms/hash/spooky_mix.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace afio::algorithms {
namespace {

constexpr std::size_t most_lanes = 8;

/// Indices of long messages, until there are enough for the kernel.
class waiting_messages {
public:
  waiting_messages(std::span<const std::span<const std::byte>> messages, std::span<hash128> hashes,
                   hash128 seed, spooky_lanes lanes) noexcept
      : messages_(messages),
        hashes_(hashes),
        seed_(seed),
        width_(static_cast<std::size_t>(lanes)),
        kernel_(spooky::kernel_of(lanes)) {}

  void add(std::size_t index) noexcept {
    indices_[count_++] = index;
    if (count_ == width_) hash();
  }

  /// The rest. Where less than half of the lanes is used, one after another is quicker.
  void finish() noexcept {
    if (count_ > width_ / 2) {
      hash();
    } else {
      for (std::size_t i = 0; i < count_; ++i) {
        hashes_[indices_[i]] = spooky_hash128(messages_[indices_[i]], seed_);
      }
    }
  }

private:
  /// A lane without a message of its own hashes the last one once more.
  void hash() noexcept {
    std::array<std::span<const std::byte>, most_lanes> messages;
    std::array<hash128, most_lanes> hashes;
    for (std::size_t lane = 0; lane < width_; ++lane) {
      messages[lane] = messages_[indices_[std::min(lane, count_ - 1)]];
    }
    kernel_(std::span(messages).first(width_), std::span(hashes).first(width_), seed_);
    for (std::size_t i = 0; i < count_; ++i) hashes_[indices_[i]] = hashes[i];
    count_ = 0;
  }

  std::span<const std::span<const std::byte>> messages_;
  std::span<hash128> hashes_;
  hash128 seed_;
  std::size_t width_;
  spooky::lane_kernel kernel_;
  std::array<std::size_t, most_lanes> indices_{};
  std::size_t count_ = 0;
};

} // namespace

/// Pieces that fill the lanes, or some of them.
struct spooky_together {
  static void update(std::span<const spooky_piece> pieces, spooky_lanes lanes) noexcept {
    const auto width = static_cast<std::size_t>(lanes);
    std::array<std::span<const std::byte>, most_lanes> left;
    std::array<const std::byte*, most_lanes> from;
    std::array<spooky::state<std::uint64_t>, most_lanes> states;
    auto blocks = std::numeric_limits<std::size_t>::max();
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      left[i] = pieces[i].message->reach_block(pieces[i].bytes);
      blocks = std::min(blocks, left[i].size() / spooky::block);
    }
    if (blocks != 0) {
      // A lane without a piece of its own takes the last one once more.
      for (std::size_t lane = 0; lane < width; ++lane) {
        const auto i = std::min(lane, pieces.size() - 1);
        from[lane] = left[i].data();
        states[lane] = pieces[i].message->state_;
      }
      spooky::block_kernel_of(lanes)(std::span(states).first(width), std::span(from).first(width),
                                     blocks);
    }
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      if (blocks != 0) pieces[i].message->state_ = states[i];
      pieces[i].message->take_rest(left[i].subspan(blocks * spooky::block));
    }
  }
};

spooky_lanes widest_spooky_lanes() noexcept {
  static const auto widest = spooky::widest_lanes();
  return widest;
}

void spooky_hash128(std::span<const std::span<const std::byte>> messages, std::span<hash128> hashes,
                    hash128 seed, spooky_lanes lanes) noexcept {
  if (lanes == spooky_lanes::one) {
    for (std::size_t i = 0; i < messages.size(); ++i) hashes[i] = spooky_hash128(messages[i], seed);
    return;
  }
  waiting_messages waiting(messages, hashes, seed, lanes);
  for (std::size_t i = 0; i < messages.size(); ++i) {
    if (messages[i].size() < spooky::long_from) {
      hashes[i] = spooky_hash128(messages[i], seed);
    } else {
      waiting.add(i);
    }
  }
  waiting.finish();
}

void spooky_update(std::span<const spooky_piece> pieces, spooky_lanes lanes) noexcept {
  const auto width = static_cast<std::size_t>(lanes);
  while (!pieces.empty()) {
    const auto together = pieces.first(std::min(width, pieces.size()));
    pieces = pieces.subspan(together.size());
    if (width != 1 && together.size() > 2) {
      spooky_together::update(together, lanes);
    } else {
      for (const spooky_piece& alone : together) alone.message->update(alone.bytes);
    }
  }
}

} // namespace afio::algorithms
