// Small services of the process that files need.
#pragma once

#include "afio/handle.hpp"

namespace afio {

/// Makes room in the process's descriptor table for `count` descriptors at once. In a process with
/// one thread this takes about a microsecond; once there are more, the kernel waits for all
/// processors each time that the table doubles (64, 128, 256, …), 8 ms a time as measured. So call
/// it early where many files will be open. `any` is some open handle. EINVAL beyond RLIMIT_NOFILE.
/// No allocation.
result<void> reserve_descriptors(const handle& any, unsigned count) noexcept;

} // namespace afio
