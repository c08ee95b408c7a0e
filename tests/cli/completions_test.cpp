// bash, zsh and fish know the options that --help shows, the words that they take, and where files
// or directories are wanted. They are asked themselves.
#include "tests/cli/described_option.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

namespace afio::cli {
namespace {

namespace fs = std::filesystem;

using strings = std::vector<std::string>;
using string_set = std::set<std::string>;

/// What may stand at the end of a line, and how it is explained there.
using offers = std::map<std::string, std::string>;

string_set names_in(const offers& all) {
  string_set names;
  for (const auto& [name, help] : all) names.insert(name);
  return names;
}

string_set set_of(const strings& all) { return {all.begin(), all.end()}; }

std::string joined(const strings& words, const std::string& with) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : with) + word;
  return text;
}

class shells {
public:
  shells() {
    fs::create_directory(home_ / "here");
    fs::create_directory(home_ / "here/directory");
    std::ofstream(home_ / "here/file");
  }

  /// What the tool's function puts into COMPREPLY for the last of `words`, and as "compopt …" what
  /// it asks bash to do besides.
  [[nodiscard]] string_set bash(const strings& words) const {
    // compopt can only be called by the function while bash itself completes.
    const std::string script =
        "compopt() { echo compopt $*; }; source $0; COMP_WORDS=(\"$@\"); "
        "((COMP_CWORD = $# - 1)); f=$(complete -p $1); f=${f##*-F }; ${f% *}; "
        "printf '%s\\n' \"${COMPREPLY[@]}\"";
    strings command{"bash", "--norc", "-c", script, file("bash/" + words.at(0))};
    command.insert(command.end(), words.begin(), words.end());
    string_set all = set_of(lines_of(said_by(command)));
    all.erase("");
    return all;
  }

  [[nodiscard]] offers fish(const std::string& line) const {
    const std::string tool = line.substr(0, line.find(' '));
    offers all;
    for (const auto& one :
         lines_of(said_by({"fish", "--no-config", "-c", "source $argv[1]; complete -C $argv[2]",
                           file("fish/" + tool + ".fish"), line}))) {
      const auto tab = one.find('\t');
      all.emplace(one.substr(0, tab), tab == one.npos ? "" : one.substr(tab + 1));
    }
    return all;
  }

  /// For each of `lines`.
  [[nodiscard]] std::vector<offers> zsh(const strings& lines) const {
    strings command{"zsh", "-f", fs::absolute("tests/cli/completed.zsh"), file("zsh")};
    command.insert(command.end(), lines.begin(), lines.end());
    std::vector<offers> all;
    for (const auto& one : lines_of(said_by(command))) {
      if (one.starts_with("= ")) {
        all.emplace_back();
      } else {
        const auto tab = one.find('\t');
        const auto help = one.find("  ", tab);
        all.at(all.size() - 1)
            .emplace(one.substr(0, tab),
                     help == one.npos ? "" : one.substr(one.find_first_not_of(' ', help)));
      }
    }
    EXPECT_EQ(all.size(), lines.size());
    all.resize(lines.size());
    return all;
  }

  [[nodiscard]] offers zsh(const std::string& line) const { return zsh(strings{line}).front(); }

  [[nodiscard]] static std::string file(const std::string& name) {
    return fs::absolute("cli/completions/" + name).string();
  }

private:
  /// In a directory that has a file and a directory.
  [[nodiscard]] std::string said_by(strings command) const {
    command.insert(command.begin(), "/usr/bin/env");
    const auto end = testing::run(
        {.arguments = command,
         .environment = {"PATH=/usr/bin:/bin", "TERM=xterm", "LC_ALL=C.UTF-8",
                         "HOME=" + home_.path().string(), "ZDOTDIR=" + home_.path().string()},
         .directory = home_ / "here"});
    EXPECT_TRUE(end.exited_with(0)) << joined(command, " ") << describe(end);
    EXPECT_EQ(end.errors, "") << joined(command, " ");
    return end.output;
  }

  testing::scratch_directory home_;
};

class Completions : public ::testing::TestWithParam<const char*>, public shells {
protected:
  const std::string tool = GetParam();
  const std::vector<described_option> options = options_of(tool);
};

INSTANTIATE_TEST_SUITE_P(All, Completions, ::testing::ValuesIn(all_tools),
                         [](const auto& tool) { return std::string(tool.param).substr(5); });

TEST_P(Completions, KnowTheOptionsAndWhatTheyAreFor) {
  string_set names;
  offers long_names;
  for (const auto& option : options) {
    if (option.is_argument()) continue;
    names.merge(set_of(split(option.names, ',')));
    long_names.emplace(option.long_name(), option.help);
  }

  auto in_bash = bash({tool, "-"});
  EXPECT_EQ(in_bash.erase("compopt +o default"), 1U);
  EXPECT_EQ(in_bash, names);

  auto in_fish = names_in(fish(tool + " -"));
  in_fish.merge(names_in(fish(tool + " --")));
  EXPECT_EQ(in_fish, names);
  EXPECT_EQ(fish(tool + " --"), long_names);

  const auto in_zsh = zsh(strings{tool + " -", tool + " --"});
  auto all_in_zsh = names_in(in_zsh[0]);
  all_in_zsh.erase("");
  EXPECT_EQ(all_in_zsh, names);
  EXPECT_EQ(in_zsh[1], long_names);
}

