// Included by a test's program: what it mounts is seen by no other, and gone with it however it
// ends, a kill included.
#pragma once

#include <sched.h>
#include <sys/mount.h>

namespace afio::testing {

/// Before anything is opened, because a handle stays in the namespace that it was opened in.
inline const bool has_own_mounts =
    ::unshare(CLONE_NEWNS) == 0 &&
    ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;

} // namespace afio::testing
