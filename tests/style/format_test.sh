#!/bin/bash
# Every source of the checkout is as clang-format leaves it.
set -euo pipefail

# The real files: a new one need not be named anywhere.
cd "$(dirname "$(readlink -f .clang-format)")"
mapfile -d '' -t sources < <(find afio algorithms cli docs tests -name '*.[ch]pp' -print0)
if ((${#sources[@]} < 500)); then
  echo "FAILED: only ${#sources[@]} sources are here"
  exit 1
fi
printf '%s\0' "${sources[@]}" | xargs -0 -n 64 -P 2 clang-format --dry-run -Werror
