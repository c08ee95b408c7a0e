// What a tool does to its own process before it begins.
#pragma once

namespace afio::cli {

/// To be called before any thread is made: makes sure that standard streams which are closed stay
/// unusable, raises RLIMIT_NOFILE as far as is useful, and enlarges the
/// descriptor table while that is cheap.
void prepare_process() noexcept;

} // namespace afio::cli
