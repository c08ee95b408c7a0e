// Names of clones are times and sort as they do; of the clones, those go that no rule wants.
#include "algorithms/clone_tree/retention.hpp"
#include "tests/support/pace.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace afio::algorithms {
namespace {

using namespace std::chrono;
using times = std::vector<sys_seconds>;

sys_seconds at(const char* name) { return series_time(name).value(); }

times of(std::initializer_list<const char*> names) {
  times all;
  for (const char* name : names) all.push_back(at(name));
  return all;
}

// ----------------------------------------------------------------------------------------- names

TEST(SeriesName, IsTheTimeInUtc) {
  EXPECT_EQ(series_name(sys_seconds(seconds(0))), "1970-01-01T00:00:00Z");
  EXPECT_EQ(series_name(sys_days(2026y / 11 / 26) + 1h + 1s), "2026-11-26T01:00:01Z");
  EXPECT_EQ(series_name(sys_days(0y / 1 / 1)), "0000-01-01T00:00:00Z");
  EXPECT_EQ(series_name(sys_days(9999y / 12 / 31) + 86399s), "9999-12-31T23:59:59Z");
  EXPECT_EQ(series_name(sys_days(10000y / 1 / 1)), "");
  EXPECT_EQ(series_name(sys_days(0y / 1 / 1) - 1s), "");
}

TEST(SeriesName, OfEveryDayIsReadAgainAndSortsAsTimesDo) {
  std::string last;
  for (sys_days day = 0y / 1 / 1; day <= sys_days(9999y / 12 / 31);
       day += days(testing::quick_step(7))) {
    const sys_seconds when = day + seconds((day.time_since_epoch().count() * 7919) % 43200 + 43200);
    const std::string name = series_name(when);
    ASSERT_EQ(series_time(name), when) << name;
    ASSERT_LT(last, name);
    last = name;
  }
}

TEST(SeriesName, OfEverySecondOfADayIsReadAgain) {
  std::set<std::string> names;
  for (int s = 0; s < 86400; ++s) {
    const sys_seconds when = sys_days(2024y / 2 / 29) + seconds(s);
    const std::string name = series_name(when);
    ASSERT_EQ(series_time(name), when) << name;
    names.insert(name);
  }
  EXPECT_EQ(names.size(), 86400U);
}

TEST(SeriesName, IsWhatTheSystemWrites) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 10'000; ++i) {
    const std::time_t t = static_cast<std::time_t>(random() % 253'402'300'800ULL);
    std::tm parts;
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", ::gmtime_r(&t, &parts));
    ASSERT_EQ(series_name(sys_seconds(seconds(t))), text);
  }
}

TEST(SeriesTime, IsNothingOfTimesThatThereAreNot) {
  for (const char* name :
       {"2026-00-01T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-00T00:00:00Z",
        "2026-01-32T00:00:00Z", "2026-04-31T00:00:00Z", "2026-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2024-02-30T00:00:00Z",
        "2026-01-01T24:00:00Z", "2026-01-01T23:60:00Z", "2026-01-01T23:59:60Z"}) {
    EXPECT_FALSE(series_time(name)) << name;
  }
  for (const char* name :
       {"2024-02-29T00:00:00Z", "2000-02-29T00:00:00Z", "2026-12-31T23:59:59Z"}) {
    EXPECT_TRUE(series_time(name)) << name;
  }
}

TEST(SeriesTime, IsNothingOfNamesOfAnotherForm) {
  for (const char* name : {"",
                           "2026",
                           "2026-11-26",
                           "2026-11-26T01:00:01",
                           "2026-11-26T01:00:01z",
                           "2026-11-26t01:00:01Z",
                           "2026-11-26 01:00:01Z",
                           "2026-11-26T01:00:01ZZ",
                           " 2026-11-26T01:00:01Z",
                           "2026-11-26T01:00:01Z ",
                           "2026-11-26T01:00:01+0",
                           "+026-11-26T01:00:01Z",
                           "-026-11-26T01:00:01Z",
                           "2026/11/26T01:00:01Z",
                           "2026-11-26T01.00.01Z",
                           "12026-11-26T01:00:01Z",
                           "2026-1-26T01:00:01Z",
                           "2026-11-26T01:00: 1Z",
                           "2026-11-26T01:00:0xZ",
                           ".afio-series.index"}) {
    EXPECT_FALSE(series_time(name)) << name;
  }
  using namespace std::string_literals;
  EXPECT_FALSE(series_time("2026-11-26T01:00:01Z\0"s));
}

TEST(SeriesTime, IsNothingOfANameWithOneOtherByteUnlessThatIsATimeToo) {
  const std::string good = "2026-11-26T01:00:01Z";
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (int c = 0; c < 256; ++c) {
      std::string other = good;
      other[i] = static_cast<char>(c);
      const auto time = series_time(other);
      EXPECT_TRUE(!time || series_name(*time) == other) << other;
    }
  }
}

