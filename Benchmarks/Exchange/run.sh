#!/bin/sh
# Imports fictional employers on a node and sends them to a hub in one
# `node sync`, over loopback, with real processes; prints wall time, traffic
# and the peak memory of node and hub.
#
#   Benchmarks/Exchange/run.sh path/to/fieldgrid [COUNT]
set -eu
fieldgrid=$(realpath "$1")
count=${2:-20000}
here=$(dirname "$(realpath "$0")")
folder=$(mktemp -d)
trap 'kill "$hub" 2>/dev/null || true; rm -rf "$folder"' EXIT INT TERM
cd "$folder"
python3 "$here/employers.py" "$count" > employers.csv

"$fieldgrid" hub init --data hub > /dev/null
mkfifo ready
"$fieldgrid" hub serve --data hub --listen 127.0.0.1:0 > ready 2> hub.log &
hub=$!
read -r _ _ url < ready
code=$("$fieldgrid" hub enrol --data hub --scope 220602103 --holder 虚构 --json |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["code"])')
"$fieldgrid" node join --data node --hub "$url" --code "$code" > /dev/null

measure() { # label, command …
    label=$1
    shift
    python3 - "$label" "$@" <<'PYTHON'
import resource, subprocess, sys, time
label, command = sys.argv[1], sys.argv[2:]
start = time.monotonic()
result = subprocess.run(command, stdout=subprocess.PIPE, check=True)
elapsed = time.monotonic() - start
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
print(f"{label}: {elapsed:.2f} s, peak memory {peak} MB")
if label == "exchange":
    import json
    report = json.loads(result.stdout)
    keys = ["pushed", "pulled", "quarantined", "requests", "bytes_up", "bytes_down"]
    print("  " + ", ".join(f"{key} {report[key]}" for key in keys))
PYTHON
}
echo "$count fictional employers, $(nproc) processors"
measure import "$fieldgrid" record import employer employers.csv --scope 220602103201 \
    --data node --json
measure exchange "$fieldgrid" node sync --data node --json
awk '/VmHWM/ { printf "hub: peak memory %d MB\n", $2 / 1024 }' "/proc/$hub/status"
