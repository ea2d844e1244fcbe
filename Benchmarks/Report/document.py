"""Turns the measurements into tables, docs/benchmarks.md and its picture."""
import math
import pathlib

import picture

BEGIN, END = "<!-- made by make bench: begin -->", "<!-- made by make bench: end -->"
ROWS = 100_000


def row(work, ours, floor, ratio, bar, met, processor=None, spread=None):
    return {
        "work": work, "ours": ours, "floor": floor, "ratio": ratio, "bar": bar, "met": met,
        "processor": processor, "spread": spread,
    }


def spaced(number):
    return f"{number:,}".replace(",", " ")


def seconds(value):
    return f"{value:.2f} s" if value >= 0.1 else f"{value * 1000:.1f} ms"


def size(value):
    return f"{value / 1000:.0f} kB" if value >= 10_000 else f"{value:.0f} bytes"


class Reader:
    """Sums of medians."""

    def __init__(self, found):
        self.found = found

    def has(self, *names):
        return all(self.found.has(name) for name in names)

    def sum(self, names, field="wall"):
        return sum(self.found.median(name, field) for name in names)

    def against(self, work, ours, floor, bar):
        if not self.has(*ours, *floor):
            return []
        wall, processor = (
            self.sum(ours, field) / self.sum(floor, field) for field in ("wall", "cpu")
        )
        return [
            row(work, seconds(self.sum(ours)), seconds(self.sum(floor)), wall, f"≤ {bar} ×",
                wall <= bar, processor, self.spread(ours, floor))
        ]

    def spread(self, ours, floor, ours_field="wall", floor_field="wall"):
        """The least and the greatest ratio of one turn."""
        def turns(names, field):
            return [sum(lines) for lines in zip(
                *([line[field] for line in self.found.lines[name]] for name in names))]

        ratios = [
            left / right
            for left, right in zip(turns(ours, ours_field), turns(floor, floor_field))]
        return [min(ratios), max(ratios)] if len(ratios) > 1 else None


def capture_rows(found):
    bars = {
        "insert, 100 per transaction": 1.25, "update, 1 per transaction": 1.45,
        "update, 100 per transaction": 1.30, "size, idle": 1.08,
    }
    made = []
    for setting in ("NORMAL", "FULL"):
        for name, bar in bars.items():
            what = f"capture {setting} {name}"
            if not found.has(what):
                continue
            plain, ours = found.median(what, "plain"), found.median(what, "ours")
            show = size if name.startswith("size") else seconds
            label = f"replica's {name}" if name.startswith("size") else f"capture, {name}"
            made.append(
                row(f"{label}, `{setting}`", show(ours), show(plain), ours / plain,
                    f"≤ {bar:.2f} ×", ours / plain <= bar,
                    spread=Reader(found).spread([what], [what], "ours", "plain")))
    return made


def delta_rows(found, reader):
    made = []
    for kind, label in (("saved", "saved here"), ("foreign", "by another program")):
        if not found.has(f"encode_{kind}"):
            continue
        bytes_up = found.median(f"encode_{kind}", "bytes")
        changesets = found.median(f"encode_{kind}", "changesets")
        session = found.median("delta_session_zstd", "bytes")
        made.append(
            row(f"delta of the 20 000 edits, {label} ({changesets:.0f} changesets)",
                size(bytes_up), f"{size(session)} (session)", bytes_up / session, "≤ 240 kB",
                bytes_up <= 240_000))
    made += reader.against(
        "make the delta of what was saved here", ["encode_saved"], ["delta_session"], 1)
    made += reader.against(
        "make the delta of what another program edited: seal, encode",
        ["seal_foreign", "encode_foreign"], ["delta_session"], 1)
    return made


def work_rows(found):
    reader = Reader(found)
    made = delta_rows(found, reader)
    for kind, label in (
        ("saved", "10 000 saves of one and 100 of a hundred"), ("foreign", "20 000 changesets"),
    ):
        made += reader.against(
            f"hub: decode, merge, history, audit, durable; {label}", [f"merge_{kind}"],
            ["merge_plain"], 2)
    made += reader.against(
        "bootstrap of 100 000 records, make and apply", ["bootstrap_make", "bootstrap_apply"],
        ["bootstrap_session_make", "bootstrap_session_apply"], 0.5)
    return made


