#include "algorithms/clone_tree/retention.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

namespace afio::algorithms {

using namespace std::chrono;

namespace {

constexpr std::string_view pattern = "0000-00-00T00:00:00Z"; // 0: any digit.

/// The number that some digits write.
int number(std::string_view digits) noexcept {
  int n = 0;
  for (const char c : digits) n = 10 * n + (c - '0');
  return n;
}

bool matches_pattern(std::string_view name) noexcept {
  return std::equal(name.begin(), name.end(), pattern.begin(), pattern.end(),
                    [](char c, char p) { return p == '0' ? c >= '0' && c <= '9' : c == p; });
}

/// Which day, week or month a time is in: another number for each, of no other meaning.
using period = std::int64_t (*)(sys_seconds);

std::int64_t instant_of(sys_seconds t) noexcept { return t.time_since_epoch().count(); }

std::int64_t day_of(sys_seconds t) noexcept { return floor<days>(t).time_since_epoch().count(); }

std::int64_t week_of(sys_seconds t) noexcept {
  constexpr sys_days a_monday = 1970y / January / 5;
  return floor<weeks>(t - a_monday).count();
}

std::int64_t month_of(sys_seconds t) noexcept {
  const year_month_day date(floor<days>(t));
  return std::int64_t{12} * static_cast<int>(date.year()) + static_cast<unsigned>(date.month());
}

/// One rule, asked from the newest to the oldest.
class rule {
public:
  rule(period of, std::optional<unsigned> most) noexcept : of_(of), left_(most.value_or(0)) {}

  /// Whether it wants the clone.
  bool wants(sys_seconds t) noexcept {
    const std::int64_t now = of_(t);
    if (left_ == 0 || last_ == now) return false;
    last_ = now;
    --left_;
    return true;
  }

private:
  period of_;
  unsigned left_;
  std::optional<std::int64_t> last_;
};

} // namespace

std::string series_name(sys_seconds when) {
  const auto day = floor<days>(when);
  const year_month_day date(day);
  const hh_mm_ss time(when - day);
  if (date.year() < year(0) || date.year() > year(9999)) return {};
  std::array<char, 64> text;
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
                static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()));
  return text.data();
}

std::optional<sys_seconds> series_time(std::string_view name) noexcept {
  if (!matches_pattern(name)) return std::nullopt;
  const year_month_day date(year(number(name.substr(0, 4))),
                            month(static_cast<unsigned>(number(name.substr(5, 2)))),
                            day(static_cast<unsigned>(number(name.substr(8, 2)))));
  const int h = number(name.substr(11, 2)), m = number(name.substr(14, 2)),
            s = number(name.substr(17, 2));
  if (!date.ok() || h > 23 || m > 59 || s > 59) return std::nullopt;
  return sys_days(date) + hours(h) + minutes(m) + seconds(s);
}

constexpr std::string_view lacks_something = ".incomplete";

std::string series_name(const series_clone& of) {
  std::string name = series_name(of.time);
  if (!of.complete) name += lacks_something;
  return name;
}

std::optional<series_clone> series_clone_of(std::string_view name) noexcept {
  const bool complete = !name.ends_with(lacks_something);
  if (!complete) name.remove_suffix(lacks_something.size());
  const auto time = series_time(name);
  if (!time) return std::nullopt;
  return series_clone{*time, complete};
}

std::vector<sys_seconds> superseded(std::span<const sys_seconds> all, const retention& keep) {
  std::vector<sys_seconds> gone;
  if (all.empty() || keep.keeps_all()) return gone;
  std::array rules{rule(instant_of, keep.last), rule(day_of, keep.daily),
                   rule(week_of, keep.weekly), rule(month_of, keep.monthly)};
  for (auto at = all.rbegin(); at != all.rend(); ++at) {
    bool stays = at == all.rbegin();
    for (rule& r : rules) stays |= r.wants(*at); // Each is asked: it counts.
    if (!stays) gone.push_back(*at);
  }
  std::reverse(gone.begin(), gone.end());
  return gone;
}

namespace {

/// Whether a rule wants an incomplete clone: for want of a complete one.
bool wants_stopgap(period of, std::optional<unsigned> most, std::span<const series_clone> all,
                   std::span<const series_clone>::iterator at) {
  const std::int64_t wanted = of(at->time);
  unsigned newer = 0; // Periods.
  std::optional<std::int64_t> last;
  for (auto other = all.end(); other != all.begin();) {
    --other;
    const std::int64_t now = of(other->time);
    if (now == wanted && (other->complete || other > at)) return false;
    if (now > wanted && now != last) ++newer;
    last = now;
  }
  return newer < most.value_or(0);
}

} // namespace

std::vector<series_clone> superseded(std::span<const series_clone> all, const retention& keep) {
  std::vector<series_clone> gone;
  if (keep.keeps_all()) return gone;
  std::vector<sys_seconds> complete;
  for (const series_clone& clone : all) {
    if (clone.complete) complete.push_back(clone.time);
  }
  for (const sys_seconds time : superseded(complete, keep)) gone.push_back({time});
  for (auto at = all.begin(); at != all.end(); ++at) {
    const bool stays = at->complete || complete.empty() || at->time > complete.back() ||
                       wants_stopgap(day_of, keep.daily, all, at) ||
                       wants_stopgap(week_of, keep.weekly, all, at) ||
                       wants_stopgap(month_of, keep.monthly, all, at);
    if (!stays) gone.push_back(*at);
  }
  std::sort(gone.begin(), gone.end());
  return gone;
}

} // namespace afio::algorithms
