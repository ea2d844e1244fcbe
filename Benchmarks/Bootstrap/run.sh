#!/bin/sh
# A hub with fictional employers; new devices join it, one by a snapshot that
# is made for it, one by the same snapshot, one by exchange alone, over
# loopback, with real processes; prints wall and processor time and peak memory.
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
    awk -v tick="$(getconf CLK_TCK)" '{ printf "  hub: processor %.2f s, ", ($14 + $15) / tick }' \
        "/proc/$hub/stat"
    awk '/VmHWM/ { printf "peak memory %d MB\n", $2 / 1024 }' "/proc/$hub/status"
    kill "$hub"
    wait "$hub" || true
}

measure() { # label, word of the answer that says how many, command …
    python3 - "$@" --json <<'PYTHON'
import json, resource, subprocess, sys, time
label, word, command = sys.argv[1], sys.argv[2], sys.argv[3:]
start = time.monotonic()
result = subprocess.run(command, stdout=subprocess.PIPE, check=True)
elapsed = time.monotonic() - start
used = resource.getrusage(resource.RUSAGE_CHILDREN)
count = json.loads(result.stdout)[word]
print(f"{label}: {elapsed:.2f} s, processor {used.ru_utime + used.ru_stime:.2f} s, "
      f"{count} records, peak memory {used.ru_maxrss // 1024} MB")
PYTHON
}

join() { # label, folder
    code=$("$fieldgrid" hub enrol --data hub --scope 220602103 --holder 虚构 --json |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["code"])')
    measure "$1" pulled "$fieldgrid" node join --data "$2" --hub "$url" --code "$code"
}

serve
join "empty scope" author
echo "$count fictional employers, $(nproc) processors"
measure "import at a node" created \
    "$fieldgrid" record import employer employers.csv --scope 220602103201 --data author
measure "sent in one sync" pushed "$fieldgrid" node sync --data author
end
serve
join "snapshot, made and applied" first
join "the same snapshot, applied" second
ls -l hub/snapshots | awk 'NR > 1 { printf "  snapshot: %d kB\n", $5 / 1000 }'
end
serve --snapshot-from 1000000000
join "exchange alone" third
end
