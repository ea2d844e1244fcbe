"""The same edits through pygeodiff: delta, its application, and a first copy.

    python geodiff.py FOLDER

FOLDER has the plain.sqlite that `floor make` wrote. Prints one line of JSON for
each measurement, as the floors do.
"""
import json
import os
import resource
import shutil
import sqlite3
import sys
import time

import pygeodiff
import zstandard


def compressed(path):
    with open(path, "rb") as file:
        return len(zstandard.ZstdCompressor(level=3).compress(file.read()))


def measure(what, work, path=None):
    def cpu():
        used = resource.getrusage(resource.RUSAGE_SELF)
        return used.ru_utime + used.ru_stime

    start, start_cpu = time.monotonic(), cpu()
    work()
    wall, processor = time.monotonic() - start, cpu() - start_cpu
    size = os.path.getsize(path) if path else 0
    print(json.dumps({"what": what, "wall": wall, "cpu": processor, "bytes": size}))


def main(folder):
    names = ("base", "edited", "empty")
    base, edited, empty = (f"{folder}/geodiff-{name}.sqlite" for name in names)
    delta, whole = f"{folder}/geodiff.delta", f"{folder}/geodiff.whole"
    shutil.copy(f"{folder}/plain.sqlite", base)
    database = sqlite3.connect(base)
    edits = database.execute("SELECT field, value, id FROM edit ORDER BY n").fetchall()
    database.execute("DROP TABLE edit")
    database.commit()
    database.execute("PRAGMA journal_mode=DELETE")
    database.close()
    for path in (edited, empty):
        shutil.copy(base, path)
    database = sqlite3.connect(edited)
    for field, value, key in edits:
        database.execute(f"UPDATE employer SET {field} = ? WHERE id = ?", (value, key))
    database.commit()
    database.close()
    database = sqlite3.connect(empty)
    database.execute("DELETE FROM employer")
    database.commit()
    database.execute("VACUUM")
    database.close()

    diff = pygeodiff.GeoDiff()
    measure("delta_geodiff", lambda: diff.create_changeset(base, edited, delta), delta)
    print(json.dumps({"what": "delta_geodiff_zstd", "bytes": compressed(delta)}))
    measure("merge_geodiff", lambda: diff.apply_changeset(base, delta))
    measure("bootstrap_geodiff_make", lambda: diff.create_changeset(empty, edited, whole), whole)
    measure("bootstrap_geodiff_apply", lambda: diff.apply_changeset(empty, whole), empty)
    for path in (base, edited, empty, delta, whole):
        os.remove(path)


main(sys.argv[1])
