#!/usr/bin/env bash
# Measures what the engine costs beside the arithmetic, and what TensorFlow does, where Python
# (PYTHON, else python3) has it.
#   Tests/tensorflow_overhead.sh [inter_op] [intra_op]     (1 1)
set -euo pipefail
cd "$(dirname "$0")/.."
. Examples/prepare.sh

inter=${1:-1} intra=${2:-1}
# shellcheck disable=SC2207
options=(-c release $(cpu_flags))
swift build "${options[@]}" --product benchmarks
"$(swift build "${options[@]}" --show-bin-path)/benchmarks" --inter-op "$inter" --intra-op "$intra"

python=${PYTHON:-python3}
if "$python" -c 'import tensorflow' 2>/dev/null; then
  "$python" Tests/tensorflow_overhead.py "$inter" "$intra"
else
  say "$python has no TensorFlow"
fi