TEST_P(Completions, KnowTheWordsOfEachOption) {
  strings lines;
  std::vector<string_set> words;
  for (const auto& option : options) {
    if (option.words.empty() || option.is_argument()) continue;
    const string_set those = set_of(option.words);
    const std::string start = tool + ' ' + option.long_name();
    lines.insert(lines.end(), {start + ' ', start + '='});
    words.insert(words.end(), {those, those});

    auto apart = bash({tool, option.long_name(), ""});
    EXPECT_EQ(apart, bash({tool, option.long_name(), "="})) << start;
    EXPECT_EQ(apart.erase("compopt +o default") + apart.erase("compopt +o default -o nospace"), 1U);
    EXPECT_EQ(apart, those) << start;

    EXPECT_EQ(names_in(fish(start + ' ')), those) << start;
    string_set joined;
    for (const auto& word : those) joined.insert(option.long_name() + '=' + word);
    EXPECT_EQ(names_in(fish(start + '=')), joined) << start;
  }
  const auto in_zsh = zsh(lines);
  for (std::size_t i = 0; i < lines.size(); ++i)
    EXPECT_EQ(names_in(in_zsh[i]), words[i]) << lines[i];
}

TEST_P(Completions, OfferNothingForWhatCannotBeGuessed) {
  strings lines;
  for (const auto& option : options) {
    static const string_set guessed = {"", "FILE", "DIR", "PREV", "BASE"};
    if (!option.words.empty() || guessed.contains(option.value)) continue;
    EXPECT_EQ(bash({tool, option.long_name(), ""}), string_set{"compopt +o default"});
    lines.push_back(tool + ' ' + option.long_name() + ' ');
    EXPECT_EQ(fish(lines.back()), offers()) << lines.back();
  }
  ASSERT_FALSE(lines.empty());
  for (auto& offered : zsh(lines)) EXPECT_EQ(names_in(offered), string_set{});
}

class Completed : public ::testing::Test, public shells {};

TEST_F(Completed, ByWhatHasBegun) {
  EXPECT_EQ(bash({"afio-dedupe", "--ke"}), (string_set{"--keep", "compopt +o default"}));
  EXPECT_EQ(bash({"afio-dedupe", "--keep", "o"}), (string_set{"oldest", "compopt +o default"}));
  EXPECT_EQ(bash({"afio-dedupe", "--keep", "=", "o"}),
            (string_set{"oldest", "compopt +o default"}));
  EXPECT_EQ(names_in(fish("afio-dedupe --ke")), string_set{"--keep"});
  EXPECT_EQ(names_in(fish("afio-dedupe --keep=o")), string_set{"--keep=oldest"});
  EXPECT_EQ(names_in(zsh("afio-dedupe --ke")), string_set{"--keep"});
  EXPECT_EQ(names_in(zsh("afio-dedupe --keep=o")), string_set{"oldest"});
}

TEST_F(Completed, InBashWithoutBreaksAtEqualSigns) {
  EXPECT_EQ(bash({"afio-dedupe", "--keep=o"}), (string_set{"--keep=oldest", "compopt +o default"}));
  EXPECT_EQ(bash({"afio-dedupe", "--match=acl,ow"}),
            (string_set{"--match=acl,ownership", "compopt +o default -o nospace"}));
}

TEST_F(Completed, EachWordOfAList) {
  EXPECT_EQ(bash({"afio-dedupe", "--match", "acl,ow"}),
            (string_set{"acl,ownership", "compopt +o default -o nospace"}));
  EXPECT_EQ(names_in(fish("afio-dedupe --match acl,ow")), string_set{"acl,ownership"});
  EXPECT_EQ(names_in(fish("afio-dedupe --match=acl,ow")), string_set{"--match=acl,ownership"});
  EXPECT_EQ(names_in(zsh("afio-dedupe --match=acl,ow")), string_set{"ownership"});
}

// Where bash's function says nothing, it completes names of files.

TEST_F(Completed, FilesWhereFilesAreWanted) {
  const string_set files{"directory", "file"}, as_fish{"directory/", "file"};
  for (const std::string line : {"afio-rmtree --log-file ", "afio-rmtree ", "afio-cptree a "}) {
    EXPECT_EQ(bash(split(line + " ", ' ')), string_set{}) << line;
    EXPECT_EQ(names_in(fish(line)), as_fish) << line;
    EXPECT_EQ(names_in(zsh(line)), files) << line;
  }
}

TEST_F(Completed, DirectoriesWhereDirectoriesAreWanted) {
  for (const std::string line : {"afio-rmtree --reap ", "afio-clone --series ", "afio-dedupe "}) {
    EXPECT_EQ(bash(split(line + " ", ' ')), string_set{"compopt +o default -o dirnames"}) << line;
    EXPECT_EQ(names_in(fish(line)), string_set{"directory/"}) << line;
    EXPECT_EQ(names_in(zsh(line)), string_set{"directory"}) << line;
  }
}

TEST_F(Completed, ACommandThenFiles) {
  const string_set commands{"list", "map", "punch"};
  auto in_bash = bash({"afio-holes", ""});
  EXPECT_EQ(in_bash.erase("compopt +o default"), 1U);
  EXPECT_EQ(in_bash, commands);
  EXPECT_EQ(names_in(fish("afio-holes ")), commands);
  EXPECT_EQ(names_in(zsh("afio-holes ")), commands);
  EXPECT_EQ(bash({"afio-holes", "-n", "punch", ""}), string_set{});
  EXPECT_EQ(names_in(fish("afio-holes punch ")), (string_set{"directory/", "file"}));
  EXPECT_EQ(names_in(zsh("afio-holes punch ")), (string_set{"directory", "file"}));
}

TEST_F(Completed, NoOptionsBehindTwoDashes) {
  EXPECT_EQ(bash({"afio-rmtree", "--", "--ha"}), string_set{});
  EXPECT_EQ(zsh("afio-rmtree -- --he"), offers());
}

} // namespace
} // namespace afio::cli
