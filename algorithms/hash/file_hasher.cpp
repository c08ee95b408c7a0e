#include "algorithms/hash/file_hasher.hpp"

#include "algorithms/growing_pause.hpp"
#include "algorithms/hash/mapped_lanes.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>
#include <utility>

namespace afio::algorithms {

namespace {

bool is_alone(const file_handle& file) noexcept {
  const auto held = file.holds_lease(lease::read);
  return held && held.assume_value();
}

} // namespace

result<file_hasher> file_hasher::make(const file_hashing& how) noexcept {
  std::unique_ptr<std::byte[]> b(new (std::nothrow) std::byte[buffer_size]);
  if (!b) return error(ENOMEM, call::none);
  return file_hasher(how, std::move(b));
}

result<file_hash> file_hasher::hash(const path_handle& dir, leaf_name name, const stat_t& status,
                                    side_hashes* beside) noexcept {
  if (const auto known = cache_.find(dir, name, status, beside))
    return file_hash{*known, status.size, true};
  AFIO_TRY(auto opened, file_handle::seen(dir, name, crossing::any_mount, access_time::keep));
  if (!opened.status.id.same_file(status.id)) return error(errc::raced, call::openat2, name);
  return hash(opened, name, beside);
}

result<file_hash> file_hasher::hash(opened_file& file, std::string_view name,
                                    side_hashes* beside) noexcept {
  const auto limit = how_.retry.start();
  for (growing_pause pause;;) {
    bool watched = cache_.watch(file.file, file.status);
    AFIO_TRY(const file_hash done, read(file.file, file.status.size, watched));
    AFIO_TRY(const stat_t after, file.file.stat());
    if (unchanged(file.status, after)) {
      if (watched) cache_.record(file.file, after, done.hash, beside);
      return done;
    }
    if (watched) (void)file.file.drop_lease(); // Others may write in the pause.
    if (how_.stop.stop_requested()) return error(ECANCELED, call::none);
    if (limit.expired()) return error(errc::kept_changing, call::statx, name);
    pause.sleep(limit);
    AFIO_TRY(file.status, file.file.stat());
  }
}

std::size_t file_hasher::most_together() noexcept {
  return static_cast<std::size_t>(widest_spooky_lanes());
}

void file_hasher::hash_together(std::span<hashing_file> files) noexcept {
  if (files.empty()) return;
  auto made = hash_detail::mapped_lanes::make();
  if (!made) return;
  auto& lanes = made.assume_value();
  std::array<bool, hash_detail::mapped_lanes::most> watched{};
  for (std::size_t i = 0; i < files.size(); ++i) {
    opened_file& of = files[i].opened;
    watched[i] = cache_.watch(of.file, of.status);
    lanes.add(of.file, of.status.size);
  }
  while (!lanes.all_done() && !how_.stop.stop_requested()) {
    const std::uint64_t bytes = lanes.step();
    if (how_.counters != nullptr) how_.counters->bytes.fetch_add(bytes, std::memory_order_relaxed);
    for (std::size_t i = 0; i < files.size(); ++i) {
      if (!watched[i] || is_alone(files[i].opened.file)) continue;
      watched[i] = false;
      (void)files[i].opened.file.drop_lease();
    }
  }
  for (std::size_t i = 0; i < files.size(); ++i) {
    const auto hash = lanes.hash(i);
    opened_file& of = files[i].opened;
    if (hash) finish(files[i], *hash);
    if (!watched[i]) continue;
    if (files[i].hash)
      cache_.record(of.file, of.status, *hash, files[i].beside);
    else
      (void)of.file.drop_lease(); // To be read once more, with a lease of its own.
  }
}

/// It has the hash if it is what it was; its status is what it is now.
void file_hasher::finish(hashing_file& file, const hash128& hash) noexcept {
  const auto after = file.opened.file.stat();
  if (!after) return;
  const stat_t before = std::exchange(file.opened.status, after.assume_value());
  if (unchanged(before, file.opened.status)) file.hash = {hash, before.size, false};
}

/// `watched` becomes false where somebody was let in who waited to write.
result<file_hash> file_hasher::read(file_handle& file, std::uint64_t size, bool& watched) noexcept {
  const buffer all(buffer_.get(), buffer_size);
  spooky_hasher hasher;
  for (std::uint64_t at = 0;;) {
    if (how_.stop.stop_requested()) return error(ECANCELED, call::none);
    // Not asked for what is behind the end, but where the size says nothing: some file systems make
    // contents up.
    const auto wanted = at < size ? std::min<std::uint64_t>(size - at, all.size()) : all.size();
    AFIO_TRY(const std::size_t bytes, file.read(all.first(wanted), at));
    if (bytes == 0) return file_hash{hasher.final(), at, false};
    hasher.update(all.first(bytes));
    at += bytes;
    if (how_.counters != nullptr) how_.counters->bytes.fetch_add(bytes, std::memory_order_relaxed);
    if (at == size) return file_hash{hasher.final(), at, false};
    if (watched && !is_alone(file)) {
      watched = false;
      (void)file.drop_lease();
    }
  }
}

} // namespace afio::algorithms
