#include "cli/common/log_file.hpp"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>

#include <exception>

namespace afio::cli {

log_file::log_file() noexcept = default;

log_file::log_file(const std::string& tool, const std::string& path) {
  try {
    logger_ = spdlog::basic_logger_mt(tool, path);
    logger_->flush_on(spdlog::level::err);
  } catch (const std::exception& e) {
    problem_ = e.what();
  }
}

log_file::~log_file() {
  if (logger_) logger_->flush();
}

// spdlog catches what goes wrong inside it, so these do not throw.

void log_file::info(std::string_view text) noexcept {
  if (logger_) logger_->info("{}", text);
}

void log_file::warn(std::string_view text) noexcept {
  if (logger_) logger_->warn("{}", text);
}

void log_file::error(std::string_view text) noexcept {
  if (logger_) logger_->error("{}", text);
}

} // namespace afio::cli
