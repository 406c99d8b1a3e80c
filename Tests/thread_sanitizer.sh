#!/usr/bin/env bash
# Runs the stress tests of pools, queues and sessions many times under the thread sanitizer.
#   Tests/thread_sanitizer.sh [repetitions]     (10,000; half a minute after the build)
set -euo pipefail
cd "$(dirname "$0")/.."
. Examples/prepare.sh

repetitions=${1:-10000}
options=(-c release --scratch-path .build-sanitizer -Xswiftc -enable-testing --sanitize=thread)
say "Building with the thread sanitizer"
swift build --build-tests "${options[@]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
say "Running $repetitions repetitions of each"
STRESS_REPETITIONS=$repetitions swift test --skip-build "${options[@]}" --filter StressTests 2>&1 |
  tee "$log"
if grep -q 'WARNING: ThreadSanitizer' "$log"; then fail "the sanitizer found something"; fi
say "Nothing found"
