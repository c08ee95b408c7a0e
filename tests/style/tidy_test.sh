#!/bin/bash
# clang-tidy has nothing to say of the sources in the folders given, nor of the headers that they include.
set -euo pipefail

touch "${TEST_SHARD_STATUS_FILE:-/dev/null}"
mapfile -t sources < <(find -L "$@" -name '*.cpp' | sort)
if ((${#sources[@]} < 30)); then
  echo "FAILED: only ${#sources[@]} sources are here"
  exit 1
fi

# A clang-tidy that cannot read our checks has nothing to say either.
if ! clang-tidy --list-checks --checks='-clang-analyzer-*' "${sources[0]}" -- |
  grep readability-identifier-naming >/dev/null; then
  echo "FAILED: clang-tidy does not know the checks of .clang-tidy"
  exit 1
fi

failed=0
for ((i = ${TEST_SHARD_INDEX:-0}; i < ${#sources[@]}; i += ${TEST_TOTAL_SHARDS:-1})); do
  clang-tidy --quiet --warnings-as-errors='*' --checks='-clang-analyzer-*' "${sources[i]}" -- \
    -std=c++20 -I. 2> >(grep -v 'warnings generated' >&2) || failed=1
done
exit "$failed"
