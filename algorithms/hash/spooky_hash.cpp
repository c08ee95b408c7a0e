#include "algorithms/hash/spooky_hash.hpp"

#include "algorithms/hash/spooky_mix.hpp"

#include <algorithm>

namespace afio::algorithms {
namespace {

using spooky::filler;
using spooky::word_at;

/// The four words of the short way.
struct short_state {
  std::uint64_t a, b, c, d;
};

/// `to` is turned, takes `with`, and changes `last`.
template <int Bits>
[[gnu::always_inline]] inline void turn_and_add(std::uint64_t& to, std::uint64_t with,
                                                std::uint64_t& last) noexcept {
  to = std::rotl(to, Bits) + with;
  last ^= to;
}

inline void short_mix(short_state& s) noexcept {
  turn_and_add<50>(s.c, s.d, s.a);
  turn_and_add<52>(s.d, s.a, s.b);
  turn_and_add<30>(s.a, s.b, s.c);
  turn_and_add<41>(s.b, s.c, s.d);
  turn_and_add<54>(s.c, s.d, s.a);
  turn_and_add<48>(s.d, s.a, s.b);
  turn_and_add<38>(s.a, s.b, s.c);
  turn_and_add<37>(s.b, s.c, s.d);
  turn_and_add<62>(s.c, s.d, s.a);
  turn_and_add<34>(s.d, s.a, s.b);
  turn_and_add<5>(s.a, s.b, s.c);
  turn_and_add<36>(s.b, s.c, s.d);
}

/// `from` is turned behind `to`, which takes both.
template <int Bits>
[[gnu::always_inline]] inline void fold(std::uint64_t& to, std::uint64_t& from) noexcept {
  to ^= from;
  from = std::rotl(from, Bits);
  to += from;
}

inline void short_end(short_state& s) noexcept {
  fold<15>(s.d, s.c);
  fold<52>(s.a, s.d);
  fold<26>(s.b, s.a);
  fold<51>(s.c, s.b);
  fold<28>(s.d, s.c);
  fold<9>(s.a, s.d);
  fold<47>(s.b, s.a);
  fold<54>(s.c, s.b);
  fold<32>(s.d, s.c);
  fold<25>(s.a, s.d);
  fold<63>(s.b, s.a);
}

/// Up to seven bytes as a number, the first the lowest.
inline std::uint64_t part_of_word(const std::byte* bytes, std::size_t count) noexcept {
  std::array<std::byte, sizeof(std::uint64_t)> word{};
  std::copy_n(bytes, count, word.begin());
  return word_at(word.data());
}

/// The last 0 to 15 bytes.
inline void take_rest(short_state& s, const std::byte* rest, std::size_t bytes) noexcept {
  if (bytes == 0) {
    s.c += filler;
    s.d += filler;
  } else if (bytes < 8) {
    s.c += part_of_word(rest, bytes);
  } else {
    s.c += word_at(rest);
    s.d += part_of_word(rest + 8, bytes - 8);
  }
}

hash128 hash_of_short(std::span<const std::byte> message, hash128 seed) noexcept {
  short_state s{seed.first, seed.second, filler, filler};
  const auto* at = message.data();
  auto left = message.size();
  for (; left >= 32; left -= 32, at += 32) {
    s.c += word_at(at);
    s.d += word_at(at + 8);
    short_mix(s);
    s.a += word_at(at + 16);
    s.b += word_at(at + 24);
  }
  if (left >= 16) {
    s.c += word_at(at);
    s.d += word_at(at + 8);
    short_mix(s);
    left -= 16;
    at += 16;
  }
  s.d += std::uint64_t{message.size()} << 56;
  take_rest(s, at, left);
  short_end(s);
  return {s.a, s.b};
}

/// Asks for what will be needed by the time that memory takes: the processor by itself does not
/// look far enough ahead. What is not there is not asked for.
inline void prefetch_behind(const std::byte* at) noexcept {
  const auto ahead = reinterpret_cast<std::uintptr_t>(at) + 2048;
  __builtin_prefetch(reinterpret_cast<const void*>(ahead));
  __builtin_prefetch(reinterpret_cast<const void*>(ahead + 64));
}

/// Takes the whole blocks of `bytes`; where the rest begins.
const std::byte* take_blocks(spooky::state<std::uint64_t>& state,
                             std::span<const std::byte> bytes) noexcept {
  auto mixed = state; // In registers: the bytes may be anywhere, and `state` too.
  const auto* at = bytes.data();
  for (auto left = bytes.size(); left >= spooky::block; left -= spooky::block) {
    prefetch_behind(at);
    spooky::mix(mixed, spooky::block_at(at));
    at += spooky::block;
  }
  state = mixed;
  return at;
}

hash128 ended(spooky::state<std::uint64_t> state, const std::byte* rest,
              std::size_t bytes) noexcept {
  const auto last = spooky::padded(rest, bytes);
  spooky::end(state, spooky::block_at(last.data()));
  return {state[0], state[1]};
}

} // namespace

hash128 spooky_hash128(std::span<const std::byte> message, hash128 seed) noexcept {
  if (message.size() < spooky::long_from) return hash_of_short(message, seed);
  auto state = spooky::begin(seed);
  const auto* rest = take_blocks(state, message);
  return ended(state, rest, message.size() % spooky::block);
}

std::uint64_t spooky_hash64(std::span<const std::byte> message, std::uint64_t seed) noexcept {
  return spooky_hash128(message, {seed, seed}).first;
}

std::uint32_t spooky_hash32(std::span<const std::byte> message, std::uint32_t seed) noexcept {
  return static_cast<std::uint32_t>(spooky_hash128(message, {seed, seed}).first);
}

void spooky_hasher::update(std::span<const std::byte> piece) noexcept {
  take_rest(reach_block(piece));
}

std::span<const std::byte> spooky_hasher::reach_block(std::span<const std::byte> piece) noexcept {
  if (piece.empty()) return {};
  const bool was_short = length_ < pending_.size();
  length_ += piece.size();
  const auto room = pending_.size() - waiting_;
  if (piece.size() < room) {
    std::copy(piece.begin(), piece.end(), pending_.begin() + waiting_);
    waiting_ += piece.size();
    return {};
  }
  if (was_short) state_ = spooky::begin(seed_);
  if (waiting_ != 0) {
    std::copy_n(piece.begin(), room, pending_.begin() + waiting_);
    take_blocks(state_, pending_);
    waiting_ = 0;
    piece = piece.subspan(room);
  }
  return piece;
}

void spooky_hasher::take_rest(std::span<const std::byte> piece) noexcept {
  if (piece.empty()) return;
  const auto* rest = take_blocks(state_, piece);
  waiting_ = piece.size() % block;
  std::copy_n(rest, waiting_, pending_.begin());
}

hash128 spooky_hasher::final() const noexcept {
  const std::span waiting(pending_.data(), waiting_);
  if (length_ < pending_.size()) return hash_of_short(waiting, seed_);
  auto state = state_;
  const auto* rest = take_blocks(state, waiting);
  return ended(state, rest, waiting_ % block);
}

} // namespace afio::algorithms
