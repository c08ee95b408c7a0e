// afio-holes: what it shows and punches, and what its exit status says.
#include "tests/cli/tool.hpp"
#include "tests/support/content.hpp"

#include <fstream>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace afio::cli {
namespace {

namespace fs = std::filesystem;

class Holes : public tool {
protected:
  Holes() : tool("afio-holes") {}

  /// Pieces of 64 KiB as a text: 'x' data, '0' zeros that were written, '.' a hole.
  void lay_out(const std::string& name, std::string_view pieces) {
    constexpr std::size_t piece = 64 << 10;
    fs::create_directories((scratch / name).parent_path());
    std::ofstream(scratch / name).close();
    fs::resize_file(scratch / name, pieces.size() * piece);
    std::fstream file(scratch / name, std::ios::in | std::ios::out | std::ios::binary);
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      if (pieces[i] == '.') continue;
      file.seekp(static_cast<std::streamoff>(i * piece));
      file << std::string(piece, pieces[i] == 'x' ? 'x' : '\0');
    }
  }

  std::string content_of(const std::string& name) { return testing::content_of(scratch / name); }

  std::uint64_t room_of(const std::string& name) {
    struct stat s;
    EXPECT_EQ(::stat((scratch / name).c_str(), &s), 0);
    return static_cast<std::uint64_t>(s.st_blocks) * 512;
  }

  /// Whether files here may be held busy by a reader: not where blocks are shared instead.
  bool can_be_busy() {
    lay_out("probe", "x0");
    const int file = ::open((scratch / "probe").c_str(), O_RDONLY | O_CLOEXEC);
    const auto end = run({"punch", "--min-size=64K", "probe"});
    const bool busy = end.output.find("punched 0 B") != end.output.npos;
    ::close(file);
    fs::remove(scratch / "probe");
    return busy;
  }
};

TEST_F(Holes, ListTellsDataAndHolesInColumns) {
  lay_out("f", "x..x");
  const auto end = run({"list", "f"});
  EXPECT_TRUE(end.exited_with(0)) << describe(end);
  EXPECT_TRUE(end.output.starts_with("\"f\": 262,144 bytes, 131,072 of data\n")) << end.output;
  const auto lines = lines_of(end.output);
  ASSERT_EQ(lines.size(), 4U) << end.output;
  EXPECT_TRUE(lines[1].starts_with("              0          65536")) << lines[1];
  EXPECT_NE(lines[1].find("  data"), std::string::npos);
  EXPECT_EQ(lines[2], "          65536         131072              -  hole");
  EXPECT_EQ(end.errors, "");
}

TEST_F(Holes, ListTellsScriptsInJson) {
  lay_out("t/f", "x..x");
  const auto lines = lines_of(run({"list", "--json", "t"}).output);
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_TRUE(lines[0].starts_with(
      R"({"type":"extent","path":"t/f","kind":"data","offset":0,"length":65536)"))
      << lines[0];
  EXPECT_EQ(lines[1],
            R"({"type":"extent","path":"t/f","kind":"hole","offset":65536,"length":131072})");
  EXPECT_TRUE(lines[3].starts_with(R"({"type":"summary","files":1,"data":131072,"shared":0,)"
                                   R"("holes":131072,"allocated":0,"failures":0,)"))
      << lines[3];
}

TEST_F(Holes, MapIsPlainWhereItIsPiped) {
  lay_out("f", "x..x");
  const auto end = run({"map", "f"});
  EXPECT_TRUE(end.exited_with(0)) << describe(end);
  const auto lines = lines_of(end.output);
  ASSERT_EQ(lines.size(), 3U) << end.output;
  EXPECT_EQ(lines[0], "\"f\" 256 KiB: 128 KiB data, 128 KiB holes");
  EXPECT_EQ(lines[1],
            "[" + std::string(16, '#') + std::string(32, '.') + std::string(16, '#') + "]");
  EXPECT_EQ(lines[2], "# data   s shared   a allocated only   . hole   + data and hole");
}

TEST_F(Holes, MapDrawsAnSvg) {
  lay_out("t/a&b", "x..x");
  lay_out("t/empty", "");
  const auto end = run({"map", "--svg", "t"});
  EXPECT_TRUE(end.exited_with(0)) << describe(end);
  EXPECT_TRUE(end.output.starts_with("<svg xmlns=")) << end.output;
  EXPECT_TRUE(end.output.ends_with("</svg>\n"));
  EXPECT_NE(end.output.find("\"t/a&amp;b\""), std::string::npos) << end.output;
  EXPECT_EQ(end.output.find("nan"), std::string::npos);
}

