#!/usr/bin/env bash
# Lets OpenKIM's PANNA driver evaluate networks that this package exported and compares energies and forces.
# Needs a build of the tests (Tests/run.sh), and installs Debian's openkim-models, libkim-api-dev, cmake and g++;
# where they cannot be installed nothing is done.
set -euo pipefail
cd "$(dirname "$0")/.."
. Examples/prepare.sh

driver=PANNA__MD_805652781592_000
has_openkim() {
  command -v cmake g++ pkg-config >/dev/null && pkg-config --exists libkim-api &&
    [ -n "$(find /usr/lib -path "*model-drivers/$driver/*.so" -print -quit 2>/dev/null)" ]
}
if ! has_openkim; then
  packages=(openkim-models libkim-api-dev cmake g++ make pkg-config)
  say "Installing ${packages[*]}"
  as_root apt-get install -y -qq "${packages[@]}" >/dev/null 2>&1 ||
    { as_root apt-get update -qq && as_root apt-get install -y -qq "${packages[@]}"; } >/dev/null 2>&1 ||
    true
fi
if ! has_openkim; then
  say "Skipped: OpenKIM with its PANNA driver is not there and cannot be installed"
  exit 0
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
say "Exporting networks"
OPENKIM_EXPORTS=$folder run_quietly OpenKIMExportTests

say "Building the program that asks the driver"
# shellcheck disable=SC2046
clang -O2 -Wall -Wextra -o "$folder/openkim" Tests/openkim.c $(pkg-config --cflags --libs libkim-api) -lm

for model in "$folder"/*/; do
  name=$(basename "$model")
  cat >"$model/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.10)
find_package(KIM-API-ITEMS 2.2 REQUIRED CONFIG)
kim_api_items_setup_before_project(ITEM_TYPE "portableModel")
project($name)
kim_api_items_setup_after_project(ITEM_TYPE "portableModel")
add_kim_api_model_library(
  NAME \${PROJECT_NAME}
  DRIVER_NAME "$driver"
  PARAMETER_FILES $(cat "$model/files"))
END
  # Collections of the current folder are looked for where programs run.
  (cd "$folder" && kim-api-collections-management install CWD "$model" >"$folder/log" 2>&1) ||
    { cat "$folder/log"; exit 1; }
  say "$name: $(cd "$folder" && ./openkim "$name" "$model/structures")"
done
