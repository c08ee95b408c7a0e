#pragma once

#include <cstdio>
#include <cstdlib>

/// Ends the process where something that must hold does not: a fuzzer then keeps the input.
#define CHECK(...)                                                                                 \
  do {                                                                                             \
    if (!(__VA_ARGS__)) {                                                                          \
      std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #__VA_ARGS__);                       \
      std::abort();                                                                                \
    }                                                                                              \
  } while (false)
