// What tests of walks and of algorithms over trees begin with: an observer that remembers, a
// visitor that does as it is told, a journal of what it saw, and a child process that may die.
#pragma once

#include "algorithms/observer.hpp"
#include "algorithms/options.hpp"
#include "algorithms/walk/walk.hpp"
#include "tests/afio/scene.hpp"
#include "tests/support/swapper.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace afio::unit {

using namespace algorithms;

/// An observer that remembers all that it is told.
class listener final : public observer {
public:
  explicit listener(verbosity v = verbosity::events) noexcept : observer(v) {}

  struct failed_entry {
    operation what;
    std::string path;
    error why;
  };

  struct changed_entry {
    event_kind kind;
    std::string path;
    file_type type;
    std::uint64_t bytes;
  };

  void failed(const failure& f) noexcept override;
  void skipped(const failure& f) noexcept override;
  void lost(const loss& l) noexcept override;
  void happened(const event& e) noexcept override;

  /// The only failure there is. Throws if there is another number of them.
  const failed_entry& failure_alone() const;
  /// Their paths, sorted: one that was told twice is there twice.
  std::vector<std::string> failed_paths() const;
  std::vector<std::string> paths_of(event_kind kind) const;

  std::vector<failed_entry> failures;
  std::vector<failed_entry> skips;
  std::vector<std::string> losses; ///< "hard link of s/a", and so on.
  std::vector<changed_entry> events;
};

std::ostream& operator<<(std::ostream& out, const listener& heard);

/// Lines that any thread may add.
class journal {
public:
  void add(std::string line);

  /// In the order in which they were written.
  std::vector<std::string> lines() const;
  std::vector<std::string> sorted() const;
  std::size_t count(std::string_view line) const;
  /// Where the line stands. Throws if it does not, or more than once.
  std::size_t place_of(std::string_view line) const;

private:
  mutable std::mutex lock_;
  std::vector<std::string> lines_;
};

/// What a visitor of a test's does; nothing where nothing is said.
template <std::size_t N>
struct script {
  std::function<void(const place<N>&, std::span<row<N>>)> rows;
  std::function<after(const place<N>&)> leave;
  std::function<verdict(const place<N>&, const error&)> denied;
};

template <std::size_t N>
class actor final : public visitor<N> {
public:
  explicit actor(const script<N>& does) : does_(&does) {}

  void rows(const place<N>& here, std::span<row<N>> some) noexcept override {
    if (does_->rows) does_->rows(here, some);
  }

  after leave(const place<N>& here) noexcept override {
    return does_->leave ? does_->leave(here) : after::done;
  }

  verdict denied(const place<N>& here, const error& why) noexcept override {
    return does_->denied ? does_->denied(here, why) : verdict::report;
  }

private:
  const script<N>* does_;
};

/// Walks with as many actors as the options ask for.
template <std::size_t N>
result<walk_report> perform(const std::array<walk_root, N>& roots, const script<N>& does,
                            const walk_options& options, observer& told) {
  std::vector<actor<N>> cast(worker_count(options, N), actor<N>(does));
  return walk<N>(roots, cast, options, told);
}

/// A tree by its path, opened, with the name that failures shall begin with.
class tree_root {
public:
  tree_root(const std::filesystem::path& at, std::string name)
      : directory_(anchor(at)), name_(std::move(name)) {}

  walk_root get() const { return {&directory_, name_}; }

  const path_handle& directory() const { return directory_; }

private:
  path_handle directory_;
  std::string name_;
};

/// Tests that hold for any number of workers: run with 1, 2 and 3.
class any_threads : public scene, public ::testing::WithParamInterface<unsigned> {
protected:
  /// The same options for as many workers as the test is run with.
  template <class Options>
  static Options threaded(Options options) {
    options.threads = GetParam();
    return options;
  }
};

inline std::string threads_of(const ::testing::TestParamInfo<unsigned>& info) {
  return std::to_string(info.param) + (info.param == 1 ? "Thread" : "Threads");
}

/// Of a fixture derived from any_threads.
#define AFIO_WITH_1_2_AND_3_THREADS(fixture)                                                       \
  INSTANTIATE_TEST_SUITE_P(With, fixture, ::testing::Values(1U, 2U, 3U), threads_of)

/// Runs `f` in a child process, in which EXPECT and ASSERT work, and may end it at any moment.
/// Its exit code: 1 if an expectation failed. Throws if a signal killed it.
int in_child(const std::function<void()>& f);
/// The same as another user, without capabilities.
int as_user(uid_t user, const std::function<void()>& f);
/// A user that owns nothing.
inline constexpr uid_t nobody = 65534;
/// Why no other user can be had; empty if one can.
std::string no_other_user();

/// Gives the directory and all in it to that user.
void give_to(uid_t user, const std::filesystem::path& root);

/// Sets or lifts the flag that forbids to change or delete. False: the file system has none.
bool set_immutable(const std::filesystem::path& at, bool on);
/// The same of the one that backups may leave it out, which new files take over from a directory.
bool set_no_dump(const std::filesystem::path& at, bool on);
bool is_no_dump(const std::filesystem::path& at);

/// What an ACL gives its owner, user 12, the owning group and all others, and its mask: bits as of
/// a mode.
struct acl {
  unsigned char owner, user, group, mask, other;
};

inline constexpr const char* access_acl = "system.posix_acl_access";
inline constexpr const char* default_acl = "system.posix_acl_default";

void set_acl(const std::filesystem::path& at, const char* which, const acl& gives);
/// As ls has it: "0640", and "0640+" where it has an access ACL.
std::string rights_of(const std::filesystem::path& at);

/// Makes empty files called 0, 1, 2 and so on, with something before the number.
void make_files(const std::filesystem::path& in, std::size_t count, const std::string& begin = "");

/// Bytes of a line of /proc/self/status, such as "VmHWM".
std::uint64_t memory_status(std::string_view field);

} // namespace afio::unit
