#!/usr/bin/env bash
# From the HDF5 file of the ANI-1 data set to a trained network and its error on structures held out.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../prepare.sh"

[ $# -ge 1 ] || fail "usage: Examples/ani/run.sh ani_gdb_s01.h5 [FOLDER] [train options]"
data=$(absolute "$1")
folder=${2:-ani}
shift $(($# > 1 ? 2 : 1))
panna=$(absolute "${PANNA:-$here/../../.build/release/panna}")
[ -x "$panna" ] || fail "there is no $panna: swift build -c release"

mkdir -p "$folder"
cd "$folder"
cp "$here/gvect.ini" "$here/train.ini" .
say "Structures"
"$panna" ani_parser --indir "$data" --outdir train
# Every tenth conformation is held out: those whose number ends in 0.
mkdir -p valid
find train -name '*0.example' -exec mv {} valid \;
say "Descriptors"
"$panna" gvect_calculator --config gvect.ini
"$panna" gvect_calculator --config gvect.ini --set IO_INFORMATION.input_json_dir=valid \
  --set IO_INFORMATION.output_gvect_dir=valid_bin --set IO_INFORMATION.log_dir=valid_bin
say "Training"
"$panna" train --config train.ini "$@"
# Step, RMSE in eV, the same and the mean absolute error for each atom.
awk '!/^#/ { step = $1; rmse = $2 } END {
  printf "== RMSE on %s after %d steps: %.3f kcal/mol\n", "the structures held out", step, rmse * 23.0605 }' \
  networks/validation.dat
