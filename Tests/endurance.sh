#!/usr/bin/env bash
# What a training bears: kills at any moment, data far larger than its memory, hours.
#   Tests/endurance.sh kill [kills]        (50) SIGKILL at random moments; the end has the bits of an undisturbed run
#   Tests/endurance.sh memory [MiB]        (64) data of 20 times that memory_budget; the peak of the process
#   Tests/endurance.sh soak [minutes]      (60) memory, threads and open files of a long training
# Needs a build (swift build -c release). PANNA names the program.
set -euo pipefail
root="$(cd "$(dirname "$0")/.." && pwd)"
. "$root/Examples/prepare.sh"
panna="$(absolute "${PANNA:-$root/.build/release/panna}")"
[ -x "$panna" ] || fail "$panna is missing: swift build -c release"
examples="$root/Examples/silicon"
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

# data STRUCTURES: snapshots of silicon, described and packed in blocks, into the folder tfr.
data() {
  say "Making data"
  "$panna" md --config "$examples/md.ini" --set STRUCTURE.repeat=2 --set DYNAMICS.temperature=300,900 \
    --set "DYNAMICS.steps=$(($1 * 10))" --set OUTPUT.example_every=20 >md.log 2>&1
  "$panna" gvect_calculator --config "$examples/gvect.ini" >gvect.log 2>&1
  "$panna" tfr_packer --config "$examples/tfr.ini" --set IO_INFORMATION.input_dir=gvectors \
    --set IO_INFORMATION.output_dir=tfr --set IO_INFORMATION.elements_per_file=50 \
    --set CONTENT_INFORMATION.sparse_derivatives=False \
    --set CONTENT_INFORMATION.derivative_format=blocks >tfr.log 2>&1
  rm -rf examples gvectors
  du -sh tfr
}

# training FOLDER [--set …]: the array `training` is the command
training() {
  local target=$1
  shift
  training=("$panna" train --config "$examples/train.ini" --set IO_INFORMATION.data_dir=tfr
    --set "IO_INFORMATION.train_dir=$target" --set "IO_INFORMATION.log_dir=$target"
    --set "IO_INFORMATION.gvect_ini=$examples/gvect.ini" "$@")
}

kills() {
  data 40
  local steps=(--set TRAINING_PARAMETERS.max_steps=8000 --set IO_INFORMATION.save_checkpoint_steps=5
    --set IO_INFORMATION.log_frequency=1)
  say "An undisturbed training"
  training whole "${steps[@]}"
  "${training[@]}" >whole.log 2>&1
  say "The same, killed $1 times"
  local count=0 early=0
  training killed "${steps[@]}"
  while [ "$count" -lt "$1" ]; do
    "${training[@]}" >killed.log 2>&1 &
    sleep "0.$((RANDOM % 9))$((RANDOM % 10))"
    if kill -9 $! 2>/dev/null; then count=$((count + 1)); else early=1; fi
    wait $! 2>/dev/null || true
    [ "$early" = 0 ] || fail "the training ended after $count kills: a longer one is needed"
  done
  local last
  last=$(find killed -name 'checkpoint-*.panna' | sed 's/.*-//; s/.panna//' | sort -n | tail -n 1)
  say "After $count kills the last checkpoint is of step ${last:-0}; now to the end"
  "${training[@]}" >killed.log 2>&1
  diff -r whole/saved_networks killed/saved_networks || fail "the networks differ"
  for log in delta_e.dat delta_e_std.dat; do cmp whole/$log killed/$log || fail "$log differs"; done
  [ -z "$(find killed -name '.*' -type f)" ] || fail "something is left: $(find killed -name '.*' -type f)"
  "$panna" inspect killed/events* killed/checkpoint* >/dev/null || fail "a file cannot be read"
  say "Equal bits, and every file can be read"
}

# peak COMMAND…: the peak of its resident memory in MiB
peak() {
  /usr/bin/time -f %M "$@" >peak.log 2>&1 || { cat peak.log >&2; return 1; }
  awk 'END { print int($1 / 1024) }' peak.log
}

memory() {
  [ -x /usr/bin/time ] || fail "/usr/bin/time is missing (Debian and Ubuntu: time)"
  # A structure takes some 0.9 MiB.
  data $((20 * $1 * 10 / 9))
  local settings=(--set TRAINING_PARAMETERS.max_steps=2000
    --set IO_INFORMATION.save_checkpoint_steps=100000 --set PARALLELIZATION.num_parallel_calls=2)
  local model large
  training small "${settings[@]}" --set TRAINING_PARAMETERS.max_steps=1 \
    --set PARALLELIZATION.memory_budget=1
  model=$(peak "${training[@]}")
  training large "${settings[@]}" --set "PARALLELIZATION.memory_budget=$1"
  large=$(peak "${training[@]}")
  say "memory_budget $1 MiB, data $(du -sm tfr | cut -f1) MiB: peak $large MiB; one step on the least: $model MiB"
  [ "$large" -le $(($1 * 12 / 10 + model)) ] || fail "more than 1.2 times the budget and the model"
}

soak() {
  data 100
  local settings=(--set TRAINING_PARAMETERS.max_steps=1000000000
    --set IO_INFORMATION.save_checkpoint_steps=1000 --set VALIDATION.data_dir=tfr)
  training soak "${settings[@]}"
  "${training[@]}" >soak.log 2>&1 &
  local process=$! minute first=0 memory threads files
  for minute in $(seq "$1"); do
    sleep 60
    kill -0 "$process" 2>/dev/null || { cat soak.log; fail "the training ended"; }
    memory=$(awk '/VmRSS/ { print int($2 / 1024) }' "/proc/$process/status")
    threads=$(find "/proc/$process/task" -maxdepth 1 -mindepth 1 | wc -l)
    files=$(find "/proc/$process/fd" -mindepth 1 | wc -l)
    echo "minute $minute: $memory MiB, $threads threads, $files open files, $(grep -ac steps/s soak.log) lines"
    if [ "$minute" = 2 ]; then first="$memory $threads $files"; fi
  done
  kill -TERM "$process"
  wait "$process" || fail "the training did not end in order"
  tail -n 2 soak.log
  say "After two minutes: $first (MiB, threads, files); at the end: $memory $threads $files"
}

case "${1:-}" in
  kill) kills "${2:-50}" ;;
  memory) memory "${2:-64}" ;;
  soak) soak "${2:-60}" ;;
  *) sed -n '2,6s/^# //p' "$0"; exit 2 ;;
esac
