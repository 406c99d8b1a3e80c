#!/usr/bin/env bash
# Lets TensorFlow run graphs that this engine exported and compares what both compute.
# Needs a build of the tests (Tests/run.sh) and a Python with TensorFlow (PYTHON, else python3);
# without TensorFlow nothing is done.
set -euo pipefail
cd "$(dirname "$0")/.."
. Examples/prepare.sh

python=${PYTHON:-python3}
if ! "$python" -c 'import tensorflow' 2>/dev/null; then
  say "Skipped: $python has no TensorFlow"
  exit 0
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# shellcheck disable=SC2207
options=(-c release --scratch-path .build-tests -Xswiftc -enable-testing $(cpu_flags))
say "Exporting graphs"
TENSORFLOW_EXPORTS=$folder swift test --skip-build "${options[@]}" \
  --filter TensorFlowRoundTripTests >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
say "Running them in TensorFlow"
"$python" Tests/tensorflow_roundtrip.py "$folder"
