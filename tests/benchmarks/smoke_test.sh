#!/bin/bash
# Proves that the benchmarks run and write their pages. Small trees, once each: it measures nothing.
set -euo pipefail

if ((EUID != 0)) || ! unshare --mount true 2>/dev/null; then
  echo "SKIPPED: the benchmarks mount file systems of their own, which needs root"
  exit 0
fi

here=$(dirname "$0")
output=$(mktemp -d)
trap 'rm -rf "$output"' EXIT
# Mounts and images are made below it, so that they can be told from those of others.
export TMPDIR=$output
small=(--runs=1 --scale=0.002 --patience=0 --output="$output")

expect() {
  if ! grep --quiet --fixed-strings -- "$2" "$output/$1"; then
    echo "FAILED: $1 does not say: $2"
    cat "$output/$1"
    exit 1
  fi
}

reject() {
  if grep --fixed-strings -- "$2" "$output/$1"; then
    echo "FAILED: $1 says: $2"
    cat "$output/$1"
    exit 1
  fi
}

run() {
  local name=$1
  shift
  python3 -B "$here/$name.py" "${small[@]}" "$@"
  for file in "$name.md" "$name.svg" "$name.json"; do
    test -s "$output/$file"
  done
  expect "$name.md" "A trial"
  python3 -B -c 'import json, sys, xml.dom.minidom as xml
json.load(open(sys.argv[1] + ".json"))
xml.parse(sys.argv[1] + ".svg")' "$output/$name"
}

run remove_tree --trees=wide,chain,million --peers=find
expect remove_tree.md "| 1,000 directories of 100 files | tmpfs | afio-rmtree |"
expect remove_tree.md "peak memory"
reject remove_tree.md "## Left out"
if grep --quiet ext4 /proc/filesystems && [[ -e /dev/loop-control ]]; then
  expect remove_tree.md "| a chain of 2,000 directories | ext4 | time / rm |"
fi
run summarize --trees=wide,source --filesystems=tmpfs
expect summarize.md "| a source-like mix of 75,000 files | tmpfs | summarize |"
reject summarize.md "## Left out"

run copy_tree --trees=wide,source --filesystems=tmpfs --peers=cp
expect copy_tree.md "| a source-like mix of 75,000 files | tmpfs | afio-cptree |"
reject copy_tree.md "## Left out"

if grep --quiet xfs /proc/filesystems && [[ -e /dev/loop-control ]]; then
  run share_tree --trees=wide --filesystems=xfs
  expect share_tree.md "of 100 files of 4 KiB | xfs | afio-cptree |"
  reject share_tree.md "## Left out"
fi

run compare_content --trees=wide --filesystems=tmpfs --peers=diff
expect compare_content.md "of 100 files of 4 KiB | tmpfs | afio-diff |"
reject compare_content.md "## Left out"
run compare_quick --trees=source --filesystems=tmpfs
expect compare_quick.md "| a source-like mix of 75,000 files | tmpfs | afio-diff |"
reject compare_quick.md "## Left out"

run clone_tree --trees=wide --filesystems=tmpfs
expect clone_tree.md "of 100 files of 4 KiB | tmpfs | afio-clone |"
reject clone_tree.md "## Left out"

for name in update_tree update_basic update_changed; do
  run "$name" --trees=wide --filesystems=tmpfs
  expect "$name.md" "of 100 files of 4 KiB | tmpfs | afio-update |"
  reject "$name.md" "## Left out"
done

run holes --filesystems=tmpfs
expect holes.md "half zeros in runs of 64 KiB | tmpfs | afio-holes |"
reject holes.md "## Left out"

# A tool that punches nothing must not look fast.
if python3 -B "$here/holes.py" "${small[@]}" --trees=long --filesystems=tmpfs \
  --peer=afio-holes=true; then
  echo "FAILED: a tool that punches nothing passed"
  exit 1
