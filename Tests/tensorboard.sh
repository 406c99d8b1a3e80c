#!/usr/bin/env bash
# Lets TensorBoard read the event files of a training and compares them with the training's other files.
# Needs a build of the tests (Tests/run.sh) and a Python with TensorBoard (PYTHON, else python3);
# without TensorBoard nothing is done.
set -euo pipefail
cd "$(dirname "$0")/.."
. Examples/prepare.sh

python=${PYTHON:-python3}
if ! "$python" -c 'import tensorboard' 2>/dev/null; then
  say "Skipped: $python has no TensorBoard"
  exit 0
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# shellcheck disable=SC2207
options=(-c release --scratch-path .build-tests -Xswiftc -enable-testing $(cpu_flags))
say "Training"
TENSORBOARD_TRAINING=$folder/training swift test --skip-build "${options[@]}" \
  --filter TrainEventTests/aTrainingForTensorBoard >"$folder/log" 2>&1 ||
  { cat "$folder/log"; exit 1; }
say "Reading it with TensorBoard"
"$python" Tests/tensorboard_events.py "$folder/training"
