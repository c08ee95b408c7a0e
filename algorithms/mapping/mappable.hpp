// What can lie in mapped memory.
#pragma once

#include <type_traits>

namespace afio::algorithms {

/// A type whose objects are their bytes: they may be moved with the page that they are in, kept in
/// a file, and need no destructor. Pages align them: to 4,096 at most.
template <class T>
concept mappable = std::is_object_v<T> && !std::is_array_v<T> && std::is_trivially_copyable_v<T> &&
                   !std::is_volatile_v<T> && alignof(T) <= 4096;

/// What can be made there, and not only looked at.
template <class T>
concept storable = mappable<T> && !std::is_const_v<T>;

} // namespace afio::algorithms
