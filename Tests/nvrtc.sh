#!/usr/bin/env bash
# Compiles every kernel for NVIDIA's devices (sm_80 and sm_90) with NVRTC, which needs no GPU: it is
# taken from PyPI (nvidia-cuda-nvrtc-cu12, 90 MB) into a folder that is removed afterwards. Skips
# where there is no Python or no network.
set -euo pipefail
cd "$(dirname "$0")/.."
. Examples/prepare.sh

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if ! python3 -m venv "$folder" >/dev/null 2>&1; then
  say "Skipped: python3 -m venv does not work here"
  exit 0
fi
say "Fetching NVRTC from PyPI"
if ! "$folder/bin/pip" install -q nvidia-cuda-nvrtc-cu12; then
  say "Skipped: PyPI cannot be reached"
  exit 0
fi
# The tests find the wheel where they would find a user's.
VIRTUAL_ENV=$folder Tests/run.sh --filter NVRTCTests "$@"
