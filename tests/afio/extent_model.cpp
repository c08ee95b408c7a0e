#include "tests/afio/extent_model.hpp"

#include <algorithm>

namespace afio::unit {

namespace {

/// Layouts fit into this much, so that a file has a handful of blocks of any file system.
constexpr std::uint64_t reach = 1 << 18;

} // namespace

extent extent_model::any_part() {
  std::uniform_int_distribution<std::uint64_t> anywhere(0, reach - 1);
  extent part{anywhere(random_), anywhere(random_) / 4 + 1};
  // Half of them aligned, because that is where file systems do something else.
  if (random_() % 2 == 0) {
    part = {part.offset / page * page, (part.length + page - 1) / page * page};
  }
  return part;
}

void extent_model::put(extent part, const std::vector<std::byte>& data) {
  bytes_.resize(std::max(bytes_.size(), part.end()));
  std::copy(data.begin(), data.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(part.offset));
  for (std::uint64_t i = part.offset / page; i * page < part.end(); ++i) {
    pages_.insert(i);
  }
}

void extent_model::write(file_handle& file) {
  const extent part = any_part();
  std::vector<std::byte> data(part.length);
  for (auto& b : data) {
    b = static_cast<std::byte>(random_() % 255 + 1);
  }
  for (std::uint64_t done = 0; done < part.length;) {
    done += take(file.write(const_buffer(data).subspan(done), part.offset + done));
  }
  put(part, data);
}

void extent_model::zero(file_handle& file) {
  const extent part = any_part();
  take(file.zero(part));
  put(part, std::vector<std::byte>(part.length));
}

void extent_model::punch(file_handle& file) {
  const extent part = any_part();
  take(file.punch_hole(part));
  for (std::uint64_t i = part.offset; i < std::min(part.end(), bytes_.size()); ++i) {
    bytes_[i] = std::byte{};
  }
  std::erase_if(pages_, [&](std::uint64_t i) {
    return i * page >= part.offset && (i + 1) * page <= part.end();
  });
}

void extent_model::resize(file_handle& file) {
  const std::uint64_t size = any_part().offset;
  take(file.truncate(size));
  bytes_.resize(size);
  std::erase_if(pages_, [&](std::uint64_t i) { return i * page >= size; });
}

void extent_model::change(file_handle& file) {
  switch (random_() % 6) {
  case 0:
    return zero(file);
  case 1:
    return punch(file);
  case 2:
    return resize(file);
  default:
    return write(file);
  }
}

void extent_model::clone(const file_handle& from, file_handle& to, extent_model& other,
                         std::uint64_t unit) {
  extent part = any_part();
  std::uint64_t offset = any_part().offset;
  part = {part.offset / unit * unit, (part.length + unit - 1) / unit * unit};
  offset = offset / unit * unit;
  const std::uint64_t done = take(from.clone_extents(part, to, offset));
  const std::uint64_t expected =
      part.offset >= bytes_.size() ? 0 : std::min(part.length, bytes_.size() - part.offset);
  ASSERT_EQ(done, expected);
  if (done == 0) return;
  const auto begin = bytes_.begin() + static_cast<std::ptrdiff_t>(part.offset);
  other.put({offset, done}, {begin, begin + static_cast<std::ptrdiff_t>(done)});
}

std::vector<extent> extent_model::extents() const {
  std::vector<extent> all;
  for (const std::uint64_t i : pages_) {
    const extent part{i * page, std::min(page, bytes_.size() - i * page)};
    if (!all.empty() && all.back().end() == part.offset) {
      all.back().length += part.length;
    } else {
      all.push_back(part);
    }
  }
  return all;
}

std::vector<extent> extents_of(const file_handle& file) {
  std::vector<extent> all;
  while (const auto next = take(file.next_data(all.empty() ? 0 : all.back().end()))) {
    all.push_back(*next);
  }
  return all;
}

namespace {

std::vector<std::byte> content_of(const file_handle& file) {
  std::vector<std::byte> found(take(file.size()), std::byte{0xee});
  for (std::uint64_t done = 0; done < found.size();) {
    const auto bytes = take(file.read(buffer(found).subspan(done), done));
    if (bytes == 0) throw std::runtime_error("the file ends before its size");
    done += bytes;
  }
  return found;
}

} // namespace

::testing::AssertionResult extent_model::agrees_with(const file_handle& file) const {
  using ::testing::AssertionFailure;
  const auto found = content_of(file);
  if (found.size() != bytes_.size()) {
    return AssertionFailure() << "size " << found.size() << ", not " << bytes_.size();
  }
  const auto differs = std::mismatch(found.begin(), found.end(), bytes_.begin()).first;
  if (differs != found.end()) {
    return AssertionFailure() << "another byte at " << differs - found.begin();
  }
  std::vector<std::byte> outside = bytes_;
  std::uint64_t at = 0;
  for (const extent& part : extents_of(file)) {
    if (part.offset < at || part.length == 0 || part.end() > found.size()) {
      return AssertionFailure() << "extent " << part.offset << '+' << part.length << " at " << at;
    }
    std::fill_n(outside.begin() + static_cast<std::ptrdiff_t>(part.offset), part.length,
                std::byte{});
    at = part.end();
  }
  const bool missed =
      std::any_of(outside.begin(), outside.end(), [](std::byte b) { return b != std::byte{}; });
  return missed ? AssertionFailure() << "data in what is called a hole"
                : ::testing::AssertionSuccess();
}

} // namespace afio::unit
