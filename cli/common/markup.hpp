// Text in HTML and SVG.
#pragma once

#include <string>
#include <string_view>

namespace afio::cli {

/// `text`, so that it stands for itself between tags.
std::string for_markup(std::string_view text);

} // namespace afio::cli
