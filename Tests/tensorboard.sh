#!/usr/bin/env bash
# Lets TensorBoard read the event files of a training and compares them with the training's other files.
# Needs a build of the tests (Tests/run.sh) and a Python with TensorBoard (PYTHON, else python3);
# without TensorBoard nothing is done.
set -euo pipefail
cd "$(dirname "$0")/.."
. Examples/prepare.sh

python_with tensorboard TensorBoard

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
say "Training"
TENSORBOARD_TRAINING=$folder/training run_quietly TrainEventTests/aTrainingForTensorBoard
say "Reading it with TensorBoard"
"$python" Tests/tensorboard_events.py "$folder/training"
