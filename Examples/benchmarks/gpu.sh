#!/usr/bin/env bash
# A and B, training steps without and with forces, on a GPU, beside PyTorch on the same one where PYTHON (else
# python3) has it: milliseconds of a step, and with OPERATIONS=1 those of each operation. TF32 is off on both
# sides. The program is linked with Swift's libraries, so that it can be carried to a machine with a GPU.
#   Examples/benchmarks/gpu.sh                    builds, and measures on the first GPU
#   BUILD=no Examples/benchmarks/gpu.sh           measures with the program that was built before
#   DEVICE=opencl:0 SECONDS_EACH=5 Examples/benchmarks/gpu.sh A
set -euo pipefail
cd "$(dirname "$0")/../.."
. Examples/prepare.sh

device=${DEVICE:-gpu} seconds=${SECONDS_EACH:-3}
find_python
workloads=("$@")
[ $# -gt 0 ] || workloads=(A B)
benchmarks=.build-static/release/benchmarks

if [ "${BUILD:-yes}" != no ]; then
  prepare
  flags=()
  # Not for this machine's processor alone.
  if [ "$(uname -m)" = x86_64 ]; then flags=(-Xcc -march=x86-64-v3); fi
  swift build -c release --scratch-path .build-static --static-swift-stdlib "${flags[@]}" \
    --product benchmarks
fi
[ -x "$benchmarks" ] || fail "there is no $benchmarks; run without BUILD=no"

say "The engine on $device"
more=()
if [ -n "${OPERATIONS:-}" ]; then more=(--operations); fi
"$benchmarks" --device "$device" --seconds "$seconds" --json ${more[@]+"${more[@]}"} "${workloads[@]}"

if "$python" -c 'import sys, torch; sys.exit(not torch.cuda.is_available())' 2>/dev/null; then
  say "PyTorch"
  TORCH_DEVICE=cuda "$python" Examples/benchmarks/peer_torch.py 1 "$seconds" \
    "$(printf '%s' "${workloads[@]}")"
else
  say "$python has no PyTorch with a GPU"
fi
