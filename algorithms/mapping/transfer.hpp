// Handing elements over from one view or vector to another: with their pages where that can be.
#pragma once

#include "algorithms/mapping/mapped_view.hpp"
#include "algorithms/mapping/trivial_vector.hpp"

#include <cerrno>
#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace afio::algorithms {

namespace mapping_detail {

template <class V>
struct is_view : std::false_type {};

template <class T>
struct is_view<mapped_view<T>> : std::true_type {};

template <class V>
struct is_vector : std::false_type {};

template <class T>
struct is_vector<trivial_vector<T>> : std::true_type {};

/// Converting one to the other leaves the bits as they are.
template <class From, class To>
inline constexpr bool
    converts_in_place = std::is_same_v<From, To> ||
                        (std::integral<From> && std::integral<To> && sizeof(From) == sizeof(To) &&
                         !std::is_same_v<To, bool> && !std::is_same_v<From, bool>);

} // namespace mapping_detail

/// What owns a map of elements.
template <class V>
concept element_owner = mapping_detail::is_view<V>::value || mapping_detail::is_vector<V>::value;

/// `from`, all bytes as they are, taken for a To: a mapped_view or trivial_vector of elements of
/// the same size. **Never copies**: data() stays the same, `from` is then empty, and it takes as
/// long for many elements as for one. Each element becomes what std::bit_cast would make of it.
///
/// EOPNOTSUPP for a vector of a view that is not memory of its own; EINVAL for one whose elements
/// do not begin with its map, or that may not be written to. Then `from` is as it was.
template <element_owner To, element_owner From>
  requires(sizeof(typename To::value_type) == sizeof(typename From::value_type))
result<To> reinterpret(From&& from)
noexcept {
  const std::size_t count = from.size();
  if (count == 0) return To();
  if constexpr (mapping_detail::is_view<From>::value) {
    if (from.front_bytes() != 0) return error(EINVAL, call::verify);
  }
  // Both sides refuse before they take anything; so the map can be given back.
  map_handle map = from.release();
  auto made = To::adopt(std::move(map), count);
  if (made) return made;
  from = From::adopt(std::move(map), count).assume_value();
  return made.assume_error();
}

/// The elements of `from` as a To, converted as static_cast does; `from` is then empty.
///
/// **Copies nothing** where the conversion changes no bits (one type, but for const; integers of
/// one size) and reinterpret() can: then data() stays the same. **Else copies** element by element
/// into memory of its own. ENOMEM, and `from` is as it was.
template <element_owner To, element_owner From>
  requires(std::constructible_from<typename To::value_type, const typename From::value_type&>)
result<To> transfer(From&& from)
noexcept {
  using value = typename To::value_type;
  if constexpr (mapping_detail::converts_in_place<typename From::value_type, value>) {
    if (auto made = reinterpret<To>(std::move(from))) return made;
  }
  trivial_vector<value> copy;
  AFIO_TRY(copy.try_reserve(from.size()));
  for (const auto& each : from) {
    AFIO_TRY(copy.try_push_back(static_cast<value>(each)));
  }
  From gone = std::move(from);
  if constexpr (std::is_same_v<To, trivial_vector<value>>) {
    return copy;
  } else {
    return reinterpret<To>(std::move(copy)); // Into a view of memory: that can always be.
  }
}

} // namespace afio::algorithms
