#!/usr/bin/env bash
# Measures the engine and, where this machine has them, its peers in turn, and prints one table of
# ratios. Nothing else should run meanwhile.
#   Examples/benchmarks/run.sh                       one thread, then two
#   THREADS="1 2 4" SECONDS_EACH=5 ROUNDS=3 PYTHON=~/peers/bin/python Examples/benchmarks/run.sh A B
# BY=processors compares the time that processors worked instead of the clock's, where other programs run.
# PYTHON (else python3) may have TensorFlow, PyTorch and TorchANI; what it lacks is left out. All figures are
# kept in the file that RESULTS names (a temporary one unless given).
set -euo pipefail
cd "$(dirname "$0")/../.."
. Examples/prepare.sh
here=$PWD/Examples/benchmarks

seconds=${SECONDS_EACH:-3} rounds=${ROUNDS:-2}
results=$(absolute "${RESULTS:-$(mktemp)}" "$OLDPWD")
find_python
workloads=("$@")
[ $# -gt 0 ] || workloads=(A "A'" B C D E F)
letters=$(printf '%s' "${workloads[@]}" | tr -d "'")

prepare
# shellcheck disable=SC2207
options=(-c release $(cpu_flags))
swift build "${options[@]}" --product benchmarks
benchmarks=$(swift build "${options[@]}" --show-bin-path)/benchmarks
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$benchmarks" --inputs "$folder"

has() { "$python" -c "import $1" 2>/dev/null; }
peers=()
if has torch; then peers+=(torch); else say "$python has no PyTorch"; fi
if has tensorflow; then peers+=(tensorflow); else say "$python has no TensorFlow"; fi

: >"$results"
for threads in ${THREADS:-1 2}; do
  for round in $(seq "$rounds"); do
    say "Round $round of $rounds with $threads thread(s)"
    "$benchmarks" --json --seconds "$seconds" --threads "$threads" ceilings "${workloads[@]}" |
      tee -a "$results"
    for peer in "${peers[@]}"; do
      OMP_NUM_THREADS=$threads "$python" "$here/peer_$peer.py" "$threads" "$seconds" "$letters" \
        "$folder" | tee -a "$results"
    done
    if [[ " ${peers[*]} " = *" tensorflow "* && $letters = *F* ]]; then
      "$python" "$here/peer_tensorflow_data.py" "$threads" "$seconds" "$folder" | tee -a "$results"
    fi
  done
done
awk -v by="${BY:-min}" -f "$here/table.awk" "$results"
