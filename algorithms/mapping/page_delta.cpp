#include "algorithms/mapping/page_delta.hpp"

#include "algorithms/little_endian.hpp"
#include "algorithms/whole_io.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <new>

namespace afio::algorithms {

namespace {

constexpr std::array<std::byte, 8> magic = {std::byte{'a'}, std::byte{'f'}, std::byte{'i'},
                                            std::byte{'o'}, std::byte{'d'}, std::byte{'l'},
                                            std::byte{'t'}, std::byte{'1'}};
constexpr std::uint64_t last = ~std::uint64_t{0};
constexpr std::size_t pair_bytes = 16;
constexpr std::size_t piece = 65'536;

using pair_of_bytes = std::array<std::byte, pair_bytes>;

pair_of_bytes as_bytes(std::uint64_t first, std::uint64_t second) noexcept {
  pair_of_bytes bytes;
  little_endian::put(first, bytes.data());
  little_endian::put(second, bytes.data() + 8);
  return bytes;
}

/// Reads a delta from its beginning to its end, and judges it.
class delta_reader {
public:
  explicit delta_reader(const file_handle& from) noexcept : from_(&from) {}

  /// The size of the file that it is about.
  result<std::uint64_t> begin() noexcept {
    pair_of_bytes header;
    AFIO_TRY(get(header));
    if (!std::equal(magic.begin(), magic.end(), header.begin())) return bad();
    base_size_ = little_endian::get<std::uint64_t>(header.data() + 8);
    return base_size_;
  }

  /// The next run, whose bytes must then be taken by get(); one of no length at the end, once the
  /// hash was found to be right.
  result<extent> next() noexcept {
    pair_of_bytes numbers;
    AFIO_TRY(get(numbers));
    const extent run{little_endian::get<std::uint64_t>(numbers.data()),
                     little_endian::get<std::uint64_t>(numbers.data() + 8)};
    if (run.offset == last && run.length == last) return ended();
    if (run.length == 0 || run.offset < end_ || run.offset > base_size_ ||
        run.length > base_size_ - run.offset)
      return bad();
    end_ = run.end();
    ++report.runs;
    report.changed += run.length;
    return run;
  }

  result<void> get(buffer into) noexcept {
    AFIO_TRY(const std::size_t bytes, read_all(*from_, into, report.size));
    if (bytes < into.size()) return bad();
    hash_.update(into);
    report.size += bytes;
    return success();
  }

  delta_report report;

private:
  static error bad() noexcept { return error(EBADMSG, call::verify); }

  result<extent> ended() noexcept {
    const hash128 expected = hash_.final();
    pair_of_bytes stored;
    AFIO_TRY(get(stored));
    if (stored != as_bytes(expected.first, expected.second)) return bad();
    std::byte more[1];
    AFIO_TRY(const std::size_t behind, from_->read(buffer(more), report.size));
    if (behind != 0) return bad();
    return extent{};
  }

  const file_handle* from_;
  spooky_hasher hash_;
  std::uint64_t base_size_ = 0;
  std::uint64_t end_ = 0;
};

/// Goes through a delta, and hands its bytes to `use(offset, bytes)`.
template <class F>
result<delta_report> each_piece(const file_handle& delta, std::uint64_t base_size, buffer through,
                                F use) noexcept {
  delta_reader reader(delta);
  AFIO_TRY(const std::uint64_t size, reader.begin());
  if (size != base_size) return error(EINVAL, call::verify);
  for (;;) {
    AFIO_TRY(const extent run, reader.next());
    if (run.length == 0) return reader.report;
    for (std::uint64_t done = 0; done < run.length;) {
      const buffer bytes = through.first(
          static_cast<std::size_t>(std::min<std::uint64_t>(through.size(), run.length - done)));
      AFIO_TRY(reader.get(bytes));
      AFIO_TRY(use(run.offset + done, bytes));
      done += bytes.size();
    }
  }
}

} // namespace

result<void> delta_writer::put(const_buffer bytes) noexcept {
  AFIO_TRY(write_all(*to_, bytes, report_.size));
  hash_.update(bytes);
  report_.size += bytes.size();
  return success();
}

result<void> delta_writer::put_pair(std::uint64_t first, std::uint64_t second) noexcept {
  return put(as_bytes(first, second));
}

result<void> delta_writer::begin(std::uint64_t base_size) noexcept {
  base_size_ = base_size;
  pair_of_bytes header = as_bytes(0, base_size);
  std::copy(magic.begin(), magic.end(), header.begin());
  return put(header);
}

result<void> delta_writer::add(std::uint64_t offset, const_buffer bytes) noexcept {
  if (bytes.empty()) return success();
  if (offset < end_ || offset > base_size_ || bytes.size() > base_size_ - offset)
    return error(EINVAL, call::verify);
  AFIO_TRY(put_pair(offset, bytes.size()));
  AFIO_TRY(put(bytes));
  end_ = offset + bytes.size();
  ++report_.runs;
  report_.changed += bytes.size();
  return success();
}

result<delta_report> delta_writer::finish() noexcept {
  AFIO_TRY(put_pair(last, last));
  const hash128 hash = hash_.final();
  AFIO_TRY(put_pair(hash.first, hash.second));
  return report_;
}

result<delta_report> apply_delta(const file_handle& delta, file_handle& to) noexcept {
  AFIO_TRY(const std::uint64_t size, to.size());
  const std::unique_ptr<std::byte[]> through(new (std::nothrow) std::byte[piece]);
  if (!through) return error(ENOMEM, call::none);
  const buffer bytes(through.get(), piece);
  AFIO_TRY(each_piece(delta, size, bytes,
                      [](std::uint64_t, const_buffer) -> result<void> { return success(); }));
  return each_piece(delta, size, bytes, [&](std::uint64_t offset, const_buffer some) {
    return write_all(to, some, offset);
  });
}

} // namespace afio::algorithms
