#!/bin/bash
# Runs the tests of real faults at full length, and says what each of them came to.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
swift build --build-tests >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
status=0
FAULTS=long FAULTS_REPORT=$folder/report swift test --skip-build --disable-xctest \
    --filter 'SystemTests.(Disk|Shortage|Stop|Link|Network|Flapping)FaultTests|KillNineTests' \
    >"$folder/log" 2>&1 || status=$?
[[ $status -eq 0 ]] || cat "$folder/log"
cat "$folder/report"
exit "$status"