fi
expect holes.md "said that all was well"
for name in hardlinks names_of; do
  run "$name" --filesystems=tmpfs
  expect "$name.md" "5,000 of them with two names | tmpfs | afio-hardlinks |"
  reject "$name.md" "## Left out"
done

run hash --trees=copies --filesystems=tmpfs --peers=cat,cached
expect hash.md "30 % of them copies | tmpfs | afio-hash |"
reject hash.md "## Left out"

# Others stand in, because not all are installed everywhere.
links="hardlink -c -q {tree}"
finds="hardlink -c -q -n {tree}"
dedupe=(--trees=copies --filesystems=tmpfs)
run dedupe_find "${dedupe[@]}" --peers=jdupes --peer="jdupes=$finds" --peer="afio-dedupe=$finds"
expect dedupe_find.md "30 % of them copies | tmpfs | afio-dedupe |"
expect dedupe_find.md "| time / jdupes |"
reject dedupe_find.md "## Left out"
run dedupe_cached "${dedupe[@]}" --peer="rmlint=$finds" --peer="without=$finds" \
  --peer="afio-dedupe=$finds"
expect dedupe_cached.md "| rmlint | without |"
run dedupe_link "${dedupe[@]}" --peers=jdupes --peer="jdupes=$links" --peer="afio-dedupe=$links"
expect dedupe_link.md "30 % of them copies | tmpfs | afio-dedupe |"
reject dedupe_link.md "## Left out"

# A tool that only finds what it shall link must not look fast.
if python3 -B "$here/dedupe_link.py" "${small[@]}" "${dedupe[@]}" --peers=jdupes \
  --peer="jdupes=$links" --peer="afio-dedupe=$finds"; then
  echo "FAILED: a tool that links nothing passed"
  exit 1
fi
expect dedupe_link.md "copies, and said that all was well"

# A tool that updates nothing must not look fast.
if python3 -B "$here/update_changed.py" "${small[@]}" --trees=wide --filesystems=tmpfs \
  --peer=afio-update=true; then
  echo "FAILED: a tool that updates nothing passed"
  exit 1
fi
expect update_changed.md "said that all was well"

# A tool that leaves the tree where it was must not look fast.
if python3 -B "$here/remove_tree.py" "${small[@]}" --trees=wide --filesystems=tmpfs \
  --peers=rm --peer=afio-rmtree=true; then
  echo "FAILED: a tool that deletes nothing passed"
  exit 1
fi
expect remove_tree.md "said that all was well"

# Nor one that counts something else.
if python3 -B "$here/summarize.py" "${small[@]}" --trees=wide --filesystems=tmpfs \
  --peer="summarize=echo 1"; then
  echo "FAILED: a tool that counts nothing passed"
  exit 1
fi
expect summarize.md "says 1 where du says"

# Operations side by side in one process: NAME, and what its page says.
run_side_by_side() {
  "$here/$1" --rounds=3 --output="$output"
  expect "$1.md" "A trial"
  expect "$1.md" "$2"
}

run_side_by_side locks "| with a deadline |"
run_side_by_side memory "| file_memory_resource |"
run_side_by_side pages "| two threads |"
run_side_by_side reads "| file_handle::read |"
run_side_by_side mapped_reads "| copy_guarded |"
run_side_by_side page_scan "| page_map::copied |"
AFIO_BENCHMARK_INTS=1000000 run_side_by_side vectors "| trivial_vector |"

# Stopped midway, nothing is left, neither mounted nor on disk.
timeout --signal=TERM 2 python3 -B "$here/remove_tree.py" --output="$output" --trees=flat \
  --filesystems=ext4,tmpfs || status=$?
[[ $status == 124 ]]
if grep --fixed-strings "$output" /proc/self/mountinfo ||
  losetup --list --noheadings --output NAME,BACK-FILE | grep --fixed-strings "$output" ||
  ls -d "$output"/afio-benchmark-* 2>/dev/null; then
  echo "FAILED: the above is left"
  exit 1
fi
