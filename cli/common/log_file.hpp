// The file that --log-file appends to: a line a message, with time and level. The one user of
// spdlog.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

namespace spdlog {
class logger;
}

namespace afio::cli {

class log_file {
public:
  /// Nothing is logged.
  log_file() noexcept;
  /// Opens or makes `path`, but no directory. problem() tells why not.
  log_file(const std::string& tool, const std::string& path);
  ~log_file();

  void info(std::string_view text) noexcept;
  void warn(std::string_view text) noexcept;
  void error(std::string_view text) noexcept;

  /// Writes what is still in memory. Whether all lines could be written.
  bool flush() noexcept;

  /// Empty if the file could be opened.
  const std::string& problem() const noexcept { return problem_; }

private:
  std::shared_ptr<spdlog::logger> logger_;
  std::shared_ptr<std::atomic<bool>> lost_; ///< Whether a line could not be written.
  std::string problem_;
};

} // namespace afio::cli
