#include "tests/benchmarks/side_by_side.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <regex>
#include <string_view>

#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace afio::benchmarks {

namespace {

using std::chrono::nanoseconds;
using std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr std::size_t usual_rounds = 1001;
/// Short enough that most turns are not disturbed, long enough that reading the clock is nothing.
constexpr nanoseconds turn = 200us;
/// For a comparison of slow operations: fewer rounds then, but not fewer than these.
constexpr nanoseconds patience = 20s;
constexpr std::size_t fewest_rounds = 11;

[[noreturn]] void stop(int status, const std::string& why) {
  std::cerr << why << '\n';
  std::exit(status);
}

/// `format` is printf's, with one number.
template <class T>
std::string printed(const char* format, T number) {
  std::array<char, 64> text;
  const int size = std::snprintf(text.data(), text.size(), format, number);
  return {text.data(), static_cast<std::size_t>(size)};
}

std::string in_ns(double ns) {
  if (ns >= 1e6) return printed("%.2f ms", ns / 1e6);
  if (ns >= 1e4) return printed("%.1f µs", ns / 1e3);
  return printed(ns >= 100 ? "%.0f ns" : "%.2f ns", ns);
}

/// The value below which such a part of them lies. Reorders them.
double quantile(std::vector<double>& values, double part) {
  const auto rank = std::lround(part * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + rank, values.end());
  return values[static_cast<std::size_t>(rank)];
}

/// One of those that take turns.
class competitor {
public:
  competitor(const std::string& what, const contender& is) : what_(what), is_(is) {
    // Until it has taken half a turn; the first ones warm it up.
    for (times_ = 1;; times_ *= 2) {
      const nanoseconds took = time();
      if (took < turn / 2) continue;
      const auto fitting =
          static_cast<double>(times_) * (turn / std::chrono::duration<double, std::nano>(took));
      times_ = std::max<std::size_t>(1, static_cast<std::size_t>(fitting));
      return;
    }
  }

  nanoseconds time() const {
    const auto start = steady_clock::now();
    const bool good = is_.act(times_);
    const nanoseconds took = steady_clock::now() - start;
    if (!good) stop(1, what_ + ": " + is_.name + " failed");
    return took;
  }

  void take_turn() {
    const auto things = static_cast<double>(times_ * is_.options.things);
    samples_.push_back(static_cast<double>(time().count()) / things);
  }

  /// A line of the table.
  std::string line(const competitor& baseline) const {
    std::vector<double> ratios(samples_.size());
    std::transform(samples_.begin(), samples_.end(), baseline.samples_.begin(), ratios.begin(),
                   std::divides<>());
    std::vector<double> times = samples_;
    const double ratio = quantile(ratios, 0.5), wanted = is_.options.wanted;
    std::string text =
        "| " + is_.name + " | " + in_ns(quantile(times, 0.5)) + " | " + printed("%.3f", ratio);
    text +=
        " | " + printed("%.3f", quantile(ratios, 0.25)) + printed("–%.3f", quantile(ratios, 0.75));
    if (wanted == 0) return text + " | – | – |\n";
    return text + printed(" | ≤ %.2f", wanted) + (ratio <= wanted ? " | yes |\n" : " | **no** |\n");
  }

private:
  const std::string& what_;
  const contender& is_;
  std::size_t times_;
  std::vector<double> samples_;
};

/// How many rounds there is time for.
std::size_t affordable(const std::vector<competitor>& all, std::size_t rounds) {
  nanoseconds one{};
  for (const competitor& each : all) one += each.time();
  return std::min(rounds,
                  std::max<std::size_t>(fewest_rounds, static_cast<std::size_t>(patience / one)));
}

std::string first_match(const char* path, const char* pattern) {
  std::ifstream file(path);
  const std::regex wanted(pattern);
  std::smatch found;
  for (std::string line; std::getline(file, line);) {
    if (std::regex_match(line, found, wanted)) return found[1];
  }
  return {};
}

double load_average() {
  double load = 0;
  return ::getloadavg(&load, 1) == 1 ? load : 0;
}

/// As machine.py describes it.
std::string machine(double load) {
  utsname system{};
  ::uname(&system);
  std::string cpu = first_match("/proc/cpuinfo", "model name\\s*: (.*)");
  if (cpu.empty()) cpu = system.machine;
  cpu_set_t processors;
  CPU_ZERO(&processors);
  ::sched_getaffinity(0, sizeof processors, &processors);
  const std::string memory = first_match("/proc/meminfo", "MemTotal:\\s*(\\d+).*");
  const double gib = memory.empty() ? 0 : std::stod(memory) / 0x1p20;
  // Without what a vendor appends.
  const std::string release = system.release;
  const std::string kernel = release.substr(0, release.find_first_not_of("0123456789."));
  std::string distribution = first_match("/etc/os-release", "PRETTY_NAME=\"(.*)\"");
  if (distribution.empty()) distribution = "Linux";
  return "- " + cpu + ", " + std::to_string(CPU_COUNT(&processors)) + " processors, " +
         printed("%.0f", gib) + " GiB\n- Linux " + kernel + ", " + distribution +
         printed("; load average %.1f at the start\n", load);
}

std::string today() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 16> text;
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d", &parts)};
}

