#!/bin/bash
# Alters the inputs of every parser for so many minutes, and says how many each of them read.
#
#   scripts/fuzz.sh MINUTES [SEED]
#
# An input that ends the process, or takes too long, stays in a folder that is named at the end:
#   FUZZ_PARSER=NAME FUZZ_INPUT=FILE swift test --filter FuzzTests
set -euo pipefail

if [[ ! ${1:-} =~ ^[0-9.]+$ ]]; then
    echo "fuzz: name the minutes: make fuzz MINUTES=10" >&2
    exit 1
fi
folder=$(mktemp -d)
swift build --build-tests >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
rm "$folder/log"
seed=${2:-$(date +%s)}
status=0
FUZZ_MINUTES=$1 FUZZ_SEED=$seed FUZZ_FOLDER=$folder FUZZ_REPORT=$folder/report \
    swift test --skip-build --disable-xctest --filter FuzzTests >"$folder/log" 2>&1 || status=$?
[[ ! -f $folder/report ]] || cat "$folder/report"
if [[ $status -ne 0 ]]; then
    tail -n 40 "$folder/log"
    rm -f "$folder/log" "$folder/report"
    echo "fuzz: seed $seed failed; the inputs are in $folder: $(ls "$folder")" >&2
    exit "$status"
fi
rm -rf "$folder"