TEST_F(Holes, PunchGivesRoomBackAndKeepsEachByte) {
  lay_out("t/f", "x00x");
  lay_out("t/g", "xx");
  const std::string before = content_of("t/f");
  const std::uint64_t room = room_of("t/f");
  const auto planned = run({"punch", "-n", "t"});
  EXPECT_TRUE(planned.exited_with(0)) << describe(planned);
  EXPECT_EQ(planned.output, "would punch \"t/f\" (128 KiB)\nwould punch 128 KiB in 1 of 2 files\n");
  EXPECT_EQ(room_of("t/f"), room);
  const auto end = run({"punch", "-v", "t"});
  EXPECT_TRUE(end.exited_with(0)) << describe(end);
  EXPECT_EQ(end.output, "punched \"t/f\" (128 KiB)\npunched 128 KiB in 1 of 2 files\n");
  EXPECT_LE(room_of("t/f"), room - (128 << 10));
  EXPECT_EQ(content_of("t/f"), before);
  EXPECT_EQ(run({"punch", "t/f"}).output, "punched 0 B in 0 of 1 files\n");
}

TEST_F(Holes, PunchTellsScriptsInJsonOrNames) {
  lay_out("t/f", "x00x");
  using namespace std::string_literals;
  EXPECT_EQ(run({"punch", "-n", "-0", "t"}).output, "t/f\0"s);
  const auto lines = lines_of(run({"punch", "--json", "t"}).output);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0], R"({"type":"punched","path":"t/f","entry":"file","bytes":131072})");
  EXPECT_TRUE(lines[1].starts_with(
      R"({"type":"summary","punched":1,"files":1,"busy":0,"bytes":131072,"failures":0,)"))
      << lines[1];
}

TEST_F(Holes, FileInUseIsLeftAloneAndSaidSo) {
  if (!can_be_busy()) GTEST_SKIP() << "this file system shares blocks: no file is busy";
  lay_out("t/f", "x00x");
  lay_out("t/g", "x00x");
  const int reader = ::open((scratch / "t/f").c_str(), O_RDONLY | O_CLOEXEC);
  const auto end = run({"punch", "t"});
  EXPECT_TRUE(end.exited_with(1)) << describe(end);
  EXPECT_EQ(end.output, "punched 128 KiB in 1 of 2 files, 1 in use\n");
  EXPECT_EQ(end.errors, "afio-holes: left alone \"t/f\": in use\n");
  const auto json = lines_of(run({"punch", "--json", "-q", "t"}).output);
  ASSERT_EQ(json.size(), 2U);
  EXPECT_EQ(json[0], R"({"type":"skipped","path":"t/f","operation":"punch holes in","errno":16,)"
                     R"("error":"Device or resource busy"})");
  EXPECT_TRUE(json[1].starts_with(
      R"({"type":"summary","punched":0,"files":2,"busy":1,"bytes":0,"failures":0,)"))
      << json[1];
  ::close(reader);
  EXPECT_TRUE(run({"punch", "t"}).exited_with(0));
}

TEST_F(Holes, PathsOfPeopleLeadThroughSymlinksAndNothingElseIsOpened) {
  lay_out("f", "x00x");
  make("l link -> f\n p fifo\n d d\n l d/inner -> ../f");
  EXPECT_EQ(run({"punch", "-n", "link"}).output,
            "would punch \"link\" (128 KiB)\nwould punch 128 KiB in 1 of 1 files\n");
  EXPECT_EQ(run({"punch", "-n", "d"}).output, "would punch 0 B in 0 of 0 files\n");
  const auto fifo = run({"punch", "fifo"});
  EXPECT_TRUE(fifo.exited_with(1)) << describe(fifo);
  EXPECT_EQ(fifo.errors, "afio-holes: cannot open \"fifo\": Invalid argument\n");
  EXPECT_TRUE(run({"list", "missing"}).exited_with(1));
  EXPECT_TRUE(run({"list", ""}).exited_with(1)); // As from an unset variable.
}

TEST_F(Holes, UsageErrors) {
  make("f f 1");
  for (const arguments& command :
       {arguments{}, arguments{"list"}, arguments{"dig", "f"}, arguments{"list", "--svg", "f"},
        arguments{"map", "--json", "f"}, arguments{"list", "-0", "f"},
        arguments{"punch", "--min-size=0", "f"}, arguments{"punch", "--min-size=x", "f"},
        arguments{"punch", "--min-size=-1", "f"}}) {
    EXPECT_TRUE(run(command).exited_with(2));
  }
}

} // namespace
} // namespace afio::cli