/// What follows `name` in an argument; nullptr if it is another one.
const char* value_of(const char* argument, std::string_view name) {
  const std::string_view text = argument;
  return text.starts_with(name) ? argument + name.size() : nullptr;
}

} // namespace

side_by_side::side_by_side(int argc, char** argv, page_options page)
    : page_(std::move(page)),
      command_("./bazelw run -c opt //tests/benchmarks:" + page_.name),
      rounds_(usual_rounds),
      load_(load_average()) {
  for (int i = 1; i < argc; ++i) {
    if (const char* directory = value_of(argv[i], "--output=")) {
      output_ = directory;
    } else if (const char* rounds = value_of(argv[i], "--rounds=")) {
      const std::string_view text = rounds;
      const auto read = std::from_chars(text.begin(), text.end(), rounds_);
      if (read.ec != std::errc() || read.ptr != text.end() || rounds_ == 0)
        stop(2, page_.name + ": not a number of rounds: " + rounds);
      command_ += " -- --rounds=" + std::to_string(rounds_);
    } else {
      stop(2, "usage: " + page_.name + " [--rounds=N] [--output=DIR]");
    }
  }
  // `bazel run` changes the directory.
  const char* const given_in = std::getenv("BUILD_WORKING_DIRECTORY");
  if (!output_.empty() && given_in != nullptr)
    output_ = (std::filesystem::path(given_in) / output_).string();
  std::cout << "# " << page_.title << '\n';
}

void side_by_side::compare(const std::string& what, const std::vector<contender>& contenders) {
  std::vector<competitor> all;
  for (const contender& each : contenders) all.emplace_back(what, each);
  const std::size_t rounds = affordable(all, rounds_);
  for (std::size_t round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < all.size(); ++i) all[(round + i) % all.size()].take_turn();
  }
  std::string table =
      "\n## " + what + "\n\n| | one | ratio to " + contenders.front().name +
      " | middle half | target | met |\n| --- | ---: | ---: | ---: | ---: | --- |\n";
  for (const competitor& each : all) table += each.line(all.front());
  table += "\n" + std::to_string(rounds) + " rounds.\n";
  std::cout << table << std::flush;
  tables_ += table;
}

int side_by_side::finish() {
  if (output_.empty()) return 0;
  std::filesystem::create_directories(output_);
  std::ofstream file(std::filesystem::path(output_) / (page_.name + ".md"));
  file << "# " << page_.title << "\n\n" << page_.about << "\n";
#ifdef NDEBUG
  const bool is_trial = rounds_ < usual_rounds;
#else
  const bool is_trial = true;
#endif
  if (is_trial) file << "\n**A trial: few rounds or a slow build. These are no results.**\n";
  file << tables_ << "\n## How it was measured\n\nOn " << today() << ", with\n\n"
       << "<!-- not run: takes minutes, on a machine that does nothing else -->\n\n```sh\n"
       << command_ << "\n```\n\n"
       << machine(load_)
       << "\nAll in one process. The contenders take turns of about 0.2 ms, and another one begins "
          "in each round.\nA ratio is taken within each round; the tables show the median of the "
          "times of one operation, and the median\nand the middle half of the ratios.\n";
  file.close();
  if (!file) stop(1, page_.name + ": cannot write to " + output_);
  return 0;
}

} // namespace afio::benchmarks
