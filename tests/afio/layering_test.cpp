// cli → algorithms → algorithms/walk → afio → afio/detail → kernel: who may use what, checked
// against the sources and the BUILD files of the libraries and tools. They are this test's data:
// each package has a filegroup "sources", named in tests/afio/BUILD.
#include "tests/support/content.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace afio {
namespace {

namespace fs = std::filesystem;

enum class layer { detail, afio, walk, algorithms, cli };

constexpr std::pair<std::string_view, layer> folders[] = {{"afio/detail/", layer::detail},
                                                          {"afio/", layer::afio},
                                                          {"algorithms/walk/", layer::walk},
                                                          {"algorithms/", layer::algorithms},
                                                          {"cli/", layer::cli}};

layer layer_of(std::string_view path) {
  for (const auto& [folder, which] : folders) {
    if (path.starts_with(folder)) return which;
  }
  throw std::runtime_error("in no layer: " + std::string(path));
}

bool is_ours(std::string_view path) {
  return std::any_of(std::begin(folders), std::end(folders),
                     [&](const auto& f) { return path.starts_with(f.first); });
}

/// Words that a layer shares with the one below it: headers, and the targets that have them.
bool are_shared_words(std::string_view used, layer with) {
  static const std::map<layer, std::set<std::string_view>> words = {
      // The door speaks in errors and results.
      {layer::detail,
       {"afio/call.hpp", "afio/error.hpp", "afio/quoted.hpp", "afio/result.hpp", "afio:result"}},
      // The engine reports what the algorithms report.
      {layer::walk,
       {"algorithms/failure.hpp", "algorithms/observer.hpp", "algorithms:failure",
        "algorithms:observer"}}};
  const auto shared = words.find(with);
  return shared != words.end() && shared->second.contains(used);
}

/// `used` is the path of a header, or a package and a target.
bool may_use(std::string_view user, std::string_view used) {
  const layer from = layer_of(user);
  const layer to = layer_of(used);
  if (from == to || are_shared_words(used, from)) return true;
  if (to == layer::detail) return from == layer::afio; // Never around afio.
  return to < from;
}

struct source {
  std::string path;
  std::string text;
};

/// Blanks what is no code: comments, and what is in string literals if `strings` says so.
enum class strings { kept, blanked };

std::string code_of(const std::string& text, strings how) {
  static const std::regex comments(R"(//[^\n]*|/\*[^]*?\*/)");
  static const std::regex literals(R"("(\\.|[^"\\\n])*")");
  // Literals first, because one may hold "//".
  const std::string blanked = std::regex_replace(text, literals, "\"\"");
  if (how == strings::blanked) return std::regex_replace(blanked, comments, "");
  return std::regex_replace(text, comments, "");
}

bool has_suffix(const fs::path& path, std::initializer_list<std::string_view> suffixes) {
  return std::find(suffixes.begin(), suffixes.end(), path.extension()) != suffixes.end();
}

std::vector<source> files_below(const fs::path& root, bool (*wanted)(const fs::path&)) {
  std::vector<source> found;
  for (const char* top : {"afio", "algorithms", "cli"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / top)) {
      if (!entry.is_regular_file() || !wanted(entry.path())) continue;
      found.push_back(
          {entry.path().lexically_relative(root).string(), testing::content_of(entry.path())});
    }
  }
  return found;
}

bool is_source(const fs::path& path) { return has_suffix(path, {".hpp", ".cpp"}); }

bool is_build_file(const fs::path& path) { return path.filename() == "BUILD"; }

const std::vector<source>& sources() {
  static const auto all = files_below(".", is_source);
  return all;
}

const std::vector<source>& build_files() {
  static const auto all = files_below(".", is_build_file);
  return all;
}

std::vector<std::string> matches(const std::string& text, const std::regex& pattern) {
  std::vector<std::string> found;
  for (std::sregex_iterator at(text.begin(), text.end(), pattern), end; at != end; ++at) {
    found.push_back((*at)[1]);
  }
  return found;
}

std::vector<std::string> includes_of(const source& file) {
  static const std::regex include(R"(#\s*include\s*(["<][^">]+)[">])");
  return matches(code_of(file.text, strings::kept), include);
}

TEST(Layers, SourcesAreSeen) {
  EXPECT_GT(sources().size(), 60U);
  for (const auto& [folder, which] : folders) {
    EXPECT_TRUE(std::any_of(sources().begin(), sources().end(), [w = which](const auto& file) {
      return layer_of(file.path) == w;
    })) << folder;
  }
}

TEST(Layers, NoSourceIsLeftOut) {
  // The data are links to the real files, beside which new ones would be.
  const fs::path root = fs::canonical("afio/BUILD").parent_path().parent_path();
  std::set<std::string> seen;
  for (const auto& file : sources()) {
    seen.insert(file.path);
  }
  for (const auto& file : files_below(root, is_source)) {
    EXPECT_TRUE(seen.contains(file.path))
        << file.path
        << ": give its package a filegroup \"sources\" and name that in tests/afio/BUILD";
  }
}

TEST(Layers, IncludesGoDownward) {
  for (const auto& file : sources()) {
    for (const auto& include : includes_of(file)) {
      const std::string_view used = std::string_view(include).substr(1);
      if (include.front() == '"') {
        EXPECT_TRUE(is_ours(used)) << file.path << " includes " << used << ", not from the top";
      }
      if (is_ours(used)) {
        EXPECT_TRUE(may_use(file.path, used)) << file.path << " includes " << used;
      }
    }
  }
}

/// Which folder alone may include the headers of a library.
constexpr std::pair<std::string_view, std::string_view> libraries[] = {
    {"<boost/outcome/", "afio/result.hpp"},
    {"<CLI/", "cli/"},
    {"<spdlog/", "cli/"},
    {"<fmt/", "cli/"},
    {"<range/", "algorithms/"},
};

TEST(Layers, ThirdPartyHeadersAreUsedWhereTheyMay) {
  static const std::regex third_party("<[a-zA-Z0-9_-]+/[^>]*[.]h(pp)?");
  static const std::regex of_the_system("<(sys|linux|asm|netinet|arpa)/.*");
  for (const auto& file : sources()) {
    for (const auto& include : includes_of(file)) {
      if (!std::regex_match(include, third_party) || std::regex_match(include, of_the_system))
        continue;
      const auto library =
          std::find_if(std::begin(libraries), std::end(libraries),
                       [&](const auto& each) { return include.starts_with(each.first); });
      ASSERT_NE(library, std::end(libraries)) << file.path << " includes " << include << '>';
      EXPECT_TRUE(file.path.starts_with(library->second)) << file.path << " includes " << include;
    }
  }
}

TEST(Layers, DependenciesGoDownward) {
  static const std::regex label("\"//([^\"]*)\"");
  static const std::regex loads("load\\([^)]*\\)");
  static const std::regex visibility("(default_)?visibility = \\[[^\\]]*\\]");
  const std::set<std::string> of_afio = {"third_party:outcome"};
  const std::set<std::string> of_algorithms = {"third_party:range-v3"};
  const std::set<std::string> of_cli = {"third_party:cli11", "third_party:spdlog"};
  for (const auto& file : build_files()) {
    const std::string text =
        std::regex_replace(std::regex_replace(file.text, loads, ""), visibility, "");
    const layer user = layer_of(file.path);
    for (std::string used : matches(text, label)) {
      const std::string what = file.path + " depends on //" + used;
      if (used.starts_with("third_party")) {
        const auto& allowed = user == layer::cli    ? of_cli
                              : user >= layer::walk ? of_algorithms
                                                    : of_afio;
        EXPECT_TRUE(allowed.contains(used)) << what;
      } else if (used.starts_with("tests")) {
        ADD_FAILURE() << what;
      } else if (is_ours(used.substr(0, used.find(':')) + '/')) {
        // "//afio" is short for "//afio:afio".
        const auto package = used.substr(0, used.find(':'));
        EXPECT_TRUE(are_shared_words(used, user) || may_use(file.path, package + '/')) << what;
      }
    }
  }
}

/// Reports each line of a library's code that matches.
void expect_none(const std::regex& pattern, bool (*judged)(const source&), std::string_view why) {
  for (const auto& file : sources()) {
    if (!judged(file)) continue;
    std::istringstream lines(code_of(file.text, strings::blanked));
    int number = 0;
    for (std::string line; std::getline(lines, line);) {
      ++number;
      EXPECT_FALSE(std::regex_search(line, pattern)) << file.path << ": " << line << "\n" << why;
    }
  }
}

bool is_library(const source& file) { return layer_of(file.path) != layer::cli; }

TEST(Layers, LibrariesNeverSpeak) {
  static const std::regex speaking(
      R"(\bstd::(cout|cerr|clog|print)\b|\b(printf|fprintf|vprintf|vfprintf|puts|fputs|putchar|perror|syslog)\s*\(|\bspdlog\b)");
  expect_none(speaking, is_library, "a library returns results and reports events");
}

/// What has an interface of the standard's fails as the standard says.
bool is_standard_interface(const source& file) {
  static const std::set<std::string_view> files = {"algorithms/mapping/file_memory_resource.cpp",
                                                   "algorithms/mapping/trivial_vector.cpp"};
  return files.contains(file.path);
}

TEST(Layers, LibrariesNeverThrow) {
  static const std::regex throwing(R"(\bthrow\b)");
  expect_none(
      throwing, [](const source& file) { return is_library(file) && !is_standard_interface(file); },
      "what can fail returns a result");
}

TEST(Layers, LibrariesNeverEndTheProcess) {
  static const std::regex ending(R"(\b(_?exit|_Exit|quick_exit|abort)\s*\()");
  expect_none(ending, is_library, "what can fail returns a result");
}

/// Above the door. The checked build's second look is on purpose not through it.
bool is_above_the_door(const source& file) {
  return layer_of(file.path) != layer::detail && file.path != "algorithms/walk/checked.cpp";
}

TEST(Layers, NoOtherCallsTheKernelAboutFiles) {
  static const std::regex calls(
      R"((^|[^A-Za-z0-9_>])::(open|openat|openat2|creat|close|dup[23]?|unlink|unlinkat|rmdir|mkdir|mkdirat|mknod|mknodat|mkfifo|rename|renameat|renameat2|link|linkat|symlink|symlinkat|readlink|readlinkat|stat|lstat|fstat|fstatat|statx|statfs|fstatfs|statvfs|chmod|fchmod|fchmodat|chown|lchown|fchown|fchownat|utimensat|futimens|truncate|ftruncate|fallocate|access|faccessat|chdir|fchdir|chroot|opendir|fdopendir|readdir|getdents64|fcntl|ioctl|lseek|p?read(v2?)?|p?write(v2?)?|fsync|fdatasync|sync|syncfs|sync_file_range|copy_file_range|sendfile|splice|[lf]?(get|set|list|remove)xattr|syscall)\s*\()");
  static const std::regex library_calls(
      R"(\bsyscall\s*\(|\bf(re)?open\s*\(|\bstd::(filesystem|rename|[io]?fstream)\b)");
  const auto judged = [](const source& file) {
    return is_above_the_door(file) && layer_of(file.path) != layer::cli;
  };
  expect_none(calls, judged, "afio/detail/syscalls.hpp is the one door");
  expect_none(library_calls, judged, "afio/detail/syscalls.hpp is the one door");
}

/// A tool may ask about its terminal and its process, never about a path.
TEST(Layers, ToolsReachPathsThroughAfio) {
  static const std::regex calls(
      R"((^|[^A-Za-z0-9_>])::(open|openat|openat2|creat|unlink|unlinkat|rmdir|mkdir|mkdirat|rename|renameat|renameat2|link|linkat|symlink|symlinkat|readlink|readlinkat|stat|lstat|fstatat|statx|chmod|fchmodat|chown|truncate|access|faccessat|opendir)\s*\(|\bstd::filesystem\b)");
  // process.cpp occupies standard streams that were closed, before anything else is open.
  const auto judged = [](const source& file) {
    return !is_library(file) && file.path != "cli/common/process.cpp";
  };
  expect_none(calls, judged, "use a handle");
}

// The judge is judged.

TEST(LayeringRules, KnowUpFromDown) {
  EXPECT_TRUE(may_use("cli/rmtree.cpp", "algorithms/remove_tree/remove_tree.hpp"));
  EXPECT_TRUE(may_use("cli/rmtree.cpp", "afio/result.hpp"));
  EXPECT_TRUE(may_use("algorithms/a.cpp", "algorithms/walk/walk.hpp"));
  EXPECT_TRUE(may_use("algorithms/walk/walk.cpp", "afio/directory_handle.hpp"));
  EXPECT_TRUE(may_use("afio/handle.cpp", "afio/detail/syscalls.hpp"));
  EXPECT_TRUE(may_use("afio/detail/syscalls.hpp", "afio/result.hpp"));
  EXPECT_TRUE(may_use("algorithms/walk/walk.hpp", "algorithms/observer.hpp"));

  EXPECT_FALSE(may_use("afio/detail/linux/open.cpp", "afio/handle.hpp"));
  EXPECT_FALSE(may_use("afio/handle.cpp", "algorithms/failure.hpp"));
  EXPECT_FALSE(may_use("afio/handle.cpp", "algorithms/observer.hpp"));
  EXPECT_FALSE(may_use("algorithms/walk/walk.cpp", "algorithms/summarize.hpp"));
  EXPECT_FALSE(may_use("algorithms/walk/walk.cpp", "cli/common/output.hpp"));
  EXPECT_FALSE(may_use("algorithms/a.cpp", "afio/detail/syscalls.hpp")) << "around afio";
  EXPECT_FALSE(may_use("cli/rmtree.cpp", "afio/detail/syscalls.hpp")) << "around afio";
}

TEST(LayeringRules, SeeCodeAndNothingElse) {
  EXPECT_EQ(code_of("a; // throw\n/* exit( */b;", strings::blanked), "a; \nb;");
  EXPECT_EQ(code_of("f(\"throw // \\\" x\"); c", strings::blanked), "f(\"\"); c");
  EXPECT_EQ(includes_of({"x", "#include \"afio/a.hpp\" // why\n#  include <b/c.h>\n"}),
            (std::vector<std::string>{"\"afio/a.hpp", "<b/c.h"}));
}

} // namespace
} // namespace afio
