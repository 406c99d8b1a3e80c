#!/usr/bin/env bash
# Counts the instructions of small benchmarks under callgrind and compares them with those of
# Tests/instructions.txt: within 3 %, however fast or busy the machine is, and whatever its processor is beyond
# AVX2: that is what the counts' build and valgrind's own processor have. Where there is no valgrind, or no
# AVX2, it says so and compares nothing.
#   Tests/instructions.sh             compares
#   Tests/instructions.sh --update    writes the counts anew
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")/.."
. Examples/prepare.sh
expected=Tests/instructions.txt

if ! command -v valgrind >/dev/null; then
  say "There is no valgrind here: nothing counted"
  exit 0
fi
if ! grep -qw avx2 /proc/cpuinfo; then
  say "The counts are for processors with AVX2: nothing compared"
  exit 0
fi
prepare
options=(-c release --scratch-path .build-counts -Xcc -march=x86-64-v3 --product benchmarks)
swift build "${options[@]}"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# valgrind does not understand all that the compiler writes for debuggers.
strip -g -o "$folder/benchmarks" "$(swift build "${options[@]}" --show-bin-path)/benchmarks"

# What more repetitions of a case cost: what comes before and after them is the same in both runs, but for the order of
# the times that are sorted, which is little beside a hundred repetitions of a small case or ten of a large one.
count() {
  local few many more=10
  [ "$2" -gt 1000000 ] || more=100
  few=$(run 3 "$1") many=$(run $((3 + more)) "$1")
  echo $(((many - few) / more))
}
run() {
  # Dictionaries look for their keys in the same places in every run.
  SWIFT_DETERMINISTIC_HASHING=1 OPENBLAS_CORETYPE=Haswell valgrind --tool=callgrind --callgrind-out-file="$folder/out" \
    "$folder/benchmarks" --repetitions "$1" "$2" >"$folder/log" 2>&1 || fail "$2: $(tail -5 "$folder/log")"
  sed -n 's/^summary: //p' "$folder/out"
}

failures=0
: >"$folder/new"
while IFS=$'\t' read -r number name; do
  found=$(count "$name" "$number")
  printf '%s\t%s\n' "$found" "$name" >>"$folder/new"
  [ "${1:-}" = --update ] && continue
  if awk "BEGIN { exit !($found > 1.03 * $number || $found < 0.97 * $number) }"; then
    failures=$((failures + 1))
    printf 'differs: %s: %s instructions, expected %s\n' "$name" "$found" "$number"
  else
    printf 'as expected: %s: %s instructions\n' "$name" "$found"
  fi
done <"$expected"
if [ "${1:-}" = --update ]; then
  mv "$folder/new" "$expected"
  say "Wrote $expected"
fi
[ "$failures" = 0 ] ||
  fail "$failures counts differ by more than 3 %; if that is meant, Tests/instructions.sh --update"
