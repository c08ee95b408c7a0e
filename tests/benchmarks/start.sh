#!/bin/bash
# Starts a benchmark where Bazel keeps what it needs: run as NAME, it is NAME.py.
set -euo pipefail

runfiles=${RUNFILES_DIR:-$0.runfiles}
exec python3 -B "$runfiles/afio/tests/benchmarks/$(basename "$0").py" "$@"