// ------------------------------------------------------------------------------------- retention

TEST(Superseded, NothingWhereNothingIsSaid) {
  EXPECT_TRUE(superseded(of({"2020-01-01T00:00:00Z", "2026-01-01T00:00:00Z"}), {}).empty());
  EXPECT_TRUE(superseded(times(), {.last = 0}).empty());
}

TEST(Superseded, NeverTheNewest) {
  const times all = of({"2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"});
  const times old = of({"2026-01-01T00:00:00Z"});
  EXPECT_EQ(superseded(all, {.last = 0}), old);
  EXPECT_EQ(superseded(all, {.daily = 0, .weekly = 0, .monthly = 0}), old);
  EXPECT_EQ(superseded(all, {.last = 1}), old);
}

TEST(Superseded, KeepsTheLastOfEachDayThatHasAny) {
  const times all = of({"2026-01-01T10:00:00Z", "2026-01-01T23:59:59Z", "2026-01-02T00:00:00Z",
                        "2026-01-05T01:00:00Z", "2026-01-05T02:00:00Z"});
  EXPECT_EQ(superseded(all, {.daily = 3}), of({"2026-01-01T10:00:00Z", "2026-01-05T01:00:00Z"}));
  EXPECT_EQ(superseded(all, {.daily = 2}),
            of({"2026-01-01T10:00:00Z", "2026-01-01T23:59:59Z", "2026-01-05T01:00:00Z"}));
}

TEST(Superseded, WeeksBeginOnMondaysAlsoAtTheTurnOfAYear) {
  // 2026-01-01 is a Thursday of the first week, which began on the 29th of December.
  const times all = of({"2025-12-28T23:59:59Z", "2025-12-29T00:00:00Z", "2026-01-01T00:00:00Z",
                        "2026-01-04T23:59:59Z", "2026-01-05T00:00:00Z"});
  EXPECT_EQ(superseded(all, {.weekly = 3}), of({"2025-12-29T00:00:00Z", "2026-01-01T00:00:00Z"}));
  // Before 1970, where days are negative.
  const times old = of({"1969-12-28T23:00:00Z", "1969-12-29T00:00:00Z", "1970-01-04T00:00:00Z"});
  EXPECT_EQ(superseded(old, {.weekly = 2}), of({"1969-12-29T00:00:00Z"}));
}

TEST(Superseded, MonthsOfDifferentYearsAreDifferent) {
  const times all = of({"2024-02-28T00:00:00Z", "2024-02-29T00:00:00Z", "2025-02-01T00:00:00Z",
                        "2026-01-31T00:00:00Z", "2026-02-01T00:00:00Z"});
  EXPECT_EQ(superseded(all, {.monthly = 4}), of({"2024-02-28T00:00:00Z"}));
}

TEST(Superseded, WhatOneRuleWantsStays) {
  const times all = of({"2026-01-31T10:00:00Z", "2026-02-26T10:00:00Z", "2026-02-27T10:00:00Z",
                        "2026-02-28T10:00:00Z", "2026-02-28T11:00:00Z"});
  EXPECT_EQ(superseded(all, {.last = 2, .daily = 2, .monthly = 2}), of({"2026-02-26T10:00:00Z"}));
}

/// The same by looking at all pairs. The ISO week is asked of the system.
times by_definition(const times& all, const retention& keep) {
  const auto key = [](const char* format, sys_seconds t) {
    const std::time_t when = t.time_since_epoch().count();
    std::tm parts;
    char text[32];
    std::strftime(text, sizeof text, format, ::gmtime_r(&when, &parts));
    return std::string(text);
  };
  std::set<sys_seconds> stay{all.back()};
  const std::pair<const char*, std::optional<unsigned>> rules[] = {
      {"%s", keep.last}, {"%F", keep.daily}, {"%G-%V", keep.weekly}, {"%Y-%m", keep.monthly}};
  for (const auto& [format, most] : rules) {
    std::map<std::string, sys_seconds> newest; // Sorted by times as well, between years 0 and 9999.
    for (const auto t : all) newest[key(format, t)] = t;
    times ends;
    for (const auto& [period, t] : newest) ends.push_back(t);
    std::sort(ends.rbegin(), ends.rend());
    ends.resize(std::min<std::size_t>(ends.size(), most.value_or(0)));
    stay.insert(ends.begin(), ends.end());
  }
  times gone;
  for (const auto t : all) {
    if (!stay.contains(t)) gone.push_back(t);
  }
  return gone;
}

class RandomSeries : public ::testing::Test {
protected:
  times series() {
    // Some dense, some sparse.
    const std::uint64_t span = 86400ULL << random() % 12;
    std::set<sys_seconds> all;
    for (std::uint64_t n = 1 + random() % 60; n != 0; --n)
      all.insert(sys_days(2019y / 12 / 20) + seconds(random() % span));
    return {all.begin(), all.end()};
  }

