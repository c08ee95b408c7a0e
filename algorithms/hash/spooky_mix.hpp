// The arithmetic of SpookyHash V2, for words of any type that adds, xors and shifts 64 bits at a
// time: an integer for one message, a vector of integers for as many messages as it has lanes.
#pragma once

#include "algorithms/hash/spooky_hash.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace afio::algorithms::spooky {

inline constexpr std::size_t words_per_block = 12;
inline constexpr std::size_t block = words_per_block * sizeof(std::uint64_t);
/// A message shorter than this is hashed the short way.
inline constexpr std::size_t long_from = 2 * block;
/// Odd, not zero, and without a pattern; nothing else is asked of it.
inline constexpr std::uint64_t filler = 0xdeadbeefdeadbeef;

template <class Word>
using state = std::array<Word, words_per_block>;

template <class Word>
[[gnu::always_inline]] inline void rotate(Word& word, int bits) noexcept {
  word = (word << bits) | (word >> (64 - bits));
}

/// One step of mix: word I of the block goes in, and meets the words around it.
template <std::size_t I, int Bits, class Word>
[[gnu::always_inline]] inline void mix_step(state<Word>& s, const state<Word>& data) noexcept {
  constexpr std::size_t n = words_per_block;
  s[I] += data[I];
  s[(I + 2) % n] ^= s[(I + 10) % n];
  s[(I + 11) % n] ^= s[I];
  rotate(s[I], Bits);
  s[(I + 11) % n] += s[(I + 1) % n];
}

/// Takes one whole block.
template <class Word>
[[gnu::always_inline]] inline void mix(state<Word>& s, const state<Word>& data) noexcept {
  mix_step<0, 11>(s, data);
  mix_step<1, 32>(s, data);
  mix_step<2, 43>(s, data);
  mix_step<3, 31>(s, data);
  mix_step<4, 17>(s, data);
  mix_step<5, 28>(s, data);
  mix_step<6, 39>(s, data);
  mix_step<7, 57>(s, data);
  mix_step<8, 55>(s, data);
  mix_step<9, 54>(s, data);
  mix_step<10, 22>(s, data);
  mix_step<11, 46>(s, data);
}

template <std::size_t I, int Bits, class Word>
[[gnu::always_inline]] inline void end_step(state<Word>& s) noexcept {
  constexpr std::size_t n = words_per_block;
  s[(I + 11) % n] += s[(I + 1) % n];
  s[(I + 2) % n] ^= s[(I + 11) % n];
  rotate(s[(I + 1) % n], Bits);
}

template <class Word>
[[gnu::always_inline]] inline void end_round(state<Word>& s) noexcept {
  end_step<0, 44>(s);
  end_step<1, 15>(s);
  end_step<2, 34>(s);
  end_step<3, 21>(s);
  end_step<4, 38>(s);
  end_step<5, 33>(s);
  end_step<6, 10>(s);
  end_step<7, 13>(s);
  end_step<8, 38>(s);
  end_step<9, 53>(s);
  end_step<10, 42>(s);
  end_step<11, 54>(s);
}

/// Takes what the last block is padded to; the hash is then in the first two words.
template <class Word>
[[gnu::always_inline]] inline void end(state<Word>& s, const state<Word>& last) noexcept {
  for (std::size_t i = 0; i < words_per_block; ++i) s[i] += last[i];
  end_round(s);
  end_round(s);
  end_round(s);
}

inline state<std::uint64_t> begin(hash128 seed) noexcept {
  return {seed.first, seed.second, filler, seed.first, seed.second, filler,
          seed.first, seed.second, filler, seed.first, seed.second, filler};
}

/// The word at `bytes`, the first byte the lowest.
[[gnu::always_inline]] inline std::uint64_t word_at(const std::byte* bytes) noexcept {
  std::uint64_t word;
  std::memcpy(&word, bytes, sizeof word);
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  return word;
}

[[gnu::always_inline]] inline state<std::uint64_t> block_at(const std::byte* bytes) noexcept {
  state<std::uint64_t> words;
  for (std::size_t i = 0; i < words_per_block; ++i) {
    words[i] = word_at(bytes + i * sizeof(std::uint64_t));
  }
  return words;
}

/// The last `bytes` of a message, fewer than a block, padded: zeros, and their number at the end.
inline std::array<std::byte, block> padded(const std::byte* rest, std::size_t bytes) noexcept {
  std::array<std::byte, block> last{};
  if (bytes != 0) std::memcpy(last.data(), rest, bytes);
  last.back() = static_cast<std::byte>(bytes);
  return last;
}

} // namespace afio::algorithms::spooky
