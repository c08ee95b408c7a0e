// The file that --log-file appends to: a line a message, with time and level. The one user of spdlog.
#pragma once

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
  /// Opens or makes `path`. problem() tells why not.
  log_file(const std::string& tool, const std::string& path);
  ~log_file();

  void info(std::string_view text) noexcept;
  void warn(std::string_view text) noexcept;
  void error(std::string_view text) noexcept;

  /// Empty if all is well.
  const std::string& problem() const noexcept { return problem_; }

private:
  std::shared_ptr<spdlog::logger> logger_;
  std::string problem_;
};

} // namespace afio::cli
