// What changes since a base become in a tree that has changes of its own.
#include "afio/detail/fault.hpp"
#include "algorithms/copy_tree/copy_tree.hpp"
#include "algorithms/update_tree/update_tree.hpp"
#include "tests/algorithms/picture.hpp"
#include "tests/algorithms/scene.hpp"
#include "tests/support/content.hpp"
#include "tests/support/failed.hpp"
#include "tests/support/pace.hpp"
#include "tests/support/tree.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <stop_token>
#include <string>
#include <utility>

namespace afio::unit {
namespace {

namespace fs = std::filesystem;
using conflicts = enum update_options::conflicts;

class conflict_list final : public difference_listener {
public:
  void differs(const merge_difference& d) noexcept override {
    EXPECT_EQ(d.what, three_way::conflict);
    EXPECT_TRUE(paths.insert(std::string(d.path)).second) << d.path << " was told twice";
  }

  std::set<std::string> paths;
};

using paths = std::set<std::string>;

class MergeChanges : public any_threads {
protected:
  result<update_report> try_merge(conflicts policy, update_options options = {}) {
    const tree_root source(scratch / "s", "s"), base(scratch / "b", "b"),
        target(scratch / "t", "t");
    options.conflicts = policy;
    options.tree.threads = GetParam();
    told.events.clear();
    told.failures.clear();
    found.paths.clear();
    return update_tree(source.get(), base.get(), target.get(), options, found, told);
  }

  update_report merge(conflicts policy = conflicts::fail) {
    const update_report report = take(try_merge(policy));
    EXPECT_TRUE(told.failures.empty()) << told;
    return report;
  }

  /// Both sides begin as the base is.
  void branch() {
    for (const char* side : {"s", "t"}) {
      take(copy_tree(dir, leaf("b"), dir, leaf(side), "b", {}, told));
    }
  }

  void write(const std::string& name, std::string_view text) const {
    fs::create_directories((scratch / name).parent_path());
    std::ofstream(scratch / name) << text;
  }

  std::string read(const std::string& name) const {
    return fs::exists(scratch / name) ? testing::content_of(scratch / name) : "missing";
  }

