#!/bin/bash
# Starts a benchmark where Bazel keeps what it needs: run as NAME, it is NAME.py.
set -euo pipefail

runfiles=${RUNFILES_DIR:-$0.runfiles}
# "afio" there, or "_main" of a Bazel with modules.
exec python3 -B "$runfiles"/*/"tests/benchmarks/$(basename "$0").py" "$@"
