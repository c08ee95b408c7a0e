#!/bin/bash
# Another workspace that takes afio as its users do: builds its program, runs its test, and looks at
# what Bazel had to fetch for that.
set -euo pipefail

# The real files: the workspace reaches afio through "../../..".
workspace=$(dirname "$(readlink -f "$0")")/workspace
outputs=$TEST_TMPDIR/outputs
# Bazel writes what it makes without permission to delete it.
trap 'chmod -R u+w "$outputs" 2>/dev/null; rm -rf "$outputs"' EXIT

# In a process that ends with its command: no server is left, however this ends. Nothing is taken
# from the settings of whoever runs it, nor from the internet.
batch() {
  HOME=$TEST_TMPDIR bazel --batch --nohome_rc --output_user_root="$outputs" "$@"
}

cd "$workspace"
batch test //... --symlink_prefix=/ --experimental_repository_disable_download \
  --test_output=errors --noshow_progress --color=no --curses=no

# Of what afio's own builds use, only what it is built from was asked for.
external=$(batch info output_base 2>/dev/null)/external
for name in cli11 google_benchmark googletest range-v3 spdlog; do
  if [[ -e $external/$name ]]; then
    echo "FAILED: copy_tree and remove_tree need $name"
    exit 1
  fi
done
if [[ ! -e $external/boost.outcome ]]; then
  echo "FAILED: nothing tells what was fetched: afio needs boost.outcome, which is not there"
  exit 1
fi