  conflict_list found;
  listener told;
};

AFIO_WITH_1_2_AND_3_THREADS(MergeChanges);

TEST_P(MergeChanges, WhatOneSideHasChangedComesFromThatSide) {
  make("f b/d/source 5\n f b/d/target 5\n f b/gone-here 5\n f b/gone-there 5\n f b/mode 5 0644\n f "
       "b/out/f 5");
  branch();
  write("s/d/source", "new in source");
  write("t/d/target", "new in target");
  fs::remove(scratch / "t/gone-here");
  fs::remove(scratch / "s/gone-there");
  fs::permissions(scratch / "s/mode", fs::perms(0600));
  fs::remove_all(scratch / "s/out");
  write("s/added/deep/f", "added");
  write("t/own/f", "own");
  const auto report = merge();
  EXPECT_EQ(report.conflicts, 0U);
  EXPECT_EQ(read("t/d/source"), "new in source");
  EXPECT_EQ(read("t/d/target"), "new in target");
  EXPECT_EQ(read("t/gone-here"), "missing");
  EXPECT_EQ(read("t/gone-there"), "missing");
  EXPECT_EQ(fs::status(scratch / "t/mode").permissions(), fs::perms(0600));
  EXPECT_FALSE(fs::exists(scratch / "t/out"));
  EXPECT_EQ(read("t/added/deep/f"), "added");
  EXPECT_EQ(read("t/own/f"), "own");
  const auto before = picture_of(scratch / "t");
  merge();
  EXPECT_TRUE(told.events.empty()) << "a second run does nothing: " << told;
  EXPECT_EQ(picture_of(scratch / "t"), before);
}

TEST_P(MergeChanges, ConflictsAreAllToldBeforeAnythingIsChanged) {
  make("f b/a 5\n f b/d/b 5\n f b/c 5\n f b/fine 5");
  branch();
  write("s/a", "source");
  write("t/a", "target's");
  fs::remove(scratch / "s/d/b");
  write("t/d/b", "target");
  write("s/c", "source");
  fs::remove(scratch / "t/c");
  write("s/fine", "source");
  const auto before = picture_of(scratch / "t");
  const auto report = merge(conflicts::fail);
  EXPECT_EQ(report.conflicts, 3U);
  EXPECT_EQ(found.paths, (paths{"a", "c", "d/b"}));
  EXPECT_EQ(picture_of(scratch / "t"), before);
}

TEST_P(MergeChanges, AConflictGoesToTheSideThatIsAsked) {
  const auto make_conflicts = [&] {
    for (const char* root : {"b", "s", "t"}) testing::remove_by_force(scratch / root);
    make("f b/a 5\n f b/d/b 5\n f b/c 5\n f b/e/f/g 5");
    branch();
    write("s/a", "source");
    write("t/a", "target's");
    fs::remove(scratch / "s/d/b");
    write("t/d/b", "target");
    write("s/c", "source");
    fs::remove(scratch / "t/c");
    write("s/e/f/g", "source");
    fs::remove_all(scratch / "t/e");
  };
  make("d b\n d s\n d t");
  const auto expect = [&](const char* a, const char* b, const char* c, const char* g) {
    EXPECT_EQ(found.paths, (paths{"a", "c", "d/b", "e"}));
    EXPECT_EQ(read("t/a"), a);
    EXPECT_EQ(read("t/d/b"), b);
    EXPECT_EQ(read("t/c"), c);
    EXPECT_EQ(read("t/e/f/g"), g);
  };
  make_conflicts();
  merge(conflicts::source);
  expect("source", "missing", "source", "source");
  make_conflicts();
  merge(conflicts::target);
  expect("target's", "target", "missing", "missing");
  make_conflicts();
  merge(conflicts::both);
  expect("target's", "target", "source", "source");
  EXPECT_EQ(read("t/a.from-source"), "source");
  merge(conflicts::both);
  EXPECT_TRUE(told.events.empty()) << "it is there already: " << told;
}

std::stop_source asked_to_stop;

void ask_to_stop(call) noexcept { asked_to_stop.request_stop(); }

TEST_P(MergeChanges, AStopWhileItComparesTakesNothingFromTheTarget) {
  bool stopped_once = false, finished_once = false;
  for (unsigned nth = 1; !finished_once && nth != 100; ++nth) {
    SCOPED_TRACE("stopped at listing " + std::to_string(nth));
    make("f b/x/a 5\n f b/x/b 5\n f b/gone/a 5");
    branch();
    fs::remove_all(scratch / "t/x");
    write("t/x", "mine");
    fs::remove_all(scratch / "t/gone");
    asked_to_stop = {};
    {
      const armed stopping({.which = call::getdents64, .nth = nth, .stop = ask_to_stop});
      const auto done = try_merge(conflicts::source, {.tree = {.stop = asked_to_stop.get_token()}});
      const bool is_stopped = !done || done.assume_value().stopped != stopped::no;
      EXPECT_TRUE(told.failures.empty()) << told;
      stopped_once |= is_stopped;
      finished_once = !is_stopped;
    }
    EXPECT_EQ(read("t/x"), "mine");
    EXPECT_FALSE(fs::exists(scratch / "t/gone"));
    for (const char* tree : {"b", "s", "t"}) fs::remove_all(scratch / tree);
  }
  EXPECT_TRUE(stopped_once && finished_once);
}

TEST_P(MergeChanges, AFailureWhileItComparesTakesNothingFromTheTarget) {
  bool failed_once = false, finished_once = false;
  for (unsigned nth = 1; !finished_once && nth != 100; ++nth) {
    SCOPED_TRACE("failed at listing " + std::to_string(nth));
    make("f b/x/d/a 5\n f b/x/b 5\n f b/gone/a 5");
    branch();
    fs::remove_all(scratch / "t/x");
    write("t/x", "mine");
    fs::remove_all(scratch / "t/gone");
    {
      const armed failing({.which = call::getdents64, .nth = nth, .native = EIO});
      const auto done = try_merge(conflicts::source);
      finished_once = done && told.failures.empty();
      failed_once |= !finished_once;
      if (done) {
        EXPECT_EQ(done.assume_value().failures, told.failures.size()) << told;
      }
    }
    EXPECT_TRUE(found.paths.empty()) << *found.paths.begin() << " is a conflict";
    EXPECT_TRUE(fs::is_regular_file(scratch / "t/x"));
    EXPECT_FALSE(fs::exists(scratch / "t/gone"));
    for (const char* tree : {"b", "s", "t"}) fs::remove_all(scratch / tree);
  }
  EXPECT_TRUE(failed_once && finished_once);
}

TEST_P(MergeChanges, AStopWhileItPutsATreeBesideLeavesNoPartOfIt) {
  bool stopped_once = false, finished_once = false;
  for (unsigned nth = 1; !finished_once && nth != 100; ++nth) {
    SCOPED_TRACE("stopped at read " + std::to_string(nth));
    make("f b/x 5");
    branch();
    for (const char* side : {"s", "t"}) fs::remove(scratch / side / "x");
    write("t/x", "target's");
    for (const char* name : {"s/x/a", "s/x/d/b", "s/x/d/c"}) write(name, "source's");
    asked_to_stop = {};
    {
      const armed stopping({.which = call::pread64, .nth = nth, .stop = ask_to_stop});
      const auto done = try_merge(conflicts::both, {.tree = {.stop = asked_to_stop.get_token()},
                                                    .file = {.reflink = reflink::never}});
      stopped_once |= !done || done.assume_value().stopped != stopped::no;
      finished_once = !asked_to_stop.stop_requested();
    }
    EXPECT_EQ(read("t/x"), "target's");
    for (const auto& entry : fs::directory_iterator(scratch / "t"))
      EXPECT_FALSE(entry.path().filename().string().starts_with(".afio-")) << entry.path();
    for (const char* tree : {"b", "s", "t"}) fs::remove_all(scratch / tree);
  }
  EXPECT_TRUE(stopped_once && finished_once);
}

TEST_P(MergeChanges, IsHeldBackBeforeAnythingIsChangedAndNotForWhatFailsThen) {
  make("f b/a 5\n f b/d/f 1");
  branch();
  write("s/a", "of the source");
  {
    const armed fails({.which = call::getdents64, .nth = 3, .native = EIO});
    const update_report held = take(try_merge(conflicts::fail));
    EXPECT_TRUE(held.held_back);
    EXPECT_GT(held.failures, 0U);
  }
  EXPECT_EQ(fs::file_size(scratch / "t/a"), 5U);
  {
    const armed fails({.which = call::renameat2, .native = EIO});
    const update_report tried = take(try_merge(conflicts::fail));
    EXPECT_FALSE(tried.held_back);
    EXPECT_EQ(tried.failures, 1U);
  }
}

TEST_P(MergeChanges, WhatTheTargetChangesMeanwhileStays) {
  for (const char* changed : {"s/f", "s/f/in"}) {
    SCOPED_TRACE(changed);
    make("f b/f 5");
    branch();
    fs::remove(scratch / "s/f");
    write(changed, "the source's");
    {
      const just_before exchange(call::renameat2, 1, [&] { write("t/f", "an edit"); });
      EXPECT_EQ(take(try_merge(conflicts::source)).replaced, 0U);
      ASSERT_EQ(exchange.times(), 1);
    }
    EXPECT_EQ(read("t/f"), "an edit");
    EXPECT_EQ(told.failure_alone().why, errc::raced) << told;
    EXPECT_EQ(names_in(scratch / "t"), std::set<std::string>{"f"});
    for (const char* tree : {"b", "s", "t"}) fs::remove_all(scratch / tree);
  }
}

TEST_P(MergeChanges, WhatTheTargetChangesMeanwhileInADirectoryInTheWayStays) {
  for (const char* changed : {"t/f/in", "t/f/new"}) {
    SCOPED_TRACE(changed);
    make("f b/f/in 5");
    branch();
    fs::remove_all(scratch / "s/f");
    write("s/f", "the source's");
    {
      // The copy is there, but for its name.
      const just_before naming(call::linkat, 1, [&] { write(changed, "an edit"); });
      EXPECT_EQ(take(try_merge(conflicts::fail)).replaced, 0U);
      ASSERT_EQ(naming.times(), 1);
    }
    EXPECT_EQ(read(changed), "an edit");
    EXPECT_NE(read("t/f/in"), "missing");
    EXPECT_EQ(told.failure_alone().why, errc::raced) << told;
    EXPECT_EQ(names_in(scratch / "t"), std::set<std::string>{"f"});
    for (const char* tree : {"b", "s", "t"}) fs::remove_all(scratch / tree);
  }
}

TEST_P(MergeChanges, WhatTheSourceChangesMeanwhileComesToo) {
  make("f b/f 5");
  branch();
  fs::last_write_time(scratch / "s/f",
                      fs::last_write_time(scratch / "b/f") + std::chrono::hours(1));
  update_options options;
  options.how = comparing::content; // The times are set where the file is.
  {
    const just_before setting(call::utimensat, 1, [&] { write("s/f", "more by then"); });
    EXPECT_EQ(take(try_merge(conflicts::fail, options)).replaced, 1U);
    ASSERT_EQ(setting.times(), 1);
  }
  EXPECT_TRUE(told.failures.empty()) << told;
  EXPECT_EQ(read("t/f"), "more by then");
  EXPECT_EQ(fs::last_write_time(scratch / "t/f"), fs::last_write_time(scratch / "s/f"));
}

TEST_P(MergeChanges, EachDirectoryThatWasChangedIsDurableInTheEnd) {
  make("f b/d/f 5\n f b/gone/f 5");
  branch();
  write("s/d/f", "new");
  fs::remove_all(scratch / "s/gone");
  write("t/gone/own", "own");
  update_options options;
  options.file.sync = sync::all;
  const armed counting;
  EXPECT_EQ(take(try_merge(conflicts::fail, options)).failures, 0U) << told;
  EXPECT_EQ(read("t/gone/f"), "missing");
  EXPECT_EQ(detail::calls_seen(call::fsync), 4U) << "of the file, of both directories and the root";
}

TEST_P(MergeChanges, TypesThatChange) {
  make("f b/file 5\n f b/dir/f 5\n f b/dir2/f 5\n f b/dir3/f 5");
  branch();
  fs::remove(scratch / "s/file");
  write("s/file/now/a/tree", "x");
  fs::remove_all(scratch / "s/dir");
  write("s/dir", "now a file");
  fs::remove_all(scratch / "s/dir2");
  write("s/dir2", "now a file");
  write("t/dir2/own", "changed here");
  fs::remove_all(scratch / "t/dir3");
  write("t/dir3", "a file here");
  merge(conflicts::target);
  EXPECT_EQ(found.paths, paths{"dir2"});
  EXPECT_EQ(read("t/file/now/a/tree"), "x");
  EXPECT_EQ(read("t/dir"), "now a file");
  EXPECT_EQ(read("t/dir2/own"), "changed here");
  EXPECT_EQ(read("t/dir3"), "a file here");
  merge(conflicts::both);
  EXPECT_EQ(read("t/dir2.from-source"), "now a file");
  merge(conflicts::source);
  EXPECT_EQ(read("t/dir2"), "now a file");
}

TEST_P(MergeChanges, ARehearsalTellsWhatARunDoes) {
  make("f b/a 5\n f b/out/f 5\n f b/out/g 5\n f b/c 5");
  branch();
  write("s/a", "new");
  fs::remove_all(scratch / "s/out");
  write("s/c", "source");
  write("t/c", "target's");
  write("s/n/f", "x");
  const auto plan = [&](enum update_options::doing doing) {
    update_options options;
    options.doing = doing;
    const auto report = take(try_merge(conflicts::source, options));
    EXPECT_EQ(report.failures, 0U) << told;
    std::multiset<std::string> lines;
    for (const auto& e : told.events)
      lines.insert(std::to_string(static_cast<int>(e.kind)) + e.path);
    return lines;
  };
  const auto before = picture_of(scratch / "t");
  const auto planned = plan(update_options::doing::rehearse);
  EXPECT_EQ(picture_of(scratch / "t"), before);
  EXPECT_EQ(plan(update_options::doing::execute), planned);
  EXPECT_EQ(planned.size(), 7U);
}

TEST_P(MergeChanges, ADirectoryThatTheTargetHasAddedToStays) {
  make("f b/d/f 5\n f b/d/e/g 5");
  branch();
  fs::remove_all(scratch / "s/d");
  write("t/d/e/own", "own");
  merge();
  EXPECT_EQ(read("t/d/e/own"), "own");
  EXPECT_EQ(read("t/d/f"), "missing");
  EXPECT_EQ(read("t/d/e/g"), "missing");
}

TEST_P(MergeChanges, WhatIsExcludedInOneTreeStaysInAll) {
  make("f b/x 5");
  branch();
  fs::remove(scratch / "s/x");
  write("s/x/f", "a directory now");
  path_filter filter;
  take(filter.add(path_filter::action::exclude, "x/"));
  update_options options;
  options.filter = &filter;
  take(try_merge(conflicts::source, options));
  EXPECT_TRUE(fs::is_regular_file(scratch / "t/x"));
}

// ------------------------------------------------------------------------------------------ model

using tree = std::map<std::string, std::string>;

/// A file in one of a few directories.
std::string random_path(std::mt19937_64& random) {
  std::string path;
  for (auto depth = random() % 3; depth != 0; --depth)
    path += "d" + std::to_string(random() % 2) + '/';
  return path + "f" + std::to_string(random() % 4);
}

tree changed(std::mt19937_64& random, tree files) {
  for (auto changes = 3 + random() % 8; changes != 0; --changes) {
    const std::string path = random_path(random);
    if (random() % 3 == 0)
      files.erase(path);
    else
      files[path] = std::string(1 + random() % 3, 'x');
  }
  return files;
}

tree below(const tree& files, const std::string& directory) {
  tree some;
  for (const auto& f : files) {
    if (f.first.starts_with(directory)) some.insert(f);
  }
  return some;
}

using value = std::optional<std::string>;

value of(const tree& files, const std::string& path) {
  const auto f = files.find(path);
  return f != files.end() ? value(f->second) : value();
}

/// What the target shall have under that path.
value merged(const tree& base, const tree& source, const tree& target, const std::string& path,
             conflicts policy) {
  // A directory that the target has removed comes back as a whole, or not at all.
  for (auto slash = path.find('/'); slash != path.npos; slash = path.find('/', slash + 1)) {
    const std::string directory = path.substr(0, slash + 1);
    const tree b = below(base, directory), s = below(source, directory);
    if (b.empty() || s.empty() || !below(target, directory).empty()) continue;
    return b != s && policy != conflicts::target ? of(source, path) : value();
  }
  const value b = of(base, path), s = of(source, path), t = of(target, path);
  if (s == b || s == t) return t;
  if (t == b) return s;
  if (policy == conflicts::both) return t ? t : s;
  return policy == conflicts::source ? s : t;
}

std::string text_of(const tree& files) {
  std::string text;
  for (const auto& [path, bytes] : files) text += path + '=' + bytes + ' ';
  return text;
}

TEST_P(MergeChanges, AgreesWithAModel) {
  const auto put = [&](const char* root, const tree& files) {
    testing::remove_by_force(scratch / root);
    fs::create_directory(scratch / root);
    for (const auto& [path, text] : files) {
      write(std::string(root) + '/' + path, text);
      // Of each contents at its own time, so that a quick look tells.
      fs::last_write_time(scratch / root / path, fs::file_time_type(std::chrono::seconds(
                                                     1000 + static_cast<int>(text.size()))));
    }
  };
  make("d b\n d s\n d t");
  unsigned conflicted = 0;
  constexpr unsigned triples = 350 / testing::quick_step(3);
  for (unsigned seed = triples * GetParam(), n = 0; n < triples; ++seed, ++n) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    tree base;
    for (int i = 0; i < 8; ++i) base[random_path(random)] = "x";
    const tree source = changed(random, base), target = changed(random, base);
    for (const conflicts policy : {conflicts::source, conflicts::target, conflicts::both}) {
      put("b", base);
      put("s", source);
      put("t", target);
      conflicted += merge(policy).conflicts != 0;
      std::set<std::string> all_paths;
      for (const tree* all : {&std::as_const(base), &source, &target}) {
        for (const auto& f : *all) all_paths.insert(f.first);
      }
      for (const std::string& path : all_paths) {
        const value expected = merged(base, source, target, path, policy);
        ASSERT_EQ(read("t/" + path), expected.value_or("missing"))
            << path << " by policy " << static_cast<int>(policy) << "\nbase " << text_of(base)
            << "\nsource " << text_of(source) << "\ntarget " << text_of(target);
      }
    }
  }
  EXPECT_GT(conflicted, 100U);
}

} // namespace
} // namespace afio::unit
