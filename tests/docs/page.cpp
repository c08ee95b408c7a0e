#include "tests/docs/page.hpp"

#include "tests/support/content.hpp"

#include <sstream>
#include <stdexcept>
#include <utility>

namespace afio::testing {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \n");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \n") - first + 1);
}

/// What stands behind `word` in `text`, if that begins with it.
bool follows(std::string_view text, std::string_view word, std::string& what) {
  if (!text.starts_with(word)) return false;
  what = trimmed(text.substr(word.size()));
  return true;
}

class reader {
public:
  explicit reader(std::string_view markdown) : text_(std::string(markdown)) {}

  std::vector<block> all() {
    while (next()) {
      if (line_.starts_with("```")) {
        take_block();
      } else if (line_.starts_with("<!--")) {
        take_comment();
      } else if (line_.starts_with('[') && line_.ends_with("):")) {
        const auto from = line_.rfind('(') + 1;
        next_ = {.file = line_.substr(from, line_.size() - 2 - from)};
      } else if (!line_.empty()) {
        const auto text = trimmed(line_);
        if (text.starts_with("```") || text.starts_with("~~~")) fail("a fence is ``` at the left");
        if (marked_) fail("no block follows what is said about one");
        next_ = {};
      }
    }
    if (marked_) fail("no block follows what is said about one");
    return std::move(blocks_);
  }

private:
  bool next() {
    ++number_;
    return static_cast<bool>(std::getline(text_, line_));
  }

  void take_block() {
    next_.line = number_;
    next_.info = trimmed(std::string_view(line_).substr(3));
    while (next()) {
      if (line_ == "```") {
        blocks_.push_back(std::exchange(next_, {}));
        marked_ = false;
        return;
      }
      next_.text += line_ + '\n';
    }
    fail("a block without an end");
  }

  void take_comment() {
    std::string all = line_;
    while (all.find("-->") == all.npos && next()) all += '\n' + line_;
    const auto end = all.find("-->");
    if (end == all.npos) fail("a comment without an end");
    const auto said = trimmed(std::string_view(all).substr(4, end - 4));
    std::string file;
    if (follows(said, "afresh:", next_.setup)) {
      next_.afresh = true;
    } else if (follows(said, "part of:", file)) {
      next_.part_of = file;
    } else if (!follows(said, "setup:", next_.setup) && !follows(said, "not run:", next_.not_run)) {
      return; // Of something else.
    }
    marked_ = true;
  }

  [[noreturn]] void fail(const std::string& why) const {
    throw std::runtime_error("line " + std::to_string(number_) + ": " + why);
  }

  std::istringstream text_;
  std::string line_;
  std::size_t number_ = 0;
  std::vector<block> blocks_;
  block next_;
  bool marked_ = false;
};

} // namespace

std::vector<block> blocks_in(std::string_view markdown) { return reader(markdown).all(); }

std::vector<block> blocks_of(const std::filesystem::path& page) {
  return blocks_in(content_of(page));
}

} // namespace afio::testing
