// The same work on several threads.
#pragma once

#include <new>
#include <system_error>
#include <thread>
#include <vector>

namespace afio::algorithms {

/// Calls work(0), work(1), … work(threads - 1), the first on the calling thread, and returns when
/// all are done. Where no more threads or memory can be had, there are fewer calls, but for work(0)
/// always: so the work must be something that each takes its next piece of.
template <class Work>
void in_parallel(unsigned threads, Work&& work) {
  std::vector<std::jthread> others;
  try {
    for (unsigned i = 1; i < threads; ++i) others.emplace_back([&work, i] { work(i); });
  } catch (const std::system_error&) {
    // Those that were started, and this one, do all of it.
  } catch (const std::bad_alloc&) {
    // The same.
  }
  work(0U);
}

} // namespace afio::algorithms
