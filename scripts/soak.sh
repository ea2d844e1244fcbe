#!/bin/bash
# Runs fresh seeds of the simulator on two cores for so many minutes, and says what they came to.
#
#   scripts/soak.sh MINUTES [FIRST_SEED]
set -euo pipefail

if [[ ! ${1:-} =~ ^[0-9.]+$ ]]; then
    echo "soak: name the minutes: make soak MINUTES=30" >&2
    exit 1
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
swift build --build-tests >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
status=0
SOAK_MINUTES=$1 SOAK_FIRST=${2:-$(($(date +%s) * 1000))} SOAK_REPORT=$folder/report \
    swift test --skip-build --disable-xctest --filter SoakTests >"$folder/log" 2>&1 || status=$?
cat "$folder"/report.* || cat "$folder/log"
exit "$status"
