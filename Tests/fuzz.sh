#!/usr/bin/env bash
# Gives every reader of files many inputs that were changed at random. A reader that traps, hangs or takes
# more than 8 GiB ends the script, and its input is kept.
#   Tests/fuzz.sh [inputs] [seed]     (200,000 each, seed 1)
# Needs a build of the tests (Tests/run.sh).
set -euo pipefail
cd "$(dirname "$0")/.."
. Examples/prepare.sh

inputs=${1:-200000} seed=${2:-1}
folder=$(mktemp -d -p "${XDG_RUNTIME_DIR:-/dev/shm}")
say "Reading $inputs inputs of each format"
ulimit -v $((8 << 20))
if FUZZ_INPUTS=$inputs FUZZ_SEED=$seed FUZZ_FOLDER=$folder timeout 7200 \
  swift test --skip-build "${test_options[@]}" --filter FuzzTests.nothingTraps >"$folder/log" 2>&1; then
  grep -E 'read, .* refused' "$folder/log"
  rm -rf "$folder"
  say "Nothing found"
else
  tail -n 20 "$folder/log"
  fail "the inputs that were being read are in $folder"
fi
