#!/bin/bash
# Starts the test where Bazel keeps what it needs.
set -euo pipefail

exec python3 -B tests/docs/json_schema_test.py
