"""Measures Fieldgrid beside its floors, in turns, and writes docs/benchmarks.md.

    python3 Benchmarks/run.py [--quick] [--repeat N] [--only PART,…] [--keep]

Parts: capture, work, growth, load. Without --only, all of them; only then the
document, the picture and Benchmarks/results.json are written. Floors are C
programs on plain SQLite and its session extension (Benchmarks/Floor), the
engine's side is the release build of fieldgrid-bench (Benchmarks/Engine).
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent / "Report"))
import document  # noqa: E402
import machine  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
WORK = ROOT / ".build" / "bench"
BENCH = ROOT / ".build" / "release" / "fieldgrid-bench"
HUB = ROOT / ".build" / "release" / "fieldgrid"
ROWS = 100_000
# Devices that wait for news beside those that exchange.
WAITERS = 150
# Changesets of a request, for the hub's memory.
REQUESTS = (20, 500, 5_000)


def say(text):
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


def run(*command, **options):
    return subprocess.run(
        [str(part) for part in command], check=True, text=True, stdout=subprocess.PIPE, **options
    ).stdout


class Measurements:
    """Every number that was printed, by what it measures, in the order of the rounds."""

    def __init__(self):
        self.lines = {}

    def take(self, *command, suffix=""):
        for line in run(*command).splitlines():
            values = json.loads(line)
            self.lines.setdefault(values.pop("what") + suffix, []).append(values)

    def has(self, what):
        return what in self.lines

    def median(self, what, field="wall"):
        return statistics.median(line[field] for line in self.lines[what])

    def worst(self, what, field):
        return max(line[field] for line in self.lines[what])

    def medians(self):
        return {
            what: {field: statistics.median(line[field] for line in lines) for field in lines[0]}
            for what, lines in sorted(self.lines.items())
        }


def build():
    say("building (release)")
    for product in ("fieldgrid-bench", "fieldgrid"):
        subprocess.run(
            ["swift", "build", "-c", "release", "--product", product], cwd=ROOT, check=True,
            stdout=sys.stderr)
    WORK.mkdir(parents=True, exist_ok=True)
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    for name, source in (("floor", "Floor/floor.c"), ("capture", "Capture/capture.c")):
        run(compiler, "-O2", "-o", WORK / name, HERE / source, "-lsqlite3", "-lzstd")


def geodiff_python():
    """A Python that has pygeodiff and zstandard; None where pip cannot install it."""
    python = WORK / "peers" / "bin" / "python"
    try:
        if not python.exists():
            run(sys.executable, "-m", "venv", WORK / "peers", stderr=subprocess.DEVNULL)
        if subprocess.run([python, "-c", "import pygeodiff, zstandard"], stderr=subprocess.DEVNULL).returncode:
            run(python, "-m", "pip", "install", "--quiet", "pygeodiff", "zstandard", timeout=300,
                stderr=subprocess.DEVNULL)
        return python
    except (subprocess.SubprocessError, OSError):
        say("pygeodiff could not be installed; its columns stay empty")
        return None


def capture(rounds, found):
    """Both settings, in turns."""
    for turn in range(rounds):
        for setting in ("NORMAL", "FULL"):
            say(f"capture, synchronous={setting}: turn {turn + 1} of {rounds}")
            extra = ["FULL"] if setting == "FULL" else []
            text = run(WORK / "capture", HERE / "Capture" / "employers.sql", WORK, 1, *extra)
            for match in re.finditer(
                r"^(.*?)\s+plain\s+([\d.]+)\s+captured\s+([\d.]+)", text, re.MULTILINE
            ):
                found.lines.setdefault(f"capture {setting} {match[1]}", []).append(
                    {"plain": float(match[2]), "ours": float(match[3])})


def prepare(rows, found):
    folder = WORK / str(rows)
    folder.mkdir(exist_ok=True)
    say(f"preparing {rows} records")
    run(WORK / "floor", "make", folder, rows)
    found.take(BENCH, "prepare", folder, suffix=f" {rows}")
    return folder


def work(rounds, found):
    folder = prepare(ROWS, found)
    peer = geodiff_python()
    for turn in range(rounds):
        say(f"delta, merge and bootstrap: turn {turn + 1} of {rounds}")
        found.take(WORK / "floor", "merge", folder)
        found.take(BENCH, "delta", folder)
        found.take(BENCH, "merge", folder, "saved")
        found.take(WORK / "floor", "session", folder)
        found.take(BENCH, "merge", folder, "foreign")
        found.take(WORK / "floor", "copy", folder)
        found.take(BENCH, "bootstrap", folder)
        if peer:
            found.take(peer, HERE / "Peers" / "geodiff.py", folder)


def growth(rounds, sizes, found):
    folders = {rows: WORK / str(rows) for rows in sizes}
    for rows, folder in folders.items():
        if not (folder / "hub.json").exists() or not found.has(f"prepare_hub {rows}"):
            prepare(rows, found)
        say(f"the memory of a hub with {rows} records")
        run(BENCH, "delta", folder)
        found.take(BENCH, "merge", folder, "saved", suffix=f" {rows}")
    for most in REQUESTS:
        say(f"the memory of a hub whose requests have {most} changesets")
        run(BENCH, "delta", folders[ROWS], most)
        found.take(BENCH, "merge", folders[ROWS], "saved", suffix=f" by {most}")
    for turn in range(rounds):
        say(f"exchanges by size: turn {turn + 1} of {rounds}")
        for rows, folder in folders.items():
            found.take(BENCH, "exchange", folder, 7, suffix=f" {rows}")
            start = time.monotonic()
            run(BENCH, "page", folder)
            found.lines.setdefault(f"page {rows}", []).append({"wall": time.monotonic() - start})


def load(quick, found):
    folder = WORK / "district"
    shutil.rmtree(folder, ignore_errors=True)
    say("preparing a district for the load")
    devices = 2_000 if quick else 10_000
    found.take(BENCH, "district", folder, devices)
    hub = subprocess.Popen(
        [HUB, "hub", "serve", "--data", folder, "--listen", "127.0.0.1:0"],
        stdout=subprocess.PIPE, stderr=(WORK / "hub.log").open("w"), text=True)
    try:
        url = hub.stdout.readline().split()[-1]
        seconds = 10 if quick else 30
        runs = [(2_500, WAITERS), *((n, 0) for n in (1_000, 2_500, 5_000, 10_000, 15_000, 20_000))]
        for seed, (nodes, waiters) in enumerate(runs, start=1):
            say(f"{nodes} nodes" + (f" and {waiters} that wait" if waiters else ""))
            before = machine.processor_seconds(hub.pid)
            suffix = f" {nodes}" + (f" beside {waiters}" if waiters else "")
            found.take(
                BENCH, "load", folder, url, nodes, seconds, seed, waiters, suffix=suffix)
            line = found.lines[f"load{suffix}"][-1]
            line["hub_cpu"] = machine.processor_seconds(hub.pid) - before
            line["hub_megabytes"] = machine.peak_megabytes(hub.pid)
            if line["p99"] > 5 or line["failed"]:
                break
    finally:
        hub.send_signal(signal.SIGTERM)
        hub.wait(timeout=60)


def main():
    options = argparse.ArgumentParser(description="Measures Fieldgrid beside its floors.")
    options.add_argument("--quick", action="store_true", help="one turn, no million, a short load")
    options.add_argument("--repeat", type=int, help="turns of everything (5; quick: 1)")
    options.add_argument("--only", default="", help="parts, with commas")
    options.add_argument("--keep", action="store_true", help="keep the databases")
    options.add_argument("--no-build", action="store_true", help="measure what was built")
    chosen = options.parse_args()
    rounds = chosen.repeat or (1 if chosen.quick else 5)
    sizes = (10_000, ROWS) if chosen.quick else (10_000, ROWS, 1_000_000)
    parts = [part for part in chosen.only.split(",") if part]
    if not chosen.no_build:
        build()
    found = Measurements()
    steps = {
        "capture": lambda: capture(rounds, found),
        "work": lambda: work(rounds, found),
        "growth": lambda: growth(min(rounds, 3), sizes, found),
        "load": lambda: load(chosen.quick, found),
    }
    try:
        for name, step in steps.items():
            if not parts or name in parts:
                step()
    finally:
        if not chosen.keep:
            for folder in [*(str(rows) for rows in (10_000, ROWS, 1_000_000)), "district"]:
                shutil.rmtree(WORK / folder, ignore_errors=True)
    facts = machine.facts(ROOT)
    facts["turns"] = rounds
    facts["quick"] = chosen.quick
    results = {"machine": facts, "rows": document.rows(found), "medians": found.medians()}
    print(document.tables(found, facts))
    if not parts:
        (HERE / "results.json").write_text(
            json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        document.write(ROOT / "docs", found, facts)
        say("wrote docs/benchmarks.md, docs/benchmarks-growth.svg and Benchmarks/results.json")


os.environ.setdefault("LC_ALL", "C.UTF-8")
main()
