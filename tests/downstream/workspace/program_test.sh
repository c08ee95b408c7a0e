#!/bin/bash
set -euo pipefail

cd "$TEST_TMPDIR"
mkdir -p old/inner
echo contents >old/inner/file
ln -s inner/file old/link

"$TEST_SRCDIR/$TEST_WORKSPACE/program" . old new

[[ ! -e old ]]
[[ $(cat new/link) == contents ]]
