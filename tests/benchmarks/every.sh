#!/bin/bash
# Writes every page of docs/benchmarks, one benchmark after another. Arguments are given to those that
# compare tools: --runs=1 for a short look.
set -euo pipefail

export RUNFILES_DIR=${RUNFILES_DIR:-$0.runfiles}
pages=${AFIO_BENCHMARK_PAGES:-$BUILD_WORKSPACE_DIRECTORY/docs/benchmarks}
mkdir -p "$pages/million"
more=("$@")

run() { # NAME [OPTION…]
  echo "== $*" >&2
  "$RUNFILES_DIR"/*/"tests/benchmarks/$1" --output="$pages" "${@:2}"
}

tools() { run "$1" --runs=5 "${@:2}" "${more[@]}"; }

tools remove_tree --trees=wide,flat,chain,source --syscalls
tools remove_tree --trees=million --peers=rm --runs=3 --output="$pages/million"
tools summarize --trees=wide,flat,source --syscalls
tools copy_tree --trees=wide,source,large --filesystems=tmpfs,ext4,xfs
tools copy_tree --trees=million --filesystems=tmpfs --peers=cp --runs=3 --output="$pages/million"
tools share_tree --trees=wide
for name in compare_quick compare_content update_tree update_basic update_changed clone_tree; do
  tools "$name"
done
tools holes
tools hardlinks --syscalls
tools names_of --syscalls
for name in hash dedupe_find dedupe_link; do tools "$name"; done
tools dedupe_cached --filesystems=ext4

for name in locks reads mapped_reads page_scan memory pages; do run "$name"; done
AFIO_BENCHMARK_INTS=1000000000 run vectors
