// Names as people may see them: quoted so that no byte of a name can steer a terminal.
#pragma once

#include <string>
#include <string_view>

namespace afio {

/// `name` between double quotes. Printable ASCII and valid UTF-8 above U+009F stay as they are;
/// `"` and `\` get a backslash; control characters, the C1 range, invisible and bidirectional
/// controls and bytes that are not UTF-8 become `\n`, `\t`, `\r` or `\xHH`. No two names get the
/// same text. Allocates; throws std::bad_alloc only.
std::string quoted(std::string_view name);

/// Whether `text` is UTF-8 as RFC 3629 defines it (no surrogates, no overlong forms).
bool is_utf8(std::string_view text) noexcept;

} // namespace afio
