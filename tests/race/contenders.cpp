#include "tests/race/contenders.hpp"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

namespace afio::testing {
namespace {

// The build tells where a program is, relative to the folder that tests are started in.
std::string from_environment(const char* name) {
  const char* value = std::getenv(name);
  if (!value) throw std::runtime_error(std::string("not set: ") + name);
  return std::filesystem::absolute(value);
}

/// A source that was exchanged and taken back has changed, and is tried again for so long.
constexpr const char* retries = "--retry=100ms";

/// With `always` besides the `options` that it is named for.
contender afio_tool(const std::string& name, const char* variable, task does,
                    std::initializer_list<std::string> options,
                    std::initializer_list<std::string> always) {
  contender tool{name, {from_environment(variable), "--progress=never"}};
  tool.does = does;
  const bool threads_given = std::any_of(options.begin(), options.end(), [](const auto& option) {
    return option.starts_with("--threads");
  });
  if (!threads_given) tool.arguments.push_back("--threads=1");
  for (const auto& option : options) {
    tool.arguments.push_back(option);
    tool.name += " " + option;
  }
  tool.arguments.insert(tool.arguments.end(), always);
  return tool;
}

} // namespace

bool contender::has(std::string_view option) const {
  return std::find(arguments.begin(), arguments.end(), option) != arguments.end();
}

contender afio_rmtree(std::initializer_list<std::string> options) {
  return afio_tool("afio-rmtree", "AFIO_RMTREE", task::removes, options, {});
}

contender afio_cptree(std::initializer_list<std::string> options) {
  contender tool = afio_tool("afio-cptree", "AFIO_CPTREE", task::copies, options, {retries});
  if (tool.has("--merge")) tool.does = task::merges;
  return tool;
}

contender afio_mvtree(std::initializer_list<std::string> options) {
  return afio_tool("afio-mvtree", "AFIO_MVTREE", task::moves, options, {retries});
}

contender afio_update(std::initializer_list<std::string> options) {
  return afio_tool("afio-update", "AFIO_UPDATE", task::updates, options, {"--delete", retries});
}

contender afio_merge(std::initializer_list<std::string> options) {
  return afio_tool("afio-update --base", "AFIO_UPDATE", task::merges_changes, options, {retries});
}

contender afio_clone(std::initializer_list<std::string> options) {
  return afio_tool("afio-clone", "AFIO_CLONE", task::clones, options, {retries});
}

contender afio_series(std::initializer_list<std::string> options) {
  return afio_tool("afio-clone --series", "AFIO_CLONE", task::continues_series, options, {retries});
}

contender afio_hardlinks(std::initializer_list<std::string> options) {
  return afio_tool("afio-hardlinks", "AFIO_HARDLINKS", task::lists, options, {"--json"});
}

contender walk_by_paths() {
  constexpr const char* code = R"(import os, sys
for root, _, files in os.walk(sys.argv[1]):
    for path in (os.path.join(root, name) for name in files):
        try:
            s = os.lstat(path)
            if s.st_nlink > 1: print(f'"inode":{s.st_ino},', path)
        except OSError as why:
            print(why, file=sys.stderr))";
  return {"os.walk", {"/usr/bin/python3", "-ISc", code}, std::chrono::seconds(2), task::lists};
}

contender afio_dedupe(std::initializer_list<std::string> options) {
  return afio_tool("afio-dedupe", "AFIO_DEDUPE", task::dedupes, options, {"--link=hard"});
}

contender link_by_paths() {
  constexpr const char* code = R"(import os, sys
found = {}
def read(path):
    with open(path, 'rb') as file: return file.read()
for root, _, files in os.walk(sys.argv[1]):
    for path in (os.path.join(root, name) for name in files):
        try:
            kept = found.setdefault(read(path), path)
            if kept == path or read(kept) != read(path): continue
            os.link(kept, path + '.new')
            os.rename(path + '.new', path)
        except OSError as why:
            print(why, file=sys.stderr))";
  return {
      "link by paths", {"/usr/bin/python3", "-ISc", code}, std::chrono::seconds(2), task::dedupes};
}

contender jdupes() {
  return {"jdupes", {"/usr/bin/jdupes", "-rqL"}, std::chrono::seconds(2), task::dedupes};
}

contender rdfind() {
  // -makeresultsfile false: else it writes one where it is started.
  return {"rdfind",
          {"/usr/bin/rdfind", "-makeresultsfile", "false", "-makehardlinks", "true"},
          std::chrono::seconds(2),
          task::dedupes};
}

contender hardlink() {
  return {"hardlink", {"/usr/bin/hardlink", "-q"}, std::chrono::seconds(2), task::dedupes};
}

contender afio_holes_punch(std::initializer_list<std::string> options) {
  return afio_tool("afio-holes", "AFIO_HOLES", task::punches, options, {"punch", "--min-size=4K"});
}

contender dig_holes() {
  constexpr const char* command = R"(exec find "$0" -type f -exec fallocate --dig-holes {} \;)";
  return {"dig holes", {"/bin/sh", "-c", command}, std::chrono::seconds(2), task::punches};
}

contender mv() { return {"mv", {"/bin/mv", "-T"}, std::chrono::seconds(1), task::moves}; }

contender cp(task does) { return {"cp", {"/bin/cp", "-aT"}, std::chrono::seconds(1), does}; }

