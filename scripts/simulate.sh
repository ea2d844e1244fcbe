#!/bin/bash
# Runs one seed of the simulator, or a plan that is written down, and says what came of it; the last
# line is `trace <16 hex digits>`.
#
#   scripts/simulate.sh SEED [TIER]
#   scripts/simulate.sh PLAN.json
set -euo pipefail

if [[ -f ${1:-} ]]; then
    plan=$(realpath "$1")
    export SIMULATION_PLAN=$plan
elif [[ ${1:-} =~ ^[0-9]+$ ]]; then
    export SIMULATION_SEED=$1 SIMULATION_TIER=${2:-1}
else
    echo "simulate: name a seed, make simulate SEED=7, or a plan, make simulate PLAN=FILE" >&2
    exit 1
fi
report=$(mktemp)
log=$(mktemp)
trap 'rm -f "$report" "$log"' EXIT
swift build --build-tests >"$log" 2>&1 || { cat "$log"; exit 1; }
status=0
SIMULATION_REPORT=$report \
    swift test --skip-build --disable-xctest --filter ReplayTests >"$log" 2>&1 || status=$?
[[ -s $report ]] || cat "$log"
cat "$report"
exit "$status"
