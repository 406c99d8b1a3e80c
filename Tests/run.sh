#!/usr/bin/env bash
# Prepares the machine and runs every test. Arguments are passed on to `swift test`:
#   Tests/run.sh --filter SessionTests
set -euo pipefail
cd "$(dirname "$0")/.."
. Examples/prepare.sh

say "This installs OpenBLAS if it is missing, checks the formatting, builds and runs all tests"
prepare

say "Formatting"
swift format lint --strict --recursive Sources Tests Package.swift

long=$(find Sources -name '*.swift' -exec wc -l {} + | awk '$2 != "total" && $1 > 600 {print $2}')
[ -z "$long" ] || fail "source files of more than 600 lines: $long"

say "Building and testing (release)"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# A folder of its own: test builds have other flags than the program's.
# shellcheck disable=SC2046
swift test -c release --scratch-path .build-tests -Xswiftc -enable-testing $(cpu_flags) "$@" 2>&1 |
  tee "$log" | grep -v -E '^◇|✔ Test case|started\.$'
if grep -E '^[^ ]+\.swift:[0-9]+:[0-9]+: warning:' "$log"; then
  fail "the build has warnings"
fi
say "All tests passed"
