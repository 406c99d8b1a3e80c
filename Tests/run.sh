#!/usr/bin/env bash
# Prepares the machine, checks the sources, builds everything and runs every test.
# Arguments are passed on to `swift test`:
#   Tests/run.sh --filter SessionTests
set -euo pipefail
cd "$(dirname "$0")/.."
. Examples/prepare.sh

say "This installs OpenBLAS and PoCL if they are missing, checks the sources, builds everything for release and"
say "runs the tests (ten to twenty minutes on two cores the first time)"
prepare
prepare_opencl

folders=(Sources Tests)
if [ -n "$(find Examples -name '*.swift' -print -quit)" ]; then folders+=(Examples); fi

say "Checking the format"
swift format lint --strict --recursive "${folders[@]}" Package.swift

say "Checking that no source is longer than 600 lines"
long=$(find "${folders[@]}" -name '*.swift' -exec wc -l {} + | awk '$2 != "total" && $1 > 600')
[ -z "$long" ] || fail "longer than 600 lines:"$'\n'"$long"


say "Building: swift build --build-tests ${test_options[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
swift build --build-tests "${test_options[@]}" 2>&1 | tee "$log"
if grep -E '(^|: )warning: ' "$log"; then
  # A warning is shown when its file is compiled and never again: the next run is to show it too.
  { grep -oE '^[^ :]+\.swift:[0-9]+:[0-9]+: warning: ' "$log" || true; } | cut -d: -f1 | sort -u |
    xargs -r touch
  fail "the build has warnings"
fi

say "Testing: swift test --skip-build ${test_options[*]} $*"
swift test --skip-build "${test_options[@]}" "$@" 2>&1 |
  { grep -v -E '^◇|^✔ Test case|started\.$' || true; }
# Everything was asked for: also what another package sees of this one.
if [ $# = 0 ]; then
  say "Testing the operations of Examples/operation, a package of its own"
  # shellcheck disable=SC2046
  swift test --package-path Examples/operation --scratch-path "$PWD/.build-example" -c release \
    -Xswiftc -enable-testing $(cpu_flags) 2>&1 | { grep -v -E '^◇|^✔ Test case|started\.$' || true; }
fi
say "All tests passed"