def size_rows(found):
    made = []
    small, largest = "10000", next(
        (rows for rows in ("1000000", "100000") if found.has(f"exchange_100 {rows}")), None)
    if largest and found.has(f"exchange_100 {small}"):
        ours = found.median(f"exchange_100 {largest}")
        floor = found.median(f"exchange_100 {small}")
        cpu = (found.median(f"exchange_100 {largest}", "cpu")
               / found.median(f"exchange_100 {small}", "cpu"))
        made.append(
            row(f"exchange of 100 changes beside {spaced(int(largest))} records, against 10 000",
                seconds(ours), seconds(floor), ours / floor, "≤ 1.2 ×",
                ours / floor <= 1.2, cpu,
                Reader(found).spread([f"exchange_100 {largest}"], [f"exchange_100 {small}"])))
        up, down = (found.worst(f"idle {largest}", f"bytes_{way}") for way in ("up", "down"))
        made.append(
            row("an idle exchange: 1 request", f"{up:.0f} up, {down:.0f} down", "–", None,
                "≤ 300 bytes each way", max(up, down) <= 300))
        made += flat(
            found, f"hub's memory with {spaced(int(largest))} records, against 100 000",
            f"merge_saved {largest}", "merge_saved 100000")
    made += flat(
        found, "hub's memory by requests of 5 000 changesets, against 20",
        "merge_saved by 5000", "merge_saved by 20")
    if found.has(f"page {ROWS}"):
        wall = found.median(f"page {ROWS}")
        made.append(
            row("node with 100 000 records: start to the first 50 of them", seconds(wall), "–", None,
                "≤ 1 s", wall <= 1))
    return made


def flat(found, work, ours, floor):
    """Flat is read as at most half more, for ten times the records or 250 times the request."""
    if ours == floor or not (found.has(ours) and found.has(floor)):
        return []
    high, low = found.worst(ours, "megabytes"), found.worst(floor, "megabytes")
    return [
        row(work, f"{high:.0f} MB", f"{low:.0f} MB", high / low, "flat: ≤ 1.5 ×",
            high / low <= 1.5)]


def load_lines(found):
    names = [name for name in found.lines if name.startswith("load ")]
    return sorted(
        ((int(name.split()[1]), found.lines[name][-1]) for name in names),
        key=lambda line: (line[0], line[1]["waiters"]))


def load_rows(found):
    lines = load_lines(found)
    if not lines:
        return []
    held = [
        nodes for nodes, line in lines
        if line["p99"] < 1 and not line["failed"] and not line["waiters"]]
    most = max(held, default=0)
    return [
        row("nodes that exchange 20 changes a minute with p99 below 1 s", f"{most}", "–", None,
            "≥ 10 000", most >= 10_000)
    ]


def rows(found):
    return capture_rows(found) + work_rows(found) + size_rows(found) + load_rows(found)


def table(head, lines):
    text = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(text + ["| " + " | ".join(line) + " |" for line in lines])


def bars_table(found):
    def number(value):
        return "–" if value is None else f"{value:.2f}"

    def ratio(line):
        spread = line["spread"]
        return number(line["ratio"]) + (
            f" ({spread[0]:.2f} – {spread[1]:.2f})" if spread else "")

    return table(
        ["work", "ours", "floor", "ratio (least – greatest of a turn)", "ratio of processor time",
         "bar", ""],
        [[line["work"], line["ours"], line["floor"], ratio(line), number(line["processor"]),
          line["bar"], "met" if line["met"] else "**missed**"]
         for line in rows(found)])


def plain_saves(found):
    """The same edits in as many transactions, of the floor of the capture."""
    names = [f"capture FULL update, {many} per transaction" for many in (1, 100)]
    if not all(found.has(name) for name in names):
        return "–"
    return seconds(sum(found.median(name, "plain") for name in names))


def peers_table(found):
    def cell(*names):
        if not all(found.has(name) for name in names):
            return "–"
        wall = sum(found.median(name) for name in names)
        cpu = sum(found.median(name, "cpu") for name in names)
        return f"{seconds(wall)} ({seconds(cpu)})"

    def bytes_of(name):
        return size(found.median(name, "bytes")) if found.has(name) else "–"

    def packed(name):
        return f"{bytes_of(name + '_zstd')} of {bytes_of(name)}"

    if not found.has("merge_plain"):
        return ""
    note = "" if found.has("delta_geodiff") else (
        "\n\npip could not install pygeodiff here, so its column is empty.")
    return "Wall time (processor time), medians of all turns:\n\n" + table(
        ["work", "Fieldgrid", "plain SQLite", "session extension", "geodiff"],
        [
            ["save 20 000 edits, each of the 10 100 actions durable by itself",
             cell("save") + ", sealed", plain_saves(found), "–", "–"],
            ["make the delta of what was saved", cell("encode_saved"), "–",
             cell("delta_session"), cell("delta_geodiff")],
            ["seal and encode what another program edited",
             cell("seal_foreign", "encode_foreign"), "–", cell("delta_session"),
             cell("delta_geodiff")],
            ["the delta's size, compressed", bytes_of("encode_saved"), "–",
             packed("delta_session"), packed("delta_geodiff")],
            ["… of what another program edited", bytes_of("encode_foreign"), "–", "as above",
             "as above"],
            ["take it, as it was saved", cell("merge_saved"), cell("merge_plain") + ", blind",
             cell("merge_session") + ", blind", cell("merge_geodiff")],
            ["take it, 20 000 changesets", cell("merge_foreign"), "as above", "as above",
             "as above"],
            ["bootstrap: make", cell("bootstrap_make"), cell("bootstrap_copy") + ", a copy",
             cell("bootstrap_session_make"), cell("bootstrap_geodiff_make")],
            ["bootstrap: apply", cell("bootstrap_apply"), "–", cell("bootstrap_session_apply"),
             cell("bootstrap_geodiff_apply")],
        ]) + note


