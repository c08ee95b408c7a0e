#include "tests/faults/power_cut.hpp"

#include "tests/support/failed.hpp"
#include "tests/support/supervisor.hpp"
#include "tests/support/tree.hpp"
#include "tests/support/unique_fd.hpp"

#include <cstdio>
#include <fstream>

#include <fcntl.h>
#include <unistd.h>

namespace afio::testing {
namespace {

namespace fs = std::filesystem;
constexpr int files = 24;

// Of several sizes, the smallest within one block; another seed in the names' order gives other
// contents for the same names.
std::string literal(std::size_t more) {
  std::string text;
  for (int i = 0; i < files; ++i) {
    const std::size_t size = (i % 3 == 0 ? 900 : 9000 * static_cast<std::size_t>(i % 5 + 1)) + more;
    text += "f d" + std::to_string(i % 3) + "/f" + std::to_string(i) + " " + std::to_string(size) +
            "\n";
  }
  return text;
}

class trial {
public:
  trial(const contender& tool, file_system kind) : tool_(tool), fs_(kind) {
    if (!fs_) throw std::runtime_error(fs_.why_not());
    make_tree(source_.path() / "tree", literal(1));
    wanted_ = manifest(source_.path() / "tree");
  }

  std::uint64_t count_stops() {
    begin();
    const auto run = supervise(
        what(), [](const stop&) { return action::continue_it(); }, counted());
    if (!run.exited_with(0)) throw std::runtime_error(tool_.name + ": " + describe(run));
    return run.stops;
  }

  void cut_at(std::uint64_t number, power_tally& into) {
    begin();
    const stop_handler handler = [&](const stop& here) {
      if (here.ordinal != number) return action::continue_it();
      make_a_file_durable(fs_ / "bystander");
      fs_.cut_power();
      return action::kill();
    };
    const auto run = supervise(what(), handler, counted());
    if (!run.killed_at) throw std::runtime_error("not cut: " + describe(run));
    fs_.start_again();
    ++into.cuts;
    look(number, into);
    into.completed += completes();
  }

private:
  void begin() {
    if (fs::exists(target())) remove_by_force(target());
    make_tree(target(), literal(0));
    make_durable(fs_.path());
    old_ = manifest(target());
  }

  void look(std::uint64_t number, power_tally& into) const {
    const manifest now(target());
    for (const auto& [path, entry] : old_.entries) {
      if (entry.type != 'f') continue;
      const auto found = now.entries.find(path);
      const bool there = found != now.entries.end();
      if (there && found->second.content == entry.content) {
        ++into.kept;
      } else if (there && found->second.content == wanted_.entries.at(path).content) {
        ++into.replaced;
      } else {
        ++into.lost;
        if (into.first_loss.empty())
          into.first_loss = "cut at stop " + std::to_string(number) + ": " + path + " has " +
                            (there ? std::to_string(found->second.size) + " bytes" : "no name");
      }
    }
  }

  bool completes() const {
    if (!run(what()).exited_with(0)) return false;
    const manifest now(target());
    for (const auto& [path, entry] : wanted_.entries) {
      if (entry.type == 'f' && now.entries.at(path).content != entry.content) return false;
    }
    return true;
  }

  fs::path target() const { return fs_ / "tree"; }

  program what() const {
    program command = to_delete(tool_, source_.path() / "tree");
    command.arguments.push_back(target());
    return command;
  }

  supervision counted() const {
    return {.count_from = source_.path().filename(), .time = std::chrono::seconds(30)};
  }

  const contender& tool_;
  scratch_directory source_;
  loop_fs fs_;
  manifest wanted_, old_;
};

} // namespace

void make_durable(const fs::path& at) {
  const unique_fd here(checked(::open(at.c_str(), O_RDONLY | O_CLOEXEC), at));
  checked(::syncfs(here.get()), at);
}

void make_a_file_durable(const fs::path& at) {
  const unique_fd file(
      checked(::open(at.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600), at));
  checked(::write(file.get(), "x", 1), at);
  checked(::fsync(file.get()), at);
}

power_tally cut_power(const contender& tool, file_system kind, std::uint64_t cuts) {
  power_tally result;
  trial trying(tool, kind);
  result.stops = trying.count_stops();
  for (std::uint64_t number = 0; number < cuts; ++number)
    trying.cut_at(1 + number * result.stops / cuts, result);
  return result;
}

void print_line(const contender& tool, file_system kind, const power_tally& counted) {
  std::printf("%-34s %-5s stops %llu, cuts %llu | new %llu, old %llu, lost %llu, completed %llu\n",
              tool.name.c_str(), name_of(kind), static_cast<unsigned long long>(counted.stops),
              static_cast<unsigned long long>(counted.cuts),
              static_cast<unsigned long long>(counted.replaced),
              static_cast<unsigned long long>(counted.kept),
              static_cast<unsigned long long>(counted.lost),
              static_cast<unsigned long long>(counted.completed));
}

} // namespace afio::testing
