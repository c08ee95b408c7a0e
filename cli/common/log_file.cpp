#include "cli/common/log_file.hpp"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>

#include <cerrno>
#include <cstdio>
#include <exception>
#include <system_error>

namespace afio::cli {

namespace {

/// Zero, or the errno. spdlog alone would make missing directories, and say why not at length.
int try_to_append(const std::string& path) noexcept {
  std::FILE* const file = std::fopen(path.c_str(), "ae");
  if (file == nullptr) return errno;
  std::fclose(file);
  return 0;
}

} // namespace

log_file::log_file() noexcept = default;

log_file::log_file(const std::string& tool, const std::string& path) try {
  if (const int why = try_to_append(path)) {
    problem_ = std::system_category().message(why);
    return;
  }
  lost_ = std::make_shared<std::atomic<bool>>(false);
  logger_ = std::make_shared<spdlog::logger>(
      tool, std::make_shared<spdlog::sinks::basic_file_sink_mt>(path));
  logger_->set_error_handler([lost = lost_](const std::string&) { lost->store(true); });
  logger_->flush_on(spdlog::level::err);

} catch (const std::exception& e) {

  problem_ = e.what();
}

log_file::~log_file() { flush(); }

// spdlog catches what goes wrong inside it and calls the handler, so these do not throw.

void log_file::info(std::string_view text) noexcept {
  if (logger_) logger_->info("{}", text);
}

void log_file::warn(std::string_view text) noexcept {
  if (logger_) logger_->warn("{}", text);
}

void log_file::error(std::string_view text) noexcept {
  if (logger_) logger_->error("{}", text);
}

bool log_file::flush() noexcept {
  if (!logger_) return true;
  logger_->flush();
  return !lost_->load();
}

} // namespace afio::cli
