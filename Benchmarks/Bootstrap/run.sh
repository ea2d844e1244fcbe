#!/bin/sh
# A hub with fictional employers; new devices join it, one by a snapshot that
# is made for it, one by the same snapshot, one by exchange alone, over
# loopback, with real processes; prints wall time, traffic and peak memory.
#
#   Benchmarks/Bootstrap/run.sh path/to/fieldgrid [COUNT]
set -eu
fieldgrid=$(realpath "$1")
count=${2:-100000}
here=$(dirname "$(realpath "$0")")
folder=$(mktemp -d)
hub=
trap 'kill "$hub" 2>/dev/null || true; rm -rf "$folder"' EXIT INT TERM
cd "$folder"
python3 "$here/../Exchange/employers.py" "$count" > employers.csv
"$fieldgrid" hub init --data hub > /dev/null
mkfifo ready

serve() { # option …
    "$fieldgrid" hub serve --data hub --listen 127.0.0.1:0 "$@" > ready 2> hub.log &
    hub=$!
    read -r _ _ url < ready
}

end() {
    awk '/VmHWM/ { printf "  hub: peak memory %d MB\n", $2 / 1024 }' "/proc/$hub/status"
    kill "$hub"
    wait "$hub" || true
}

join() { # label, folder
    code=$("$fieldgrid" hub enrol --data hub --scope 220602103 --holder 虚构 --json |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["code"])')
    python3 - "$1" "$fieldgrid" node join --data "$2" --hub "$url" --code "$code" --json <<'PYTHON'
import json, resource, subprocess, sys, time
label, command = sys.argv[1], sys.argv[2:]
start = time.monotonic()
result = subprocess.run(command, stdout=subprocess.PIPE, check=True)
elapsed = time.monotonic() - start
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
pulled = json.loads(result.stdout)["pulled"]
print(f"{label}: {elapsed:.2f} s, {pulled} records, peak memory {peak} MB")
PYTHON
}

serve
join "empty scope" author
"$fieldgrid" record import employer employers.csv --scope 220602103201 --data author > /dev/null
"$fieldgrid" node sync --data author > /dev/null
end
echo "$count fictional employers, $(nproc) processors"
serve
join "snapshot, made and applied" first
join "the same snapshot, applied" second
ls -l hub/snapshots | awk 'NR > 1 { printf "  snapshot: %d kB\n", $5 / 1000 }'
end
serve --snapshot-from 1000000000
join "exchange alone" third
end
