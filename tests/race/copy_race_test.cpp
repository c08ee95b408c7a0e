// Every stop of afio-cptree and its like, with the source or the copy changed under it right there:
// the part that is quick. The controls come first: a race that they survive would prove nothing.
#include "tests/race/contenders.hpp"
#include "tests/race/race.hpp"
#include "tests/race/watch.hpp"
#include "tests/support/pace.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace afio::testing {
namespace {

using enum swap_kind;
constexpr side source = side::source, target = side::target, older = side::older;

struct fall {
  contender (*control)(task);
  task does;
  swap_plan plan;
  outcome how;
  std::uint64_t step = 1;
};

class CopyControl : public race_fixture<::testing::TestWithParam<fall>> {};

TEST_P(CopyControl, Falls) {
  const auto [control, does, plan, how, step] = GetParam();
  const contender tool = control(does);
  const tally counted = explore(tool, plan, step * quick_step(3));
  print_line(tool, plan, counted);
  EXPECT_GT(counted.with(how), 0U);
}

INSTANTIATE_TEST_SUITE_P(
    Races, CopyControl,
    ::testing::Values(
        fall{cp, task::copies, {directory_symlink_absolute, 2, 0, source}, outcome::leaked},
        fall{
            cp, task::copies, {directory_symlink_absolute, 2, 0, target}, outcome::touched_outside},
        fall{
            cp, task::merges, {directory_symlink_absolute, 2, 0, target}, outcome::touched_outside},
        fall{cp, task::merges, {file_symlink, 2, 0, target}, outcome::touched_outside},
        fall{copytree, task::copies, {directory_symlink_absolute, 2, 0, source}, outcome::leaked},
        fall{copytree, task::copies, {file_symlink, 2, 0, source}, outcome::leaked},
        fall{copytree, task::merges, {file_symlink, 2, 0, target}, outcome::touched_outside}),
    [](const auto& one) {
      const auto tool = one.param.control(one.param.does);
      const char* does = one.param.does == task::merges ? " merges " : " copies ";
      return as_name(tool.name + does + print(one.param.plan));
    });

contender clone_control(task) { return naive_clone(); }

contender merge_control(task) { return naive_merge(); }

INSTANTIATE_TEST_SUITE_P(OlderRaces, CopyControl,
                         ::testing::Values(fall{clone_control,
                                                task::clones,
                                                {directory_symlink_absolute, 2, 0, source},
                                                outcome::leaked,
                                                4},
                                           fall{clone_control,
                                                task::clones,
                                                {directory_symlink_absolute, 2, 0, older},
                                                outcome::touched_outside,
                                                4},
                                           fall{clone_control,
                                                task::clones,
                                                {directory_symlink_absolute, 2, 0, target},
                                                outcome::touched_outside,
                                                4},
                                           fall{merge_control,
                                                task::merges_changes,
                                                {directory_symlink_absolute, 2, 0, source},
                                                outcome::leaked,
                                                4},
                                           fall{merge_control,
                                                task::merges_changes,
                                                {directory_symlink_absolute, 1, 0, older},
                                                outcome::damaged,
                                                4},
                                           fall{merge_control,
                                                task::merges_changes,
                                                {directory_symlink_absolute, 2, 0, target},
                                                outcome::touched_outside,
                                                4}),
                         [](const auto& one) {
                           return as_name(one.param.control(one.param.does).name + " " +
                                          print(one.param.plan));
                         });

class CopyRace : public race_fixture<::testing::TestWithParam<swap_plan>> {
protected:
  static void expect_no_failure(const contender& tool) {
    const tally counted = explore(tool, GetParam(), 5 * quick_step(5));
    print_line(tool, GetParam(), counted);
    EXPECT_EQ(counted.failures(), 0U) << counted.first_failure;
    EXPECT_GT(counted.dangerous, 0U);
  }
};

TEST_P(CopyRace, ANewCopyIsTrueAndTouchesNothing) { expect_no_failure(afio_cptree()); }

TEST_P(CopyRace, AMergedCopyIsTrueAndTouchesNothing) {
  expect_no_failure(afio_cptree({"--merge"}));
}

TEST_P(CopyRace, AnUpdatedCopyIsTrueAndTouchesNothing) { expect_no_failure(afio_update()); }

constexpr swap_plan of_sources[] = {{directory_symlink_absolute, 2, 0, source},
                                    {directory_symlink_relative, 1, 2, source},
                                    {directory_other, 2, 0, source},
                                    {directory_fifo, 2, 0, source},
                                    {file_symlink, 2, 0, source},
                                    {directory_mount, 2, 0, source},
                                    {file_mount, 2, 0, source},
                                    {moved_out, 2, 0, source}};
constexpr swap_plan of_targets[] = {{directory_symlink_absolute, 2, 0, target},
                                    {directory_other, 2, 1, target},
                                    {directory_file, 1, 0, target},
                                    {directory_mount, 2, 0, target},
                                    {file_symlink, 2, 0, target},
                                    {moved_out, 2, 0, target}};

INSTANTIATE_TEST_SUITE_P(Sources, CopyRace, ::testing::ValuesIn(of_sources), plan_of);
INSTANTIATE_TEST_SUITE_P(Targets, CopyRace, ::testing::ValuesIn(of_targets), plan_of);

// What is older, a clone or a base, is a tree more that can change, and must not be changed.
class OlderRace : public CopyRace {};

TEST_P(OlderRace, ACloneIsTrueAndTouchesNothing) { expect_no_failure(afio_clone()); }

TEST_P(OlderRace, ASeriesIsTrueAndTouchesNothing) {
  expect_no_failure(afio_series({"--compare=quick"}));
}

TEST_P(OlderRace, AMergeOfChangesIsTrueAndTouchesNothing) {
  expect_no_failure(afio_merge({"--conflict=source"}));
}

constexpr swap_plan with_something_older[] = {{directory_symlink_absolute, 2, 0, source},
                                              {directory_other, 1, 0, source},
                                              {file_symlink, 2, 0, source},
                                              {directory_symlink_absolute, 1, 0, older},
                                              {directory_other, 2, 0, older},
                                              {directory_fifo, 2, 0, older},
                                              {file_symlink, 2, 0, older},
                                              {file_mount, 2, 0, older},
                                              {moved_out, 2, 0, older},
                                              {directory_symlink_absolute, 2, 0, target},
                                              {directory_other, 2, 0, target},
                                              {file_symlink, 2, 0, target},
                                              {moved_out, 1, 0, target}};

INSTANTIATE_TEST_SUITE_P(Trees, OlderRace, ::testing::ValuesIn(with_something_older), plan_of);

// A directory exchanged in before its name is read is in the tree, and then its files get names in
// the copy, rightly; the judge would count the names as a change.
constexpr swap_plan of_linked_sources[] = {{directory_symlink_absolute, 2, 0, source},
                                           {directory_symlink_relative, 1, 2, source},
                                           {directory_fifo, 2, 0, source},
                                           {file_symlink, 2, 0, source},
                                           {directory_mount, 2, 0, source},
                                           {file_mount, 2, 0, source},
                                           {moved_out, 2, 0, source}};

class LinkRace : public CopyRace {};

TEST_P(LinkRace, ATreeOfHardLinksIsTrueAndTouchesNothing) {
  expect_no_failure(afio_cptree({"--link=hard"}));
}

INSTANTIATE_TEST_SUITE_P(Sources, LinkRace, ::testing::ValuesIn(of_linked_sources), plan_of);
INSTANTIATE_TEST_SUITE_P(Targets, LinkRace, ::testing::ValuesIn(of_targets), plan_of);

// Nothing of the scene can be exchanged with what is on the other file system.
class MoveRace : public CopyRace {};

TEST_P(MoveRace, AMoveToAnotherFileSystemIsTrueAndLosesNothing) {
  expect_no_failure(afio_mvtree());
}

INSTANTIATE_TEST_SUITE_P(Sources, MoveRace, ::testing::ValuesIn(of_sources), plan_of);

class CopyWatch : public race_fixture<> {};

TEST_F(CopyWatch, ControlsFall) {
  const auto half = watch(cp(task::copies)), open = watch(copytree(task::copies));
  print_line(cp(task::copies), half);
  print_line(copytree(task::copies), open);
  EXPECT_GT(half.torn, 0U);
  EXPECT_GT(open.torn, 0U);
  EXPECT_GT(open.wider, 0U);
}

TEST_F(CopyWatch, NobodyMayMoreThanInTheSourceAndNamesAreOldOrNew) {
  for (const auto& tool : {afio_cptree(), afio_cptree({"--threads=2"}), afio_cptree({"--merge"}),
                           afio_cptree({"--merge", "--threads=2"}), afio_update(), afio_clone(),
                           afio_clone({"--threads=2"}), afio_merge()}) {
    const auto seen = watch(tool);
    print_line(tool, seen);
    EXPECT_EQ(seen.failures(), 0U) << seen.first_failure;
    EXPECT_GT(seen.guarded, 0U);
    EXPECT_GT(seen.unfinished, 0U);
  }
}

} // namespace
} // namespace afio::testing
