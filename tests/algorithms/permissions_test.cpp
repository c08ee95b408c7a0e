// Deletion by a user who may not do all that root may.
#include "tests/algorithms/removal_scene.hpp"

#include <sys/stat.h>

namespace afio::unit {
namespace {

namespace fs = std::filesystem;
using testing::manifest;

/// A tree `t` that belongs to nobody, in a directory that does too.
class Permissions : public removal_scene {
protected:
  void SetUp() override {
    if (const auto reason = no_other_user(); !reason.empty()) GTEST_SKIP() << reason;
  }

  void make_nobodys(std::string_view literal) {
    make(literal);
    give_to(nobody, scratch.path());
  }

  /// As nobody. What is expected of the report and of `told` is expected in there.
  void remove_as_nobody(const remove_options& options,
                        const std::function<void(const remove_report&)>& expected) {
    EXPECT_EQ(as_user(nobody, [&] { expected(remove(options)); }), 0);
  }

  void expect_no_failure(const remove_options& options) {
    remove_as_nobody(options,
                     [&](const remove_report& done) { EXPECT_EQ(done.failures, 0U) << told; });
    EXPECT_EQ(names(), nothing_left);
  }

  manifest now() const { return manifest(scratch.path()); }
};

AFIO_WITH_1_2_AND_3_THREADS(Permissions);

const remove_options forcing = {.permissions = permissions::force};
const remove_options all_or_nothing = {.extent = extent::all_or_nothing};

// --------------------------------------------------------------------------------------- respect

TEST_P(Permissions, AnUnreadableEmptyDirectoryIsDeleted) {
  make_nobodys("d t/none 0000\n d t/unlisted 0300\n d t/a/none 0000");
  expect_no_failure({});
}

TEST_P(Permissions, AnUnreadableEmptyRootIsDeleted) {
  make_nobodys("d t 0000");
  expect_no_failure({});
}

TEST_P(Permissions, AnUnreadableRootThatIsNotEmptyIsAFailureByName) {
  make_nobodys("f t/x 1\n d t 0000");
  const manifest before = now();
  remove_as_nobody({}, [&](const remove_report&) {
    EXPECT_EQ(told.failure_alone().path, "t");
    EXPECT_EQ(told.failure_alone().why.native(), EACCES);
  });
  EXPECT_EQ(difference(before, now()), "");
}

TEST_P(Permissions, AnUnreadableDirectoryThatIsNotEmptyIsAFailureByName) {
  make_nobodys("f t/none/x 1\n d t/none 0000\n f t/a 1");
  remove_as_nobody({}, [&](const remove_report& done) {
    EXPECT_EQ(done.deleted, 1U);
    EXPECT_EQ(told.failure_alone().path, "t/none");
    EXPECT_EQ(told.failure_alone().what, operation::open);
    EXPECT_EQ(told.failure_alone().why.native(), EACCES);
  });
  EXPECT_EQ(left(), (list{"t", "t/none", "t/none/x"}));
}

TEST_P(Permissions, OfADirectoryThatForbidsChangesEachEntryIsAFailureByName) {
  make_nobodys("f t/fixed/x 1\n f t/fixed/y 1\n d t/fixed 0555\n f t/a 1");
  remove_as_nobody({}, [&](const remove_report& done) {
    EXPECT_EQ(done.deleted, 1U);
    EXPECT_EQ(told.failed_paths(), (lines{"t/fixed/x", "t/fixed/y"}));
    for (const auto& f : told.failures) EXPECT_EQ(f.why.native(), EACCES);
  });
  EXPECT_EQ(left(), (list{"t", "t/fixed", "t/fixed/x", "t/fixed/y"}));
}

TEST_P(Permissions, NoModeIsChangedUnlessForced) {
  make_nobodys("f t/none/x 1\n d t/none 0000\n f t/fixed/x 1\n d t/fixed 0500\n d t 0700");
  const manifest before = now();
  remove_as_nobody({}, [](const remove_report& done) { EXPECT_EQ(done.failures, 2U); });
  EXPECT_EQ(difference(before, now()), "");
}

TEST_P(Permissions, ARootInADirectoryThatForbidsChangesStaysEmpty) {
  make_nobodys("f t/a 1");
  fs::permissions(scratch.path(), fs::perms(0555));
  remove_as_nobody({}, [&](const remove_report& done) {
    EXPECT_EQ(done.deleted, 1U);
    EXPECT_EQ(told.failure_alone().path, "t");
    EXPECT_EQ(told.failure_alone().why.native(), EACCES);
  });
  EXPECT_EQ(left(), list{"t"});
}

// ----------------------------------------------------------------------------------------- force

TEST_P(Permissions, ForceDeletesWhatIsInAnUnreadableDirectory) {
  for (const char* mode : {"0000", "0100", "0200", "0300", "0400", "0500", "0600"}) {
    make_nobodys(std::string("f t/d/x 1\n f t/d/y 1\n d t/d ") + mode);
    SCOPED_TRACE(mode);
    expect_no_failure(forcing);
  }
}

TEST_P(Permissions, ForceDeletesWhereOnlyDirectoriesAreInTheWay) {
  for (const char* mode : {"0000", "0100", "0200", "0300", "0400", "0500", "0600"}) {
    make_nobodys(std::string("f t/d/deeper/x 1\n d t/d/empty\n d t/d ") + mode);
    SCOPED_TRACE(mode);
    expect_no_failure(forcing);
  }
}

TEST_P(Permissions, ForceDeletesBelowDirectoriesThatAllForbid) {
  make_nobodys("f t/a/b/c/x 1\n d t/a/b/c 0000\n d t/a/b 0000\n d t/a 0000\n d t 0000");
  expect_no_failure(forcing);
}

TEST_P(Permissions, ForceDeletesALargeDirectoryThatForbids) {
  make("d t/d");
  make_files(scratch / "t/d", 2000);
  give_to(nobody, scratch.path());
  fs::permissions(scratch / "t/d", fs::perms(0500));
  expect_no_failure(forcing);
}

TEST_P(Permissions, ForceDoesNotTouchWhatForbidsNothing) {
  make_nobodys("f t/a/x 1\n d t/b 0700");
  remove_as_nobody(forcing, [&](const remove_report&) {});
  EXPECT_EQ(names(), nothing_left);
}

/// Files of root's in a sticky directory survive.
TEST_P(Permissions, SurvivorsGetTheirModesBack) {
  make_nobodys(R"(
    f t/none/x 1
    f t/none/sticky/roots 1
    f t/none/sticky/own 1
    d t/none/sticky 1777
    o t/none/sticky 0 0
    o t/none/sticky/roots 0 0
    d t/none 0000
    f t/fixed/deeper/sticky/roots 1
    d t/fixed/deeper/sticky 1777
    d t/fixed/deeper 0555
    d t/fixed 0500
    d t 0100
  )");
  for (const char* roots : {"t/none/sticky", "t/none/sticky/roots", "t/fixed/deeper/sticky",
                            "t/fixed/deeper/sticky/roots"}) {
    ASSERT_EQ(::lchown((scratch / roots).c_str(), 0, 0), 0);
  }
  const manifest before = now();
  remove_as_nobody(forcing, [&](const remove_report& done) {
    EXPECT_EQ(done.deleted, 2U) << "its own files";
    EXPECT_EQ(told.failed_paths(), (lines{"t/fixed/deeper/sticky/roots", "t/none/sticky/roots"}));
  });
  const manifest after = now();
  EXPECT_FALSE(after.entries.contains("t/none/x"));
  for (const auto& [path, entry] : after.entries) {
    EXPECT_EQ(entry.mode, before.entries.at(path).mode) << path;
  }
}

/// Whatever single call fails on the way: nothing that survives is wider than it was.
TEST_P(Permissions, SurvivorsGetTheirModesBackWhateverFails) {
  for (const auto which : {call::openat2, call::openat, call::getdents64, call::unlinkat,
                           call::statx, call::renameat2}) {
    bool failed = true;
    for (std::uint64_t nth = 1; failed; ++nth) {
      testing::remove_by_force(scratch / "t");
      make_nobodys("f t/none/a/x 1\n d t/none/a 0100\n d t/none 0000\n f t/y 1\n d t 0500");
      const manifest before = now();
      const int calls = as_user(nobody, [&] {
        const armed failing({.which = which, .nth = nth, .native = EIO});
        (void)try_remove("t", forcing);
        ::_exit(detail::calls_seen(which) >= nth ? 2 : 3);
      });
      failed = calls == 2;
      for (const auto& [path, entry] : now().entries) {
        EXPECT_EQ(entry.mode, before.entries.at(path).mode)
            << path << " after " << name_of(which) << ' ' << nth;
      }
      ASSERT_LT(nth, 500U);
    }
  }
}

TEST_P(Permissions, ADirectoryThatKeepsGrowingGetsItsModeBack) {
  make_nobodys("f t/d/x 1\n d t/d 0500");
  EXPECT_EQ(as_user(nobody,
                    [&] {
                      int count = 0;
                      const just_before appears(
                          call::unlinkat, 2,
                          [&] { touch(scratch / "t/d" / std::to_string(++count)); },
                          detail::fault::repeat::for_ever);
                      remove(forcing);
                      EXPECT_EQ(told.failure_alone().why, errc::still_growing);
                    }),
            0);
  EXPECT_EQ(now().entries.at("t/d").mode, 0500U);
}

TEST_P(Permissions, ForceDoesNotChangeWhatIsSomebodyElses) {
  make_nobodys("f t/d/x 1\n d t/d 0755");
  for (const char* roots : {"t/d", "t/d/x"}) {
    ASSERT_EQ(::lchown((scratch / roots).c_str(), 0, 0), 0);
  }
  const manifest before = now();
  remove_as_nobody(forcing, [&](const remove_report&) {
    EXPECT_EQ(told.failure_alone().path, "t/d/x");
    EXPECT_EQ(told.failure_alone().why.native(), EACCES);
  });
  EXPECT_EQ(difference(before, now()), "");
}

TEST_P(Permissions, ForceOfContentsGivesTheRootItsModeBack) {
  make_nobodys("f t/x 1\n f t/d/y 1\n d t 0500");
  EXPECT_EQ(as_user(nobody,
                    [&] {
                      const auto done = remove_contents(
                          anchor(scratch / "t"), "t",
                          {.tree = {.threads = GetParam()}, .permissions = permissions::force},
                          told);
                      EXPECT_EQ(take(done).failures, 0U) << told;
                    }),
            0);
  EXPECT_EQ(left(), list{"t"});
  EXPECT_EQ(now().entries.at("t").mode, 0500U);
}

TEST_P(Permissions, ARootThatCannotBeRemovedGetsItsModeBack) {
  make_nobodys("f t/x 1\n d t 0500");
  fs::permissions(scratch.path(), fs::perms(0555));
  remove_as_nobody(forcing, [&](const remove_report& done) { EXPECT_EQ(done.deleted, 1U); });
  EXPECT_EQ(now().entries.at("t").mode, 0500U);
}

// --------------------------------------------------------------------------------- all or nothing

TEST_P(Permissions, AllGoesBackIfADirectoryForbidsChanges) {
  make_nobodys("f t/a/x 1\n f t/fixed/y 1\n d t/fixed 0555\n f t/z 1");
  const manifest before = now();
  remove_as_nobody(all_or_nothing, [&](const remove_report& done) {
    EXPECT_EQ(done.deleted, 0U);
    EXPECT_EQ(done.left_as, std::nullopt);
    EXPECT_GE(done.failures, 1U);
  });
  EXPECT_EQ(difference(before, now()), "");
}

TEST_P(Permissions, AllGoesBackIfADirectoryCannotBeRead) {
  for (const char* mode : {"0000", "0100", "0300", "0400"}) {
    testing::remove_by_force(scratch / "t");
    make_nobodys(std::string("f t/a/x 1\n f t/d/none/y 1\n f t/z 1\n d t/d/none ") + mode);
    const manifest before = now();
    remove_as_nobody(all_or_nothing, [&](const remove_report& done) {
      EXPECT_EQ(done.deleted, 0U);
      EXPECT_EQ(done.left_as, std::nullopt) << told;
      EXPECT_EQ(told.failed_paths().front().substr(0, 8), "t/d/none");
    });
    EXPECT_EQ(difference(before, now()), "") << mode;
  }
}

TEST_P(Permissions, NothingIsBegunIfTheRootCannotBeMoved) {
  make_nobodys("f t/a/x 1");
  fs::permissions(scratch.path(), fs::perms(0555));
  const manifest before = now();
  EXPECT_EQ(
      as_user(nobody, [&] { EXPECT_TRUE(failed_with(try_remove("t", all_or_nothing), EACCES)); }),
      0);
  EXPECT_EQ(difference(before, now()), "");
}

} // namespace
} // namespace afio::unit
