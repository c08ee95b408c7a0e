#include "tests/race/watch.hpp"

#include "tests/race/copy_state.hpp"
#include "tests/support/failed.hpp"
#include "tests/support/unique_fd.hpp"

#include <array>
#include <cstdio>
#include <map>
#include <vector>

#include <fcntl.h>
#include <sys/fsuid.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace afio::testing {
namespace {

struct user {
  uid_t id;
  gid_t group;
};

// The owner of a setuid file, a member of its group, one whom an ACL names, and anybody.
constexpr user users[] = {{1001, 1001}, {1003, 1002}, {1005, 1005}, {1006, 1006}};
constexpr int rights[] = {R_OK, W_OK, X_OK};

// As this user for the kernel's checks of files, without root's privileges.
class as_user {
public:
  explicit as_user(const user& who) {
    ::setfsgid(who.group);
    ::setfsuid(who.id);
  }

  ~as_user() {
    ::setfsuid(0);
    ::setfsgid(0);
  }
};

unique_fd open_directory(const std::filesystem::path& at) {
  return unique_fd(checked(::open(at.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC), at));
}

// A bit for each user and right, by all modes on the way from `root` on.
unsigned permitted(const unique_fd& root, const std::string& path) {
  unsigned bits = 0, bit = 1;
  for (const auto& who : users) {
    const as_user now(who);
    for (const int right : rights) {
      if (::faccessat(root.get(), path.c_str(), right, AT_EACCESS | AT_SYMLINK_NOFOLLOW) == 0)
        bits |= bit;
      bit <<= 1;
    }
  }
  return bits;
}

// A user whom only an ACL lets read. Version 2; tag, permissions, id.
void add_acl(const std::filesystem::path& to) {
  struct entry {
    std::uint16_t tag, permissions;
    std::uint32_t id;
  };

  struct acl {
    std::uint32_t version = 2;
    entry entries[5];
  };

  constexpr std::uint32_t nobody_named = 0xffffffff;
  const acl value{2,
                  {{0x01, 6, nobody_named},
                   {0x02, 4, 1005},
                   {0x04, 0, nobody_named},
                   {0x10, 4, nobody_named},
                   {0x20, 0, nobody_named}}};
  checked(::setxattr(to.c_str(), "system.posix_acl_access", &value, sizeof value, 0), to);
}

class watcher {
public:
  explicit watcher(const scene& at)
      : at_(at), source_(open_directory(at.base())), copies_(open_directory(at.copies())) {
    for (const auto& [path, entry] : at.tree_before().entries)
      of_source_[path] = permitted(source_, "tree/" + path);
  }

  action operator()(const stop& here) {
    ++seen_.stops;
    where_ = "at stop " + std::to_string(here.ordinal) + ", " + std::string(here.call.name);
    const manifest now(at_.copies());
    for (const auto& [path, entry] : now.entries) {
      // The folder itself was there before.
      if (path != ".") look_at(path, entry);
    }
    return action::continue_it();
  }

  sighting end() { return std::move(seen_); }

private:
  void look_at(const std::string& path, const manifest_entry& entry) {
    const auto slash = path.find('/');
    const std::string below = slash == std::string::npos ? "." : path.substr(slash + 1);
    if (is_old(at_, below, entry) || was_there(entry)) return;
    if (entry.type != 'l') compare_rights(path, below, entry);
    if (entry.type == 'f' && (entry.mode & S_ISUID) != 0 && entry.uid != setuid_owner) {
      ++seen_.lent;
      fail(path, "lent");
    }
    const bool finished = is_new(at_, below, entry);
    seen_.unfinished += !finished;
    const bool final = path == "tree" || path.starts_with("tree/");
    const bool merges = !at_.copy_before().entries.empty();
    // Of a tree that is merged, directories are the last to be what they shall.
    if (final && !finished && !has_temporary_name(below) && !(merges && entry.type == 'd')) {
      ++seen_.torn;
      fail(path, "neither old nor new");
    }
  }

  void compare_rights(const std::string& path, const std::string& below,
                      const manifest_entry& entry) {
    const unsigned everything = (1U << (std::size(users) * std::size(rights))) - 1;
    const auto original = has_temporary_name(below) ? of_the_same(below, entry) : below;
    const auto allowed = of_source_.find(original);
    const unsigned most = allowed == of_source_.end() ? 0 : allowed->second;
    seen_.guarded += most != everything;
    const unsigned now = permitted(copies_, path);
    if ((now & ~most) == 0) return;
    ++seen_.wider;
    fail(path, "more than in the source is allowed");
  }

  // The path of the file beside it in the source which that under a name of no meaning is a copy
  // of; nothing while it is less than that.
  std::string of_the_same(const std::string& below, const facts& entry) const {
    const auto above = below.substr(0, below.rfind('/') + 1);
    for (const auto& [path, original] : at_.tree_before().entries) {
      const bool beside = path.starts_with(above) && path.find('/', above.size()) == path.npos;
      if (beside && same_but_for_links(entry, original)) return path;
    }
    return "";
  }

  bool was_there(const manifest_entry& entry) const {
    for (const auto& [path, old] : at_.copy_before().entries) {
      if (old.inode == entry.inode) return true;
    }
    return false;
  }

  void fail(const std::string& path, const char* how) {
    if (seen_.first_failure.empty()) seen_.first_failure = where_ + ", copies/" + path + ": " + how;
  }

  static constexpr uid_t setuid_owner = 1001;

  const scene& at_;
  unique_fd source_, copies_;
  std::map<std::string, unsigned> of_source_;
  std::string where_;
  sighting seen_;
};

} // namespace

sighting watch(const contender& tool) {
  const scene at = scene_for(tool);
  add_acl(at.root() / "a/f");
  watcher looking(at);
  supervision how = counted_from(at, tool);
  how.streams = supervision::streams::stopped_at;
  const auto run = supervise(command(tool, at), std::ref(looking), how);
  if (!run.exited_with(0)) throw std::runtime_error(tool.name + ": " + describe(run));
  return looking.end();
}

void print_line(const contender& tool, const sighting& seen) {
  std::printf(
      "%-20s stops %llu, guarded %llu, unfinished %llu | wider %llu, lent %llu, torn %llu\n",
      tool.name.c_str(), static_cast<unsigned long long>(seen.stops),
      static_cast<unsigned long long>(seen.guarded),
      static_cast<unsigned long long>(seen.unfinished), static_cast<unsigned long long>(seen.wider),
      static_cast<unsigned long long>(seen.lent), static_cast<unsigned long long>(seen.torn));
}

} // namespace afio::testing
