#!/usr/bin/env bash
# The silicon study: run.sh [quick|full] [FOLDER]. Everything it makes goes into FOLDER (default:
# silicon-quick or silicon-full in the current folder). PANNA names the program.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
. "$here/../prepare.sh"
size="${1:-quick}"
[ -f "$here/$size.conf" ] || { echo "usage: run.sh [quick|full] [FOLDER]" >&2; exit 2; }
# shellcheck disable=SC1090
. "$here/$size.conf"
folder="${2:-silicon-$size}"
panna="$(absolute "${PANNA:-$here/../../.build/release/panna}")"
[ -x "$panna" ] || fail "$panna is missing; Examples/quickstart.sh builds it"

start=$(date +%s)
lap() { say "$(($(date +%s) - start)) s so far"; }

mkdir -p "$folder"
cd "$folder"
cp "$here"/*.ini .
threads=$(nproc)
say "The study ($size) works in $PWD with $threads threads"

# sample NAME SEED SNAPSHOTS FOLDER [--set …]: one grid of molecular-dynamics runs
sample() {
  local name=$1 seed=$2 snapshots=$3 target=$4
  shift 4
  "$panna" md --config md.ini --set "STRUCTURE.repeat=$CELLS" --set "DYNAMICS.seed=$seed" \
    --set "DYNAMICS.time_step=$TIME_STEP" \
    --set "DYNAMICS.equilibration_steps=$EQUILIBRATION_STEPS" \
    --set "DYNAMICS.steps=$((snapshots * SNAPSHOT_STEPS))" \
    --set "OUTPUT.example_every=$SNAPSHOT_STEPS" --set "OUTPUT.prefix=$name" \
    --set "OUTPUT.directory=$target" --set "PARALLELIZATION.number_of_process=$threads" "$@" \
    >> md.log
}

# Volumes 10 and 5 % below and above the density of the liquid.
strained=5.1664,5.2602,5.4387,5.5237

# dataset NAME SEED SNAPSHOTS VOLUME_SNAPSHOTS: the three parts of a data set, described and packed
dataset() {
  local name=$1 seed=$2 snapshots=$3 volume_snapshots=$4
  say "Molecular dynamics for the $name set"
  sample diamond "$seed" "$snapshots" "examples_$name" \
    --set "DYNAMICS.temperature=$DIAMOND_TEMPERATURES"
  sample liquid "$((seed + 1))" "$snapshots" "examples_$name" \
    --set "DYNAMICS.temperature=$LIQUID_TEMPERATURES" \
    --set DYNAMICS.melt_temperature=6000 --set "DYNAMICS.melt_steps=$MELT_STEPS"
  sample volume "$((seed + 2))" "$volume_snapshots" "examples_$name" \
    --set "STRUCTURE.lattice_parameter=$strained" \
    --set "DYNAMICS.temperature=$VOLUME_TEMPERATURES"
  say "Descriptors of the $name set"
  "$panna" gvect_calculator --config gvect.ini \
    --set "IO_INFORMATION.input_json_dir=examples_$name" \
    --set "IO_INFORMATION.output_gvect_dir=gvectors_$name" \
    --set "IO_INFORMATION.log_dir=gvectors_$name" \
    --set "PARALLELIZATION.number_of_process=$threads"
  "$panna" tfr_packer --config tfr.ini --set "IO_INFORMATION.input_dir=gvectors_$name" \
    --set "IO_INFORMATION.output_dir=tfr_$name"
  # The packed files hold all that is in these.
  rm -rf "gvectors_$name"
  lap
}

# Held-out configurations come from runs of their own, with other random numbers.
dataset train 1000 "$TRAINING_SNAPSHOTS" "$VOLUME_SNAPSHOTS"
dataset validation 2000 "$VALIDATION_SNAPSHOTS" "$VALIDATION_SNAPSHOTS"

say "Training"
"$panna" train --config train.ini --set "TRAINING_PARAMETERS.batch_size=$BATCH_SIZE" \
  --set "TRAINING_PARAMETERS.max_steps=$MAX_STEPS" \
  --set "TRAINING_PARAMETERS.learning_rate_decay_step=$DECAY_STEPS" \
  --set "IO_INFORMATION.save_checkpoint_steps=$CHECKPOINT_STEPS"
lap

say "Evaluation on the held-out configurations"
"$panna" evaluate --config evaluate.ini
lap

# nve NAME TEMPERATURE [--set …]: both potentials from the same positions and velocities
nve() {
  local name=$1 temperature=$2
  shift 2
  say "NVE dynamics: $name"
  "$panna" md --config md.ini --set STRUCTURE.repeat=3 --set DYNAMICS.time_step=0.381 \
    --set "DYNAMICS.temperature=$temperature" --set DYNAMICS.equilibration_steps=4000 \
    --set DYNAMICS.steps=1 --set OUTPUT.example_every=0 --set OUTPUT.trajectory_every=1 \
    --set "OUTPUT.directory=nve/$name" --set OUTPUT.prefix=start --set DYNAMICS.seed=7 \
    --set "PARALLELIZATION.number_of_process=$threads" "$@" >> md.log
  mv "nve/$name"/start_*.xyz "nve/$name/start.xyz"
  for potential in stillinger-weber network; do
    local networks=()
    [ "$potential" = network ] && networks=(--set POTENTIAL.networks_folder=train/saved_networks)
    "$panna" md --config nve.ini --set "STRUCTURE.file=nve/$name/start.xyz" \
      --set "POTENTIAL.type=$potential" "${networks[@]}" --set "DYNAMICS.steps=$NVE_STEPS" \
      --set "DYNAMICS.temperature=$temperature" --set "OUTPUT.directory=nve/$name" \
      --set "OUTPUT.prefix=$potential" --set "PARALLELIZATION.number_of_process=$threads"
    for kind in thermo rdf; do
      mv "nve/$name/$potential"_*"_$kind.dat" "nve/$name/${potential}_$kind.dat"
    done
  done
  lap
}

nve solid_500K 500
nve liquid_1800K 1800 --set DYNAMICS.melt_temperature=6000 --set DYNAMICS.melt_steps=4000
nve liquid_2700K 2700 --set DYNAMICS.melt_temperature=6000 --set DYNAMICS.melt_steps=4000

say "Report"
"$panna" report --config report.ini
say "Done in $(($(date +%s) - start)) s. The report: $PWD/report.html"