def growth_sizes(found):
    return [n for n in (10_000, 100_000, 1_000_000) if found.has(f"exchange_100 {n}")]


def growth_table(found):
    sizes = growth_sizes(found)
    if not sizes:
        return ""

    def change(n, field):
        return f"{found.median(f'exchange_100 {n}', field) * 10_000:.0f} µs"

    def of(name, field, n, unit, scale=1.0):
        return f"{found.median(f'{name} {n}', field) * scale:.0f} {unit}"

    lines = [
        ["save of 100 actions in one transaction, a change"] + [change(n, "save") for n in sizes],
        ["make the request, a change"] + [change(n, "request") for n in sizes],
        ["hub's answer, a change"] + [change(n, "hub") for n in sizes],
        ["apply the answer, a change"] + [change(n, "apply") for n in sizes],
        ["an idle exchange"] + [of("idle", "wall", n, "ms", 1e3) for n in sizes],
        ["start to the first 50 records"] + [of("page", "wall", n, "ms", 1e3) for n in sizes],
        ["plain table"] + [of("prepare_node", "plain_bytes", n, "MB", 1e-6) for n in sizes],
        ["node's file"] + [of("prepare_node", "node_bytes", n, "MB", 1e-6) for n in sizes],
        ["hub's file"] + [of("prepare_node", "hub_bytes", n, "MB", 1e-6) for n in sizes],
        ["hub's peak memory, 5 000 changesets a request"]
        + [of("merge_saved", "megabytes", n, "MB") for n in sizes],
    ]
    head = ["of 100 changes in one exchange"] + [f"{spaced(n)} records" for n in sizes]
    return table(head, lines) + "\n\n![Cost of a change by records in scope](benchmarks-growth.svg)"


def memory_table(found):
    names = [name for name in found.lines if name.startswith("merge_saved by ")]
    if not names:
        return ""
    return "The same 20 000 edits beside 100 000 records, in requests of another size:\n\n" + table(
        ["changesets in a request", "requests", "hub's peak memory", "before the first request"],
        [[name.removeprefix("merge_saved by "), f"{found.median(name, 'requests'):.0f}",
          f"{found.worst(name, 'megabytes'):.0f} MB",
          f"{found.worst(name, 'megabytes_before'):.0f} MB"] for name in names])


def load_table(found):
    lines = load_lines(found)
    if not lines:
        return ""
    return table(
        ["nodes", "waiting beside them", "exchanges a second", "p50", "p95", "p99", "longest", "failed",
         "hub's processor", "hub's memory"],
        [[f"{nodes}", waiting(line), f"{line['per_second']:.0f}", seconds(line["p50"]), seconds(line["p95"]),
          seconds(line["p99"]), seconds(line["max"]), f"{line['failed']:.0f}",
          f"{line['hub_cpu'] / line['wall'] * 100:.0f} % of one", f"{line['hub_megabytes']:.0f} MB"]
         for nodes, line in lines])


def waiting(line):
    if not line["waiters"]:
        return "–"
    return f"{line['waiters']:.0f}, answered {line['waits']:.0f} times"


def load_note(found):
    seconds = {f"{line['wall']:.0f}" for _, line in load_lines(found)}
    return (
        f"One run of {' or '.join(sorted(seconds))} s for each number of nodes, the hub and the "
        "generator of the load on the same processors.\n\n") if seconds else ""


def tables(found, facts):
    quick = " A quick run: one turn." if facts["quick"] else ""
    parts = [
        f"{facts['date']}; {facts['processor']}, {facts['processors']} processors, "
        f"{facts['memory_gib']} GiB; {facts['system']}, Linux {facts['kernel']}; SQLite "
        f"{facts['sqlite']}, Swift {facts['swift']}; medians of {facts['turns']} turns; load at "
        f"the end {facts['load']}.{quick}",
        bars_table(found),
        "### Beside the peers\n\n" + peers_table(found),
        "### Growth\n\n" + growth_table(found),
        "### A hub's memory by the size of requests\n\n" + memory_table(found),
        "### Nodes at one hub\n\n" + load_note(found) + load_table(found),
    ]
    return "\n\n".join(part for part in parts if not part.endswith("\n\n"))


def write(folder, found, facts):
    path = pathlib.Path(folder) / "benchmarks.md"
    text = path.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    path.write_text(
        f"{before}{BEGIN}\n\n{tables(found, facts)}\n\n{END}{after}", encoding="utf-8")
    sizes = growth_sizes(found)
    lines = [
        (label, [found.median(f"exchange_100 {n}", field) * 10_000 for n in sizes])
        for field, label in (("save", "save"), ("request", "request"), ("hub", "hub's answer"),
                             ("apply", "apply"))
    ]
    if len(sizes) > 1:
        drawing = picture.growth(sizes, lines, math.ceil)
        (pathlib.Path(folder) / "benchmarks-growth.svg").write_text(drawing, encoding="utf-8")
