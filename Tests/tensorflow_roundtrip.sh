#!/usr/bin/env bash
# Lets TensorFlow run graphs that this engine exported and compares what both compute.
# Needs a build of the tests (Tests/run.sh) and a Python with TensorFlow (PYTHON, else python3);
# without TensorFlow nothing is done.
set -euo pipefail
cd "$(dirname "$0")/.."
. Examples/prepare.sh

python_with tensorflow TensorFlow

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
say "Exporting graphs"
TENSORFLOW_EXPORTS=$folder run_quietly TensorFlowRoundTripTests
say "Running them in TensorFlow"
"$python" Tests/tensorflow_roundtrip.py "$folder"