contender copytree(task does) {
  // It can't copy a fifo.
  constexpr const char* code = "import shutil, sys; shutil.copytree(*sys.argv[1:], symlinks=True, "
                               "dirs_exist_ok=True, ignore=shutil.ignore_patterns('p'))";
  // Isolated and without site packages: it starts sooner.
  return {"copytree", {"/usr/bin/python3", "-ISc", code}, std::chrono::seconds(2), does};
}

namespace {

contender in_python(const std::string& name, const std::string& code, task does) {
  const std::string common = R"(
import os, shutil, sys
def same(a, b):
    try: x, y = os.stat(a), os.stat(b)
    except OSError: return False
    return (x.st_size, x.st_mtime, x.st_mode) == (y.st_size, y.st_mtime, y.st_mode)
)";
  return {name, {"/usr/bin/python3", "-ISc", common + code}, std::chrono::seconds(2), does};
}

} // namespace

contender naive_clone() {
  return in_python("naive clone", R"(
def clone(source, old, new):
    os.mkdir(new)
    for name in os.listdir(source):
        s, o, n = (d + '/' + name for d in (source, old, new))
        if os.path.islink(s) or name == 'p': continue
        if os.path.isdir(s): clone(s, o, n)
        elif same(s, o): os.link(o, n)
        else: shutil.copy2(s, n)
clone(sys.argv[3], sys.argv[2], sys.argv[4])
)",
                   task::clones);
}

contender naive_merge() {
  return in_python("naive merge", R"(
def merge(source, base, copy):
    old = os.listdir(base) if os.path.isdir(base) else []
    for name in set(old) - set(os.listdir(source)):
        b, c = base + '/' + name, copy + '/' + name
        if os.path.isdir(c): shutil.rmtree(c)
        elif same(b, c): os.remove(c)
    for name in os.listdir(source):
        s, b, c = (d + '/' + name for d in (source, base, copy))
        if os.path.islink(s) or name == 'p' or same(s, b) and not os.path.isdir(s): continue
        if os.path.isdir(s):
            if os.path.isfile(c): os.remove(c)
            os.makedirs(c, exist_ok=True)
            merge(s, b, c)
        else:
            if os.path.isdir(c): shutil.rmtree(c)
            shutil.copy2(s, c)
merge(sys.argv[3], sys.argv[2], sys.argv[4])
)",
                   task::merges_changes);
}

contender naive(const std::string& name) {
  const std::filesystem::path one_of_them = from_environment("AFIO_CONTROLS");
  // One of the races makes one of them hang, which must not take long.
  return {
      "naive_" + name, {one_of_them.parent_path() / ("naive_" + name)}, std::chrono::seconds(1)};
}

scene scene_for(const contender& tool) {
  if (tool.does == task::removes) return scene();
  if (tool.does == task::lists) return scene(tree_to_list);
  if (tool.does == task::dedupes)
    return scene(tree_to_dedupe, "", scene::copies_are::beside, scene::outside_reads::the_same);
  if (tool.does == task::punches) return scene(tree_to_punch);
  if (tool.does == task::moves)
    return scene(tree_to_copy, "", scene::copies_are::on_another_file_system);
  if (tool.does == task::updates) return scene(tree_to_copy, copy_to_update);
  using enum scene::older_is;
  if (tool.does == task::clones) return scene(tree_to_copy, "", older_clone, apart);
  if (tool.does == task::continues_series) return scene(tree_to_copy, "", older_clone, in_series);
  if (tool.does == task::merges_changes) return scene(tree_to_copy, copy_to_merge, base, apart);
  return scene(tree_to_copy, tool.does == task::merges ? older_copy : "");
}

namespace {

bool makes_copy(task does) {
  return does != task::removes && does != task::lists && does != task::dedupes &&
         does != task::punches;
}

} // namespace

program command(const contender& tool, const scene& at) {
  program result = to_delete(tool, at.root());
  const auto put_before_root = [&](const char* option, const std::filesystem::path& path) {
    result.arguments.insert(result.arguments.end() - 1, {option, path});
  };
  if (tool.does == task::clones) put_before_root("--since", at.older());
  if (tool.does == task::merges_changes) put_before_root("--base", at.older());
  if (tool.does == task::continues_series)
    put_before_root("--series", at.copies());
  else if (makes_copy(tool.does))
    result.arguments.push_back(at.copy());
  return result;
}

program to_delete(const contender& tool, const std::filesystem::path& root) {
  program result{.arguments = tool.arguments, .environment = {"LC_ALL=C", "PATH=/usr/bin:/bin"}};
  // A leak check at the end would be a part of the run, and dies of the errors made for the tool.
  result.environment.push_back("ASAN_OPTIONS=detect_leaks=0");
  result.arguments.push_back(root);
  return result;
}

supervision counted_from(const scene& at, const contender& tool) {
  return {.count_from = at.marker(), .time = tool.time};
}

std::uint64_t count_stops(const contender& tool, enum supervision::streams streams) {
  const scene calm = scene_for(tool);
  supervision how = counted_from(calm, tool);
  how.streams = streams;
  const auto run = supervise(
      command(tool, calm), [](const stop&) { return action::continue_it(); }, how);
  if (!run.exited_with(0)) {
    throw std::runtime_error(tool.name + " fails undisturbed: " + describe(run));
  }
  return run.stops;
}

} // namespace afio::testing
