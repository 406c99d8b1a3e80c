#!/usr/bin/env bash
# From a fresh machine to a report of a neural-network potential for silicon.
set -euo pipefail
cd "$(dirname "$0")/.."
. Examples/prepare.sh

say "This installs OpenBLAS if it is missing, builds panna for this processor and runs the silicon"
say "study: molecular dynamics, descriptors, training with forces, evaluation, dynamics, a report"
prepare

say "Building (release)"
# shellcheck disable=SC2046
swift build -c release --product panna $(cpu_flags)
# shellcheck disable=SC2046
PANNA="$(swift build -c release --product panna $(cpu_flags) --show-bin-path)/panna"
export PANNA

Examples/silicon/run.sh "$@"
