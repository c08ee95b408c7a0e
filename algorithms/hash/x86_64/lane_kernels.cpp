#include "algorithms/hash/lane_kernels.hpp"

#include "algorithms/hash/spooky_mix.hpp"

#include <algorithm>
#include <array>

namespace afio::algorithms::spooky {
namespace {

/// One word of each of Lanes messages. All functions of it are inlined into one that is compiled
/// for a processor that has such vectors, and none passes one by value.
template <std::size_t Lanes>
struct word_of {
  using vector [[gnu::vector_size(Lanes * sizeof(std::uint64_t))]] = std::uint64_t;
};

using four_words = word_of<4>::vector;
using eight_words = word_of<8>::vector;

/// The bytes to come of each message.
template <std::size_t Lanes>
using sources = std::array<const std::byte*, Lanes>;

// Loops are written out below: GCC 12 leaves them at -O2, and the vectors in memory with them.

/// Four words in a row of one message.
[[gnu::always_inline]] inline void load(four_words& words, const std::byte* at) noexcept {
  std::memcpy(&words, at, sizeof words);
}

/// The same of two messages.
[[gnu::always_inline]] inline void load(eight_words& words, const std::byte* one,
                                        const std::byte* other) noexcept {
  four_words low, high;
  load(low, one);
  load(high, other);
  words = __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7);
}

/// Words I to I + 3 of the messages, turned: words[I + k] is word I + k of each.
template <std::size_t I>
[[gnu::always_inline]] inline void load_turned(state<four_words>& words, const sources<4>& from,
                                               std::size_t offset) noexcept {
  const auto at = offset + I * sizeof(std::uint64_t);
  four_words row0, row1, row2, row3;
  load(row0, from[0] + at);
  load(row1, from[1] + at);
  load(row2, from[2] + at);
  load(row3, from[3] + at);
  const four_words even01 = __builtin_shufflevector(row0, row1, 0, 4, 2, 6);
  const four_words odd01 = __builtin_shufflevector(row0, row1, 1, 5, 3, 7);
  const four_words even23 = __builtin_shufflevector(row2, row3, 0, 4, 2, 6);
  const four_words odd23 = __builtin_shufflevector(row2, row3, 1, 5, 3, 7);
  words[I] = __builtin_shufflevector(even01, even23, 0, 1, 4, 5);
  words[I + 1] = __builtin_shufflevector(odd01, odd23, 0, 1, 4, 5);
  words[I + 2] = __builtin_shufflevector(even01, even23, 2, 3, 6, 7);
  words[I + 3] = __builtin_shufflevector(odd01, odd23, 2, 3, 6, 7);
}

template <std::size_t I>
[[gnu::always_inline]] inline void load_turned(state<eight_words>& words, const sources<8>& from,
                                               std::size_t offset) noexcept {
  const auto at = offset + I * sizeof(std::uint64_t);
  eight_words rows04, rows15, rows26, rows37;
  load(rows04, from[0] + at, from[4] + at);
  load(rows15, from[1] + at, from[5] + at);
  load(rows26, from[2] + at, from[6] + at);
  load(rows37, from[3] + at, from[7] + at);
  const eight_words even0145 = __builtin_shufflevector(rows04, rows15, 0, 8, 2, 10, 4, 12, 6, 14);
  const eight_words odd0145 = __builtin_shufflevector(rows04, rows15, 1, 9, 3, 11, 5, 13, 7, 15);
  const eight_words even2367 = __builtin_shufflevector(rows26, rows37, 0, 8, 2, 10, 4, 12, 6, 14);
  const eight_words odd2367 = __builtin_shufflevector(rows26, rows37, 1, 9, 3, 11, 5, 13, 7, 15);
  words[I] = __builtin_shufflevector(even0145, even2367, 0, 1, 8, 9, 4, 5, 12, 13);
  words[I + 1] = __builtin_shufflevector(odd0145, odd2367, 0, 1, 8, 9, 4, 5, 12, 13);
  words[I + 2] = __builtin_shufflevector(even0145, even2367, 2, 3, 10, 11, 6, 7, 14, 15);
  words[I + 3] = __builtin_shufflevector(odd0145, odd2367, 2, 3, 10, 11, 6, 7, 14, 15);
}

template <std::size_t Lanes>
[[gnu::always_inline]] inline void load_block(state<typename word_of<Lanes>::vector>& words,
                                              const sources<Lanes>& from,
                                              std::size_t offset) noexcept {
  load_turned<0>(words, from, offset);
  load_turned<4>(words, from, offset);
  load_turned<8>(words, from, offset);
}

/// The next `blocks` of all lanes.
template <std::size_t Lanes>
[[gnu::always_inline]] inline void mix_blocks(state<typename word_of<Lanes>::vector>& s,
                                              const sources<Lanes>& from,
                                              std::size_t blocks) noexcept {
  state<typename word_of<Lanes>::vector> data;
  for (std::size_t offset = 0; offset < blocks * block; offset += block) {
    load_block<Lanes>(data, from, offset);
    mix(s, data);
  }
}

/// Of one lane, the blocks that the shortest message does not have.
template <std::size_t Lanes>
[[gnu::always_inline]] inline void mix_rest(state<typename word_of<Lanes>::vector>& vectors,
                                            std::size_t lane, const std::byte* at,
                                            std::size_t blocks) noexcept {
  if (blocks == 0) return;
  state<std::uint64_t> s;
  for (std::size_t i = 0; i < words_per_block; ++i) s[i] = vectors[i][lane];
  for (; blocks != 0; --blocks, at += block) mix(s, block_at(at));
  for (std::size_t i = 0; i < words_per_block; ++i) vectors[i][lane] = s[i];
}

template <std::size_t Lanes>
[[gnu::always_inline]] inline void hash(std::span<const std::span<const std::byte>> messages,
                                        std::span<hash128> hashes, hash128 seed) noexcept {
  using vector = typename word_of<Lanes>::vector;
  sources<Lanes> from;
  auto common = messages[0].size() / block;
  for (std::size_t lane = 0; lane < Lanes; ++lane) {
    from[lane] = messages[lane].data();
    common = std::min(common, messages[lane].size() / block);
  }

  state<vector> s, data;
  const auto first = begin(seed);
  for (std::size_t i = 0; i < words_per_block; ++i) s[i] = vector{} + first[i];
  mix_blocks<Lanes>(s, from, common);

  std::array<std::array<std::byte, block>, Lanes> last;
  for (std::size_t lane = 0; lane < Lanes; ++lane) {
    const auto blocks = messages[lane].size() / block;
    mix_rest<Lanes>(s, lane, from[lane] + common * block, blocks - common);
    last[lane] = padded(from[lane] + blocks * block, messages[lane].size() % block);
    from[lane] = last[lane].data();
  }
  load_block<Lanes>(data, from, 0);
  end(s, data);
  for (std::size_t lane = 0; lane < Lanes; ++lane) hashes[lane] = {s[0][lane], s[1][lane]};
}

template <std::size_t Lanes>
[[gnu::always_inline]] inline void take(std::span<state<std::uint64_t>> states,
                                        std::span<const std::byte* const> from,
                                        std::size_t blocks) noexcept {
  state<typename word_of<Lanes>::vector> s;
  sources<Lanes> at;
  for (std::size_t lane = 0; lane < Lanes; ++lane) {
    at[lane] = from[lane];
    for (std::size_t i = 0; i < words_per_block; ++i) s[i][lane] = states[lane][i];
  }
  mix_blocks<Lanes>(s, at, blocks);
  for (std::size_t lane = 0; lane < Lanes; ++lane) {
    for (std::size_t i = 0; i < words_per_block; ++i) states[lane][i] = s[i][lane];
  }
}

[[gnu::target("avx2")]] void hash_four(std::span<const std::span<const std::byte>> messages,
                                       std::span<hash128> hashes, hash128 seed) noexcept {
  hash<4>(messages, hashes, seed);
}

[[gnu::target("avx512f")]] void hash_eight(std::span<const std::span<const std::byte>> messages,
                                           std::span<hash128> hashes, hash128 seed) noexcept {
  hash<8>(messages, hashes, seed);
}

[[gnu::target("avx2")]] void take_four(std::span<state<std::uint64_t>> states,
                                       std::span<const std::byte* const> from,
                                       std::size_t blocks) noexcept {
  take<4>(states, from, blocks);
}

[[gnu::target("avx512f")]] void take_eight(std::span<state<std::uint64_t>> states,
                                           std::span<const std::byte* const> from,
                                           std::size_t blocks) noexcept {
  take<8>(states, from, blocks);
}

} // namespace

spooky_lanes widest_lanes() noexcept {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f")) return spooky_lanes::eight;
  if (__builtin_cpu_supports("avx2")) return spooky_lanes::four;
  return spooky_lanes::one;
}

lane_kernel kernel_of(spooky_lanes lanes) noexcept {
  return lanes == spooky_lanes::eight ? hash_eight : hash_four;
}

block_kernel block_kernel_of(spooky_lanes lanes) noexcept {
  return lanes == spooky_lanes::eight ? take_eight : take_four;
}

} // namespace afio::algorithms::spooky