  std::optional<unsigned> some() {
    return random() % 3 == 0 ? std::nullopt : std::optional(static_cast<unsigned>(random() % 12));
  }

  retention rules() { return {some(), some(), some(), some()}; }

  std::mt19937_64 random{20261126};
};

TEST_F(RandomSeries, GoAsTheRulesAreDefined) {
  for (int i = 0; i < 3000; ++i) {
    const times all = series();
    const retention keep = rules();
    if (keep.keeps_all()) continue;
    ASSERT_EQ(superseded(all, keep), by_definition(all, keep));
  }
}

TEST_F(RandomSeries, NoMoreGoIfMoreIsKept) {
  for (int i = 0; i < 3000; ++i) {
    const times all = series();
    const retention keep = rules();
    retention more = keep;
    for (auto* n : {&more.last, &more.daily, &more.weekly, &more.monthly}) {
      if (*n) **n += static_cast<unsigned>(random() % 3);
    }
    const times gone = superseded(all, keep), fewer = superseded(all, more);
    ASSERT_TRUE(std::includes(gone.begin(), gone.end(), fewer.begin(), fewer.end()));
    ASSERT_TRUE(std::find(gone.begin(), gone.end(), all.back()) == gone.end());
  }
}

TEST_F(RandomSeries, WhatStaysStaysWhenAskedAgain) {
  for (int i = 0; i < 3000; ++i) {
    const times all = series();
    const retention keep = rules();
    const times gone = superseded(all, keep);
    times rest;
    std::set_difference(all.begin(), all.end(), gone.begin(), gone.end(), std::back_inserter(rest));
    ASSERT_TRUE(superseded(rest, keep).empty());
  }
}

// -------------------------------------------------------------------------------- incomplete ones

using clones = std::vector<series_clone>;

clones named(std::initializer_list<const char*> names) {
  clones all;
  for (const char* name : names) all.push_back(series_clone_of(name).value());
  return all;
}

TEST(SeriesName, SaysWhatIsIncomplete) {
  const series_clone half = series_clone_of("2026-11-26T01:00:01Z.incomplete").value();
  EXPECT_FALSE(half.complete);
  EXPECT_EQ(half.time, at("2026-11-26T01:00:01Z"));
  EXPECT_EQ(series_name(half), "2026-11-26T01:00:01Z.incomplete");
  EXPECT_TRUE(series_clone_of("2026-11-26T01:00:01Z")->complete);
  for (const char* name :
       {"2026-11-26T01:00:01Z.", ".incomplete", "2026-11-26T01:00:01.incomplete",
        "2026-11-26T01:00:01Z.incomplete.incomplete", "2026-11-26T01:00:01Zincomplete"})
    EXPECT_FALSE(series_clone_of(name)) << name;
}

TEST(Superseded, AnIncompleteOneNeverStandsForACompleteOne) {
  const clones all =
      named({"2026-01-01T01:00:00Z", "2026-01-01T13:00:00Z.incomplete", "2026-01-02T01:00:00Z"});
  for (const retention& keep :
       {retention{.last = 2}, retention{.daily = 2}, retention{.last = 2, .monthly = 1}})
    EXPECT_EQ(superseded(all, keep), named({"2026-01-01T13:00:00Z.incomplete"}));
}

TEST(Superseded, AnIncompleteOneStaysForWantOfACompleteOne) {
  const clones all = named({"2026-01-01T01:00:00Z.incomplete", "2026-01-02T01:00:00Z.incomplete",
                            "2026-01-02T02:00:00Z.incomplete", "2026-01-03T01:00:00Z"});
  EXPECT_EQ(superseded(all, {.daily = 3}), named({"2026-01-02T01:00:00Z.incomplete"}));
  EXPECT_EQ(superseded(all, {.daily = 2}),
            named({"2026-01-01T01:00:00Z.incomplete", "2026-01-02T01:00:00Z.incomplete"}));
  EXPECT_EQ(superseded(all, {.monthly = 5}).size(), 3U);
  EXPECT_EQ(superseded(all, {.last = 9}).size(), 3U);
  EXPECT_EQ(superseded(all, {}), clones());
}

TEST(Superseded, AnIncompleteOneStaysUntilACompleteOneHasComeAfterIt) {
  const clones all =
      named({"2026-01-01T01:00:00Z", "2026-01-02T01:00:00Z", "2026-01-02T02:00:00Z.incomplete"});
  EXPECT_EQ(superseded(all, {.last = 1}), named({"2026-01-01T01:00:00Z"}));
  const clones none = named({"2026-01-01T01:00:00Z.incomplete", "2026-01-02T01:00:00Z.incomplete"});
  EXPECT_EQ(superseded(none, {.last = 1}), clones());
}

} // namespace
} // namespace afio::algorithms
