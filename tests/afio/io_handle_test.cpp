#include "afio/file_handle.hpp"
#include "afio/io_handle.hpp"
#include "tests/afio/scene.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <sys/resource.h>

namespace afio::unit {
namespace {

constexpr std::uint64_t biggest_offset = std::numeric_limits<std::int64_t>::max();

const_buffer bytes_of(std::string_view text) {
  return std::as_bytes(std::span<const char>(text.data(), text.size()));
}

class IoHandle : public scene {
protected:
  file_handle open(const char* name, mode m = mode::write) const {
    return take(file_handle::file(dir, leaf(name), {.mode = m, .creation = creation::if_needed}));
  }

  /// Up to `size` bytes from `offset`.
  static std::string text_of(const io_handle& file, std::size_t size = 100,
                             std::uint64_t offset = 0) {
    std::string text(size, '?');
    text.resize(take(file.read(std::as_writable_bytes(std::span<char>(text)), offset)));
    return text;
  }
};

TEST_F(IoHandle, ReadsWhatWasWritten) {
  auto file = open("a");
  EXPECT_EQ(take(file.write(bytes_of("hello world"), 0)), 11U);
  EXPECT_EQ(take(file.write(bytes_of("W"), 6)), 1U);
  EXPECT_EQ(text_of(file), "hello World");
  EXPECT_EQ(text_of(file, 3, 2), "llo");
}

TEST_F(IoHandle, GathersAndScattersInOrder) {
  auto file = open("a");
  const std::array<const_buffer, 4> parts{bytes_of("one"), bytes_of(""), bytes_of("two"),
                                          bytes_of("three")};
  EXPECT_EQ(take(file.write(parts, 5)), 11U);

  std::string first(4, '?');
  std::string second(7, '?');
  const std::array<buffer, 2> into{std::as_writable_bytes(std::span<char>(first)),
                                   std::as_writable_bytes(std::span<char>(second))};
  EXPECT_EQ(take(file.read(into, 5)), 11U);
  EXPECT_EQ(first + "|" + second, "onet|wothree");
  EXPECT_EQ(text_of(file, 5), std::string(5, '\0')) << "before it is a hole";
}

TEST_F(IoHandle, ReadsShortAtTheEndAndNothingBehindIt) {
  auto file = open("a");
  take(file.write(bytes_of("text"), 0));
  EXPECT_EQ(text_of(file, 100, 2), "xt");
  EXPECT_EQ(text_of(file, 100, 4), "");
  EXPECT_EQ(text_of(file, 100, 1'000'000), "");
}

TEST_F(IoHandle, TakesNoBufferAtAll) {
  auto file = open("a");
  EXPECT_EQ(take(file.read(std::span<const buffer>(), 0)), 0U);
  EXPECT_EQ(take(file.write(std::span<const const_buffer>(), 0)), 0U);
}

TEST_F(IoHandle, TakesAsManyBuffersAsItPromises) {
  auto file = open("a");
  const std::vector<const_buffer> most(io_handle::max_buffers, bytes_of("x"));
  EXPECT_EQ(take(file.write(most, 0)), io_handle::max_buffers);
  std::vector<std::byte> bytes(io_handle::max_buffers + 1);
  std::vector<buffer> into;
  for (auto& b : bytes) {
    into.emplace_back(&b, 1);
  }
  {
    const armed counting;
    EXPECT_TRUE(failed_with(file.read(into, 0), EINVAL));
    EXPECT_EQ(detail::calls_seen(call::preadv), 0U) << "the kernel was not even asked";
  }
  into.pop_back();
  EXPECT_EQ(take(file.read(into, 0)), io_handle::max_buffers);

  std::vector<const_buffer> too_many = most;
  too_many.push_back(bytes_of("x"));
  EXPECT_TRUE(failed_with(file.write(too_many, 0), EINVAL));
  EXPECT_EQ(take(file.stat()).size, io_handle::max_buffers);
}

TEST_F(IoHandle, RefusesOffsetsThatNoFileHas) {
  auto file = open("a");
  std::array<std::byte, 1> one{};
  for (const std::uint64_t offset : {biggest_offset + 1, ~std::uint64_t{0}}) {
    EXPECT_TRUE(failed_with(file.read(one, offset), EINVAL));
    EXPECT_TRUE(failed_with(file.write(one, offset), EINVAL));
    EXPECT_TRUE(failed_with(file.barrier(barrier_kind::start, {offset, 0}), EINVAL));
    EXPECT_TRUE(failed_with(file.barrier(barrier_kind::start, {0, offset}), EINVAL));
  }
  EXPECT_EQ(take(file.stat()).size, 0U);
}

TEST_F(IoHandle, AppendsWhateverTheOffset) {
  auto file = open("a");
  take(file.write(bytes_of("text"), 0));
  auto appends = open("a", mode::append);
  EXPECT_EQ(take(appends.write(bytes_of("1"), 0)), 1U);
  EXPECT_EQ(take(appends.write(bytes_of("2"), 100)), 1U);
  take(file.set_append_only(handle::appends::only_at_end));
  EXPECT_EQ(take(file.write(bytes_of("3"), 0)), 1U);
  EXPECT_EQ(text_of(file), "text123");
}

TEST_F(IoHandle, WritesShortWhereItMustAndSaysWhyTheNextTime) {
  auto file = open("a");
  ::rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto signal_before = std::signal(SIGXFSZ, SIG_IGN);
  const ::rlimit limited{1'000, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limited), 0);
  const std::string text(2'000, 'x');
  const auto first = file.write(bytes_of(text), 0);
  const auto second = file.write(bytes_of(text), 1'000);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, signal_before);

  EXPECT_EQ(take(result<std::size_t>(first)), 1'000U);
  EXPECT_TRUE(failed_with(second, EFBIG));
}

TEST_F(IoHandle, GoesOnAfterASignal) {
  auto file = open("a");
  {
    const armed interrupted({.which = call::pwrite64, .native = EINTR});
    EXPECT_EQ(take(file.write(bytes_of("text"), 0)), 4U);
    EXPECT_EQ(detail::calls_seen(call::pwrite64), 2U);
  }
  const armed interrupted({.which = call::pread64, .native = EINTR});
  EXPECT_EQ(text_of(file), "text");
  EXPECT_EQ(detail::calls_seen(call::pread64), 2U);
}

TEST_F(IoHandle, OfOneBufferTakesTheQuickerCall) {
  auto file = open("a");
  const std::array<const_buffer, 2> from{bytes_of("one"), bytes_of("two")};
  std::array<std::byte, 6> bytes{};
  const std::array<buffer, 2> into{buffer(bytes).first(3), buffer(bytes).last(3)};
  const armed counting;
  EXPECT_EQ(take(file.write(std::span(from).first(1), 0)), 3U);
  EXPECT_EQ(take(file.read(std::span(into).first(1), 0)), 3U);
  EXPECT_EQ(detail::calls_seen(call::pwritev) + detail::calls_seen(call::preadv), 0U);
  EXPECT_EQ(take(file.write(from, 0)), 6U);
  EXPECT_EQ(take(file.read(into, 0)), 6U);
  EXPECT_EQ(detail::calls_seen(call::pwrite64), 1U);
  EXPECT_EQ(detail::calls_seen(call::pread64), 1U);
}

struct expected_calls {
  barrier_kind kind;
  call made;
};

TEST_F(IoHandle, BarriersMakeTheCallThatKeepsTheirPromise) {
  auto file = open("a");
  for (const auto& [kind, made] : {expected_calls{barrier_kind::start, call::sync_file_range},
                                   expected_calls{barrier_kind::data, call::fdatasync},
                                   expected_calls{barrier_kind::all, call::fsync}}) {
    const armed counting;
    EXPECT_TRUE(succeeded(file.barrier(kind, {0, 4096})));
    for (const call each : {call::sync_file_range, call::fdatasync, call::fsync}) {
      EXPECT_EQ(detail::calls_seen(each), each == made ? 1U : 0U) << name_of(each);
    }
  }
}

TEST_F(IoHandle, BarriersReportAnErrorOfWriteBack) {
  auto file = open("a");
  for (const auto& [kind, made] : {expected_calls{barrier_kind::start, call::sync_file_range},
                                   expected_calls{barrier_kind::data, call::fdatasync},
                                   expected_calls{barrier_kind::all, call::fsync}}) {
    const armed fails({.which = made, .native = EIO});
    const auto first = file.barrier(kind);
    ASSERT_TRUE(failed_with(first, EIO));
    EXPECT_EQ(first.assume_error().origin(), made);
    EXPECT_TRUE(succeeded(file.barrier(kind)));
  }
}

TEST_F(IoHandle, MayBeUsedBySeveralThreadsAtOnce) {
  constexpr std::size_t threads = 4;
  constexpr std::size_t rounds = 500;
  auto file = open("a");
  std::atomic<int> wrong = 0;
  {
    std::vector<std::jthread> all;
    for (std::size_t t = 0; t < threads; ++t) {
      all.emplace_back([&file, &wrong, t] {
        const std::array<std::byte, 2> mine{std::byte(t), std::byte(t + 1)};
        for (std::size_t i = 0; i < rounds; ++i) {
          const std::uint64_t at = 2 * (i * threads + t);
          std::array<std::byte, 2> found{};
          const bool good = file.write(mine, at) && file.read(found, at) && found == mine;
          if (!good) ++wrong;
        }
      });
    }
  }
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(take(file.stat()).size, 2 * threads * rounds);
}

} // namespace
} // namespace afio::unit
