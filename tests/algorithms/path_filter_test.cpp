// What path_filter.hpp promises, and that rsync means the same by the same rules and lists.
// operator new is ours here: it counts, and can fail.
#include "algorithms/path_filter.hpp"
#include "tests/afio/scene.hpp"
#include "tests/support/allocations.hpp"
#include "tests/support/pace.hpp"
#include "tests/support/subprocess.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace afio::unit {
namespace {

using testing::allocations;

std::atomic<std::uint64_t> failing_one = 0; // Counting from 1; 0: none.

using namespace std::string_view_literals;
using algorithms::path_filter;

constexpr auto include = path_filter::action::include;
constexpr auto exclude = path_filter::action::exclude;
constexpr auto file = file_type::regular;
constexpr auto directory = file_type::directory;
constexpr auto by_line = path_filter::separator::newline;
constexpr auto by_nul = path_filter::separator::nul;

bool matches(std::string_view pattern, std::string_view path, file_type type) {
  path_filter filter;
  take(filter.add(exclude, pattern));
  return !filter.includes(path, type);
}

struct expectation {
  std::string_view pattern;
  std::string_view matched;     ///< Files, with a space between them.
  std::string_view not_matched; ///< The same.
};

std::vector<std::string> words_of(std::string_view text) {
  std::istringstream in{std::string(text)};
  return {std::istream_iterator<std::string>(in), {}};
}

template <std::size_t N>
void expect(const expectation (&table)[N]) {
  for (const auto& [pattern, matched, not_matched] : table) {
    for (const auto& path : words_of(matched)) {
      EXPECT_TRUE(matches(pattern, path, file)) << pattern << " and " << path;
    }
    for (const auto& path : words_of(not_matched)) {
      EXPECT_FALSE(matches(pattern, path, file)) << pattern << " and " << path;
    }
  }
}

TEST(Pattern, StarIsAnyRunWithoutSlash) {
  expect({{"*", "a ab a/b", ""},
          {"*.o", ".o a.o x/a.o a.o.o", "a.oo ao a.o/b"},
          {"a*b", "ab axb aaxbb x/ab", "a b abx xab a/b"},
          {"/a/*/c", "a/b/c", "a/c a/b/b/c x/a/b/c"},
          {"*a*b*", "ab xaxbx aabb", "ba a b a/b"},
          {"/*", "a", "a/b"}});
}

TEST(Pattern, TwoStarsAreAnyRun) {
  expect({{"/a**z", "az a/z a/b/z abz", "a z x/az a/zx"},
          {"/a/**", "a/b a/b/c", "a ab b/a/b"},
          {"/a/**/z", "a/b/z a/b/c/z", "a/z"},
          {"a****z", "az a/z x/a/z", "za"},
          {"**", "a a/b", ""}});
}

TEST(Pattern, TwoStarsInFrontMayBeNoDirectory) {
  expect({{"**/a", "a x/a x/y/a", "xa a/x"},
          {"**a", "a xa x/a x/xa", "ax a/x"},
          {"**/a/**", "a/b x/a/b", "a x/a"}});
}

TEST(Pattern, TwoStarsLaterBeginAtAnyComponent) {
  expect({{"a**b", "ab a/b x/a/b x/ab/yb", "xab x/xa/b a/bx"},
          {"a/**", "a/b x/a/b", "a xa/b"},
          {"*b/**/c", "b/x/c y/xb/x/c", "b/c b/x/cc"}});
}

TEST(Pattern, QuestionMarkIsOneByteButSlash) {
  expect({{"?", "a x/b", "ab"},
          {"/a?c", "abc", "ac a/c abbc"},
          {"a??", "abc x/abc", "ab"},
          {"\xc3?", "\xc3\xbc", "\xc3"}});
}

TEST(Pattern, ClassIsOneByteOfItsSet) {
  expect({{"[abc]", "a b c", "d ab"},
          {"[a-c]x", "ax bx cx", "dx -x x"},
          {"[!a-c]", "d -", "a b c"},
          {"[^a-c]", "d -", "a b c"},
          {"[a^!]", "a ^ !", "b"},
          {"[]x]", "] x", "a"},
          {"[!]x]", "a", "] x"},
          {"[-x]", "- x", "a"},
          {"[x-]", "x -", "a y"},
          {"[a-c-e]", "a b c - e", "d"},
          {"[c-a]", "c", "a b"},
          {"[\\]x]", "] x", "\\ a"},
          {"[\\a-\\c]", "a b c", "\\ d"},
          {"[\\!a]", "! a", "b"},
          {"[\xc0-\xff]", "\xc3", "\x80 a"},
          {"/a[/]b", "", "a/b"},
          {"[/b]", "", "b x/b"},
          {"/[/b]", "b", "x/b"},
          {"/a[!x]b", "ayb", "axb a/b"},
          {"[*?[]", "* ? [", "a"}});
}

TEST(Pattern, ClassesHaveNames) {
  const std::pair<std::string_view, std::string_view> classes[] = {
      {"alnum", "[0-9A-Za-z]"},     {"alpha", "[A-Za-z]"}, {"blank", "[\t ]"},
      {"cntrl", "[\x01-\x1f\x7f]"}, {"digit", "[0-9]"},    {"graph", "[\\!-~]"},
      {"lower", "[a-z]"},           {"print", "[ -~]"},    {"punct", "[\\!-/:-@\\[-`{-~]"},
      {"space", "[\t-\r ]"},        {"upper", "[A-Z]"},    {"xdigit", "[0-9A-Fa-f]"}};
  for (const auto& [name, spelt_out] : classes) {
    const std::string pattern = "[[:" + std::string(name) + ":]]";
    const std::string whole = "/" + std::string(spelt_out); // The slash in one would count.
    for (int byte = 1; byte < 256; ++byte) {
      const std::string path(1, static_cast<char>(byte));
      EXPECT_EQ(matches(pattern, path, file), matches(whole, path, file)) << name << byte;
    }
  }
  expect({{"[![:alpha:]]", "1 - \xc3", "a Z"},
          {"[[:digit:]_[:upper:]]", "1 _ A", "a :"},
          {"[[:digit:]-z]", "1 - z", "a"},
          {"[a[:digit:]-z]", "a 1 - z", "b"},
          {"[[:alpha]", "[ : a l", "] b"},
          {"[[:]", "[ :", "]"},
          {"[a[:]]", "a] [] :]", "a"}});
}

TEST(Pattern, BackslashEscapesIfThereAreWildcards) {
  expect({{"a\\b", "a\\b", "ab"},
          {"\\", "\\ x/\\", "a"},
          {"a\\*", "a*", "ab a\\b a\\*"},
          {"\\[a]", "[a]", "a"},
          {"\\a?", "ab", "\\ab"},
          {"\\\\*", "\\ \\a", "a"},
          {"x\\?\\*", "x?*", "xab"}});
}

TEST(Pattern, LeadingSlashIsTheRoot) {
  expect({{"/a", "a", "b/a ab a/b"}, {"/a/b", "a/b", "x/a/b a/b/c"}, {"/", "", "a a/b"}});
}

TEST(Pattern, TrailingSlashIsForDirectories) {
  for (const auto pattern : {"a/"sv, "/x/a/"sv, "?/"sv, "x/*/"sv}) {
    EXPECT_TRUE(matches(pattern, "x/a", directory)) << pattern;
    for (const auto type : {file_type::unknown, file, file_type::symlink, file_type::fifo}) {
      EXPECT_FALSE(matches(pattern, "x/a", type)) << pattern;
    }
  }
  EXPECT_FALSE(matches("a/", "b", directory));
  EXPECT_FALSE(matches("a/", "a/b", directory)) << "a matter of not entering a";
}

TEST(Pattern, WithoutSlashIsTheLastComponent) {
  expect({{"a", "a x/a x/y/a", "ab ba a/b xa x/ba"}, {"a.?", "a.o x/a.o", "a.o/x ba.o"}});
}

TEST(Pattern, WithSlashIsAsManyLastComponents) {
  expect({{"a/b", "a/b x/a/b x/y/a/b", "a b xa/b a/bx a/b/c x/b"},
          {"a/*", "a/b x/a/b", "a a/b/c xa/b"},
          {"*/b", "a/b x/a/b", "b"},
          {"?/?", "a/b x/a/b", "a b aa/b"}});
}

TEST(Pattern, ThreeStarsAreADirectoryAndAllBelow) {
  for (const auto pattern : {"a/***"sv, "/x/a/***"sv, "**/a/***"sv, "x/?/***"sv}) {
    EXPECT_TRUE(matches(pattern, "x/a", directory)) << pattern;
    EXPECT_TRUE(matches(pattern, "x/a/b", file)) << pattern;
    EXPECT_TRUE(matches(pattern, "x/a/b/c", directory)) << pattern;
    EXPECT_FALSE(matches(pattern, "x/a", file)) << pattern;
    EXPECT_FALSE(matches(pattern, "x", directory)) << pattern;
    EXPECT_FALSE(matches(pattern, "x/ab", directory)) << pattern;
  }
  EXPECT_FALSE(matches("/a/**", "a", directory)) << "two do not";
}

TEST(Pattern, MayBeLongerThanAWordHasBits) {
  for (const std::size_t size : {61, 62, 63, 64, 65, 127, 128, 129, 4000}) {
    const std::string name(size, 'x');
    for (const auto& pattern : {name + "*", "*" + name, "*" + name + "*", "?" + name.substr(1),
                                name.substr(1) + "[x]", name + "*z*", "**" + name + "***"}) {
      const bool needs_z = pattern.ends_with("z*");
      EXPECT_EQ(matches(pattern, name, file), !needs_z) << pattern;
      EXPECT_EQ(matches(pattern, name + "z", file), pattern.ends_with('*')) << pattern;
      EXPECT_FALSE(matches(pattern, name.substr(1), file)) << pattern;
    }
  }
}

TEST(Pattern, MatchesInTimeWhateverItsStars) {
  std::string stars, both;
  for (int i = 0; i < 1'000; ++i) {
    stars += "*a";
    both += i % 2 != 0 ? "*a" : "**a";
  }
  std::string path;
  for (int i = 0; i < 2'000; ++i) path += i % 100 != 99 ? 'a' : '/';
  const std::string name(4'000, 'a');
  // Backtracking would not live to see the end of any of these.
  EXPECT_TRUE(matches(stars, name, file));
  EXPECT_FALSE(matches(stars, name + "b", file));
  EXPECT_TRUE(matches(both, path + "aa", file));
  EXPECT_FALSE(matches(both, path + "b", file));
  EXPECT_FALSE(matches("a" + both + "*b/**/*c", path + path, file));
}

TEST(Pattern, IsRefusedWhereItSaysNothing) {
  const std::string_view bad[] = {"",          "+ ",     "- ",  "[",         "a[",
                                  "[a",        "[]",     "[!]", "[a-",       "[a-\\",
                                  "[\\",       "[\\]",   "[[:", "[[:alpha:", "[[:alpha:]",
                                  "[[:foo:]]", "[[::]]", "*\\", "?a\\/",     "[[:ALPHA:]]",
                                  "a\0b"sv};
  for (const auto pattern : bad) {
    path_filter filter;
    const auto added = filter.add(exclude, pattern);
    EXPECT_TRUE(failed_with(added, EINVAL)) << pattern;
    EXPECT_TRUE(filter.empty()) << pattern;
    if (added) continue;
    EXPECT_EQ(added.assume_error().name(), pattern);
  }
}

TEST(Pattern, IsRefusedWhereItIsLongerThanAPath) {
  path_filter filter;
  EXPECT_TRUE(succeeded(filter.add(exclude, std::string(4095, '?'))));
  EXPECT_TRUE(failed_with(filter.add(exclude, std::string(4096, '?')), ENAMETOOLONG));
  EXPECT_TRUE(failed_with(filter.add(exclude, std::string(4096, 'x')), ENAMETOOLONG));
  EXPECT_FALSE(filter.includes(std::string(4095, 'x'), file));
  EXPECT_TRUE(filter.includes(std::string(4096, 'x'), file));
}

TEST(Rules, IncludeWhatNoneMatches) {
  path_filter filter;
  EXPECT_TRUE(filter.empty());
  EXPECT_TRUE(filter.includes("a/b", file));
  take(filter.add(exclude, "x"));
  EXPECT_FALSE(filter.empty());
  EXPECT_TRUE(filter.includes("a/b", file));
}

TEST(Rules, AreDecidedByTheFirstThatMatches) {
  path_filter filter;
  take(filter.add(include, "keep.*"));
  take(filter.add(exclude, "*.o"));
  take(filter.add(include, "late.o"));
  EXPECT_TRUE(filter.includes("keep.o", file));
  EXPECT_FALSE(filter.includes("a.o", file));
  EXPECT_FALSE(filter.includes("late.o", file));
}

TEST(Rules, NeverExcludeTheRoot) {
  path_filter filter;
  take(filter.add(exclude, "**"));
  take(filter.list_only("", by_line));
  EXPECT_TRUE(filter.includes("", directory));
  EXPECT_FALSE(filter.includes("a", directory));
}

TEST(Rules, MayBeginWithWhatTheyDo) {
  path_filter filter;
  take(filter.add(exclude, "+ a b"));
  take(filter.add(include, "- a*"));
  take(filter.add(exclude, "-x"));
  EXPECT_TRUE(filter.includes("a b", file));
  EXPECT_FALSE(filter.includes("ac", file));
  EXPECT_FALSE(filter.includes("-x", file));
}

TEST(Rules, AreDroppedByAnExclamationMark) {
  path_filter filter;
  take(filter.list_only("a\n!a", by_line));
  take(filter.add(exclude, "a"));
  take(filter.add(include, "!"));
  EXPECT_TRUE(filter.includes("a", file));
  EXPECT_FALSE(filter.includes("b", file)) << "the list is no rule";
  take(filter.add(exclude, "!a"));
  EXPECT_FALSE(filter.includes("!a", file)) << "a name like another";
}

TEST(Rules, AreReadFromLines) {
  path_filter filter;
  take(
      filter.add_rules(exclude, "dropped\n!\n# a comment\n; b\n\n\r\n+ x.o\r\n*.o\n b \n\\#c\n#d"));
  EXPECT_TRUE(filter.includes("dropped", file));
  EXPECT_TRUE(filter.includes("x.o", file));
  EXPECT_FALSE(filter.includes("y.o", file));
  EXPECT_TRUE(filter.includes("b", file));
  EXPECT_FALSE(filter.includes(" b ", file));
  EXPECT_FALSE(filter.includes("\\#c", file));
  EXPECT_TRUE(filter.includes("#d", file));
  EXPECT_TRUE(filter.includes("# a comment", file));
  EXPECT_TRUE(filter.includes("; b", file));
}

TEST(Rules, AreKeptWhereALineIsWrong) {
  path_filter filter;
  take(filter.add(exclude, "a"));
  const auto added = filter.add_rules(exclude, "b\n!\nc\n[\n");
  EXPECT_TRUE(failed_with(added, EINVAL));
  EXPECT_EQ(added.assume_error().name(), "[");
  EXPECT_FALSE(filter.includes("a", file));
  EXPECT_TRUE(filter.includes("b", file));
  EXPECT_TRUE(filter.includes("c", file));
}

TEST(List, IncludesWhatIsListedAndWhatIsBelowAndWhatLeadsThere) {
  path_filter filter;
  take(filter.list_only("a/b\nc\n", by_line));
  EXPECT_FALSE(filter.empty());
  for (const auto path : {"a/b", "a/b/x", "a/b/x/y", "c", "c/x"}) {
    EXPECT_TRUE(filter.includes(path, file)) << path;
    EXPECT_TRUE(filter.includes(path, directory)) << path;
  }
  EXPECT_TRUE(filter.includes("a", directory));
  EXPECT_FALSE(filter.includes("a", file_type::symlink)) << "leads nowhere";
  EXPECT_FALSE(filter.includes("a", file_type::unknown));
  for (const auto path : {"b", "a/c", "a/bb", "a/b-", "a/b.x", "cc", "c-", "x/c", "x/a/b"}) {
    EXPECT_FALSE(filter.includes(path, file)) << path;
    EXPECT_FALSE(filter.includes(path, directory)) << path;
  }
}

TEST(List, IsNotConfusedByNamesThatBeginAlike) {
  // '-' and '.' come before a slash as bytes.
  path_filter filter;
  take(filter.list_only("a-b\na\nc.d\nc/e\na.b", by_line));
  EXPECT_TRUE(filter.includes("a/x", file));
  EXPECT_TRUE(filter.includes("c", directory));
  EXPECT_FALSE(filter.includes("c/x", file));
  EXPECT_FALSE(filter.includes("c-", file));
}

TEST(List, TakesPathsAsPeopleWriteThem) {
  for (const auto listed : {"a/b"sv, "./a/b"sv, "/a/b"sv, "//a//b//"sv, "././a/./b/."sv,
                            "\n\r\n/a/b\r\n"sv, "a/b\ra/b/c"sv}) {
    path_filter filter;
    take(filter.list_only(listed, by_line));
    EXPECT_TRUE(filter.includes("a/b", file)) << listed;
    EXPECT_TRUE(filter.includes("a/b/d", file)) << listed;
    EXPECT_TRUE(filter.includes("a", directory)) << listed;
    EXPECT_FALSE(filter.includes("b", file)) << listed;
    EXPECT_FALSE(filter.includes("a/c", file)) << listed;
  }
}

TEST(List, CanBeAskedForAllThatIsListed) {
  path_filter filter;
  EXPECT_TRUE(filter.listed().empty());
  take(filter.list_only("b\na/b/\n./a\na.c\n", by_line));
  take(filter.list_only("a/d\nb", by_line));
  const auto listed = filter.listed();
  const std::set<std::string_view> all(listed.begin(), listed.end());
  EXPECT_EQ(all, (std::set<std::string_view>{"a", "a/b", "a/d", "a.c", "b"}));
  EXPECT_LT(std::find(listed.begin(), listed.end(), "a/d"),
            std::find(listed.begin(), listed.end(), "a.c"));
}

TEST(List, OfTheRootIsOfAll) {
  for (const auto root : {"."sv, "./"sv, "/"sv, "a\n.\nb"sv}) {
    path_filter filter;
    take(filter.list_only(root, by_line));
    EXPECT_TRUE(filter.includes("x", file)) << root;
    EXPECT_TRUE(filter.includes("x/y", directory)) << root;
  }
}

TEST(List, IsNoPattern) {
  path_filter filter;
  take(filter.list_only("*\n#a\n;b\n+ c\n!\n[\n\\", by_line));
  for (const auto path : {"*", "#a", ";b", "+ c", "!", "[", "\\"}) {
    EXPECT_TRUE(filter.includes(path, file)) << path;
  }
  EXPECT_FALSE(filter.includes("c", file));
}

TEST(List, MayBeSeparatedByNul) {
  path_filter filter;
  take(filter.list_only("a\nb\0\0./c\r\0d"sv, by_nul));
  EXPECT_TRUE(filter.includes("a\nb", file));
  EXPECT_TRUE(filter.includes("c\r", file));
  EXPECT_TRUE(filter.includes("d", file));
  EXPECT_FALSE(filter.includes("a", file));
  EXPECT_FALSE(filter.includes("c", file));
}

TEST(List, ThatIsEmptyIncludesNothing) {
  for (const auto text : {""sv, "\n\n"sv}) {
    path_filter filter;
    take(filter.list_only(text, by_line));
    EXPECT_FALSE(filter.empty());
    EXPECT_FALSE(filter.includes("a", file));
    EXPECT_FALSE(filter.includes("a", directory));
  }
}

TEST(List, GrowsWithEachCall) {
  path_filter filter;
  take(filter.list_only("b\nd/x", by_line));
  take(filter.list_only("a\nd", by_line));
  take(filter.list_only("", by_line));
  for (const auto path : {"a", "b", "d", "d/x", "d/y"}) {
    EXPECT_TRUE(filter.includes(path, file)) << path;
  }
  EXPECT_FALSE(filter.includes("c", file));
}

TEST(List, RefusesToLeaveTheRootAndNulsThatSeparateNothing) {
  path_filter filter;
  take(filter.list_only("a", by_line));
  for (const auto bad : {".."sv, "../b"sv, "b/.."sv, "b/../c"sv, "/.."sv, "b\0c"sv}) {
    const auto listed = filter.list_only("b\n" + std::string(bad) + "\nc\n", by_line);
    EXPECT_TRUE(failed_with(listed, EINVAL)) << bad;
    EXPECT_EQ(listed.assume_error().name(), bad);
    EXPECT_TRUE(filter.includes("a", file));
    EXPECT_FALSE(filter.includes("b", directory)) << "nothing has changed";
  }
  take(filter.list_only("..b\nc../...", by_line));
  EXPECT_TRUE(filter.includes("..b", file)) << "dots are good in a name";
  EXPECT_TRUE(filter.includes("c../...", file));
}

TEST(List, AndRulesMustBothAgree) {
  path_filter filter;
  take(filter.list_only("a\nb/c", by_line));
  take(filter.add(include, "x"));
  take(filter.add(exclude, "*.o"));
  take(filter.add(exclude, "/b"));
  EXPECT_TRUE(filter.includes("a/b", file));
  EXPECT_FALSE(filter.includes("a/b.o", file));
  EXPECT_FALSE(filter.includes("x", file)) << "included by a rule, but not listed";
  EXPECT_FALSE(filter.includes("b", directory)) << "leads to what is listed, but is excluded";
}

path_filter well_filled() {
  path_filter filter;
  take(filter.add_rules(exclude, "*.o\n/a/**/b[[:alpha:]]\nliteral/name\n" +
                                     std::string(4'000, '*') + std::string(90, '?')));
  take(filter.list_only("a\nc/d/e", by_line));
  return filter;
}

TEST(Filter, AllocatesNothingToAnswer) {
  const path_filter filter = well_filled();
  const std::string paths[] = {"a", "a/x/y/bq", "c", "c/d", "a/" + std::string(3'000, 'x') + ".o"};
  const auto before = allocations.load();
  bool all = true;
  for (const std::string& path : paths) {
    for (const auto type : {file, directory}) all &= filter.includes(path, type);
  }
  EXPECT_EQ(allocations, before);
  EXPECT_FALSE(all);
}

/// Fails each allocation of `change` in turn: it says so, and nothing has changed.
template <class F>
void expect_all_or_nothing(F&& change) {
  for (std::uint64_t nth = 1;; ++nth) {
    path_filter filter;
    take(filter.add(exclude, "x"));
    take(filter.list_only("a\nx", by_line));
    testing::may_allocate = [](std::uint64_t now) noexcept { return now != failing_one; };
    failing_one = allocations + nth;
    const result<void> done = change(filter);
    failing_one = 0;
    if (done) {
      EXPECT_GT(nth, 1U) << "it allocates";
      return;
    }
    EXPECT_TRUE(failed_with(done, ENOMEM));
    EXPECT_TRUE(filter.includes("a", file));
    EXPECT_FALSE(filter.includes("b", file));
    EXPECT_FALSE(filter.includes("x", file));
  }
}

TEST(Filter, IsAsItWasWhereMemoryIsShort) {
  expect_all_or_nothing([](path_filter& f) { return f.add(exclude, "a*"); });
  expect_all_or_nothing([](path_filter& f) { return f.add(exclude, "a name that is quite long"); });
  expect_all_or_nothing([](path_filter& f) { return f.add_rules(include, "!\na\n- a*\n"); });
  expect_all_or_nothing([](path_filter& f) {
    return f.list_only("b\nsome/where/quite/far/down\nand/another/one/of/these", by_line);
  });
}

TEST(Filter, AnswersSeveralThreadsAtOnce) {
  const path_filter filter = well_filled();
  std::atomic<int> wrong = 0;
  {
    const auto ask = [&] {
      for (int i = 0; i < 1'000; ++i) {
        if (!filter.includes("a/x/b1", file) || filter.includes("a/x/bb", file)) ++wrong;
      }
    };
    const std::jthread one(ask), two(ask), three(ask);
  }
  EXPECT_EQ(wrong, 0);
}

TEST(Filter, CanBeMoved) {
  path_filter filter = well_filled();
  path_filter other = std::move(filter);
  EXPECT_FALSE(other.includes("a/x.o", file));
  filter = std::move(other);
  EXPECT_FALSE(filter.includes("a/x.o", file));
  EXPECT_TRUE(filter.includes("a/x", file));
}

// What rsync makes of the same.

namespace fs = std::filesystem;

constexpr auto rsync = "/usr/bin/rsync";

/// Compares with rsync in a tree whose names try to be mistaken for patterns.
class LikeRsync : public scene {
protected:
  void SetUp() override {
    if (!fs::exists(rsync)) GTEST_SKIP() << "NOT COMPARED WITH RSYNC: there is no " << rsync;
    fs::create_directory(scratch / "t");
    // No ".", for rsync has "a/./b" in a list mean something else.
    const std::string names[] = {"a", "b", "ab", "a.b", "A1", "[a]", "*", "\\a", "- a", "!"};
    for (const std::string& name : names) {
      add_file(name);
      for (const std::string& below : names) {
        add_file(fs::path("d" + name) / below);
        if (name.size() == 1) add_file(fs::path("d" + name) / ("d" + below) / name);
      }
    }
    for (const auto top : {"a", "b", "ab", "*"}) {
      for (const auto middle : {"a", "b", "*"}) {
        for (const auto name : {"a", "b", "a.b", "e/a/b"})
          add_file(fs::path("e") / top / middle / name);
      }
    }
    fs::create_directory_symlink("e/a", scratch / "t/l");
    tree_["l"] = file_type::symlink;
  }

  /// What is included, as rsync -n would show it: directories with a slash behind.
  std::set<std::string> included_by(const path_filter& filter) const {
    std::set<std::string> included{"./"};
    for (const auto& [path, type] : tree_) {
      const auto slash = path.rfind('/');
      const bool entered = slash == path.npos || included.contains(path.substr(0, slash + 1));
      if (!entered || !filter.includes(path, type)) continue;
      included.insert(type == directory ? path + "/" : path);
    }
    return included;
  }

  std::set<std::string> included_by_rsync(const std::vector<std::string>& options) const {
    std::vector<std::string> arguments{rsync, "-nrl8", "--out-format=%n"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    arguments.insert(arguments.end(), {scratch / "t/", scratch / "nowhere/"});
    const auto end = testing::run({.arguments = arguments, .environment = {"LC_ALL=C"}});
    EXPECT_TRUE(end.exited_with(0)) << testing::describe(end);
    std::set<std::string> included{"./"};
    std::istringstream lines(end.output);
    for (std::string line; std::getline(lines, line);) included.insert(line);
    return included;
  }

  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(scratch / name, std::ios::binary) << text;
    return scratch / name;
  }

  std::size_t below(std::size_t bound) { return random_() % bound; }

  template <class T, std::size_t N>
  T any_of(const T (&all)[N]) {
    return all[below(N)];
  }

  std::string any_pattern() {
    static constexpr std::string_view parts[] = {
        "a",           "b",    "d",      "e",  "A",   "1",  ".",   "ab",    "*",
        "*",           "*",    "**",     "**", "?",   "?",  "/",   "/",     "/",
        "[ab]",        "[!a]", "[^b]",   "[",  "[a-", "]",  "\\",  "\\*",   "[[:alpha:]]",
        "[[:digit:]]", "[]*]", "[\\]a]", "!",  "- ",  "[a", "-b]", "[*-A]", "[[:x:]]"};
    std::string pattern;
    if (below(4) == 0) pattern += '/';
    for (auto count = 1 + below(5); count != 0; --count) pattern += any_of(parts);
    static constexpr std::string_view ends[] = {"", "", "", "/", "/***", "/**", "***"};
    pattern += any_of(ends);
    return pattern == "- " ? "-" : pattern; // A sign alone ends rsync.
  }

  /// Mostly patterns that the tree has something for.
  std::string any_rule() {
    static constexpr std::string_view begins[] = {"", "", "", "+ ", "- ", "#", ";"};
    return below(40) == 0 ? "!" : std::string(any_of(begins)) + any_pattern();
  }

  std::mt19937_64 random_{20'170'520};
  std::map<std::string, file_type> tree_;

private:
  void add_file(const fs::path& path) {
    fs::create_directories(scratch / "t" / path.parent_path());
    touch(scratch / "t" / path);
    tree_[path] = file;
    for (auto above = path.parent_path(); !above.empty(); above = above.parent_path()) {
      tree_[above] = directory;
    }
  }
};

TEST_F(LikeRsync, FollowsRules) {
  const std::uint64_t times = 250 / testing::quick_step(10);
  std::uint64_t left_out = 0;
  for (std::uint64_t i = 0; i < times; ++i) {
    path_filter filter;
    std::string text;
    const auto add = [&](const std::string& line) {
      text += line + "\n";
      // What is refused here never matches there.
      const auto added = filter.add_rules(exclude, line);
      EXPECT_TRUE(added || failed_with(added, EINVAL));
    };
    // Either what is excluded, or, so as to see each file's own, what alone is included.
    const bool only = below(2) == 0;
    for (auto rules = 1 + below(only ? 2 : 4); rules != 0; --rules) {
      add(only ? "+ " + any_pattern() : any_rule());
    }
    if (only) {
      add("+ */");
      add("- *");
    }
    const auto included = included_by(filter);
    left_out += tree_.size() + 1 - included.size();
    ASSERT_EQ(included, included_by_rsync({"--exclude-from=" + write("rules", text)})) << text;
  }
  EXPECT_GT(left_out, times * tree_.size() / 4) << "the rules match too little to compare";
}

TEST_F(LikeRsync, FollowsLists) {
  std::vector<std::string> paths;
  for (const auto& [path, type] : tree_) paths.push_back(path);
  for (int i = 0; i < 50; ++i) {
    const bool nul = below(2) == 0;
    std::string text;
    for (auto count = below(6); count != 0; --count) {
      static constexpr std::string_view before[] = {"", "", "./", "/", "//", ".//"};
      const std::string& path = paths[below(paths.size())];
      text += any_of(before);
      text += path;
      if (tree_[path] == directory && below(3) == 0) text += '/';
      text += nul ? '\0' : '\n';
    }
    path_filter filter;
    take(filter.list_only(text, nul ? by_nul : by_line));
    std::vector<std::string> options{"--files-from=" + write("list", text)};
    if (nul) options.emplace_back("--from0");
    ASSERT_EQ(included_by(filter), included_by_rsync(options)) << text;
  }
}

} // namespace
} // namespace afio::unit
