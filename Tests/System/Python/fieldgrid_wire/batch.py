"""Section 5: consecutive changesets of one incarnation, in columns."""

from .primitives import (BITS, DIGEST, IDENTITY, NUMBER, POSITION, SEQUENCE, SIGNED, TEXT,
                         UNSIGNED, WORD, Byte, Codec, Counted, Fields, Optional, Unsigned, column,
                         malformed, record_numbers, too_large, unsigned, written)
from .values import VALUE_COLUMNS, Values

SOURCES = ["registry", "licence", "on_site", "self_report", "import", "hub"]
SAME, BY_NUMBER, BY_ID = range(3)
CHANGESETS, CHANGES = 5_000, 131_072
SEEN, SETTLES, TAKES_BACK = 1, 2, 4
HEAD = Fields(("incarnation", BITS), ("first_seq", SEQUENCE), ("parent", Optional(IDENTITY)))
DIGESTS = Fields(("previous", DIGEST), ("head", DIGEST))
SETTLEMENT = Fields(
    ("conflict", BITS), ("sides", Counted(IDENTITY)), ("note", Optional(TEXT)))
UNIT = Fields(("type", NUMBER), ("unit", NUMBER), ("members", Unsigned(256)))
FLAGS = Byte(below=8)
KIND = Byte(below=3)
SOURCE = Byte(least=1, below=len(SOURCES) + 1)


class Index(Codec):
    """A place in a dictionary of so many entries."""

    def __init__(self, entries):
        self.entries = entries

    def read(self, reader):
        place = reader.unsigned()
        if place >= len(self.entries):
            raise malformed(f"place {place} of {len(self.entries)} before {reader.at}")
        return self.entries[place]

    def write(self, value):
        if value not in self.entries:
            self.entries.append(value)
        return unsigned(self.entries.index(value))


class Context(Codec):
    def __init__(self, scopes):
        self.scope = Index(scopes)

    def read(self, reader):
        entries = [
            (self.scope.read(reader), POSITION.read(reader)) for _ in range(reader.count(2))]
        codes = [code.encode() for code, _ in entries]
        if any(a >= b for a, b in zip(codes, codes[1:])):
            raise malformed(f"a context whose scopes are out of order before {reader.at}")
        return dict(entries)

    def write(self, context):
        entries = sorted(context.items(), key=lambda entry: entry[0].encode())
        return unsigned(len(entries)) + b"".join(
            self.scope.write(code) + unsigned(position) for code, position in entries)


def name_scopes(changeset, scopes):
    """Enters the scopes of a changeset in the order of their first use."""
    scope = Index(scopes)
    for code in sorted(changeset["context"], key=lambda code: code.encode()):
        scope.write(code)
    for change in changeset["changes"]:
        if "scope" in change["record"]:
            scope.write(change["record"]["scope"])


class RecordColumns(Codec):
    """`{"id"}` or `{"scope", "number"}` for each change."""

    def __init__(self, scopes):
        self.scope = Index(scopes)

    def read(self, reader):
        kinds = column(KIND, reader.count(), reader)
        if kinds[:1] == [SAME]:
            raise malformed("the first change has no record before it")
        scopes = iter(column(self.scope, kinds.count(BY_NUMBER), reader))
        numbers = iter(record_numbers(kinds.count(BY_NUMBER), reader))
        ids = iter(column(BITS, kinds.count(BY_ID), reader))
        records = []
        for kind in kinds:
            if kind == SAME:
                records.append(records[-1])
            elif kind == BY_NUMBER:
                records.append({"scope": next(scopes), "number": next(numbers)})
            else:
                records.append({"id": next(ids)})
        return records

    def write(self, records):
        kinds, scopes, numbers, ids, last, before = b"", b"", b"", b"", 0, None
        for record in records:
            if record == before:
                kinds += bytes([SAME])
            elif "id" in record:
                kinds += bytes([BY_ID])
                ids += BITS.write(record["id"])
            else:
                kinds += bytes([BY_NUMBER])
                scopes += self.scope.write(record["scope"])
                numbers += SIGNED.write(record["number"] - last)
                last = record["number"]
            before = record
        return unsigned(len(records)) + kinds + scopes + numbers + ids


class Batch(Codec):
    least = 16

    def read(self, reader):
        batch = HEAD.read(reader)
        count = reader.count()
        if count > CHANGESETS:
            raise too_large(f"{count} changesets, at most {CHANGESETS}")
        batch |= DIGESTS.read(reader)
        authors = Counted(TEXT).read(reader)
        scopes = Counted(TEXT).read(reader)
        schemas = Counted(WORD).read(reader)
        epochs = Counted(BITS).read(reader)
        contexts = Counted(Context(scopes)).read(reader)
        head = Fields(
            ("author", Index(authors)), ("source", SOURCE), ("schema", Index(schemas)),
            ("epoch", Index(epochs)), ("context", Index(contexts)))
        changesets = column(head, count, reader)
        time = 0
        for changeset, difference in zip(changesets, column(SIGNED, count, reader)):
            time += difference
            if not 0 <= time < 1 << 63:
                raise malformed(f"time {time}")
            changeset["source"] = SOURCES[changeset["source"] - 1]
            changeset["time"] = time
        lengths = column(UNSIGNED, count, reader)
        if sum(lengths) > CHANGES:
            raise too_large(f"{sum(lengths)} changes, at most {CHANGES}")
        changes = iter(self.read_changes(reader, sum(lengths), scopes))
        for changeset, length in zip(changesets, lengths):
            changeset["changes"] = [next(changes) for _ in range(length)]
        return batch | {"changesets": changesets}

    def read_changes(self, reader, count, scopes):
        records = RecordColumns(scopes).read(reader)
        if len(records) != count:
            raise malformed(f"{count} changes and {len(records)} records")
        units = column(UNIT, count, reader)
        flags = column(FLAGS, count, reader)
        changes = []
        for record, unit, flag in zip(records, units, flags):
            if flag & TAKES_BACK and not flag & SETTLES:
                raise malformed("a change takes back and settles nothing")
            change = {"record": record} | unit
            change["seen_through"] = POSITION.read(reader) if flag & SEEN else None
            change["settles"] = SETTLEMENT.read(reader) if flag & SETTLES else None
            if flag & SETTLES:
                change["settles"]["takes_back"] = bool(flag & TAKES_BACK)
            changes.append(change)
        values = Values(VALUE_COLUMNS.read(reader))
        for change in changes:
            change["value"] = values.take(change["type"], change["unit"], change.pop("members"))
        values.finish()
        return changes

    def write(self, batch):
        changesets = batch["changesets"]
        changes = [change for changeset in changesets for change in changeset["changes"]]
        authors, scopes, schemas, epochs, contexts = [], [], [], [], []
        head = Fields(
            ("author", Index(authors)), ("source", Byte()), ("schema", Index(schemas)),
            ("epoch", Index(epochs)), ("context", Index(contexts)))
        heads, times, time = b"", b"", 0
        for changeset in changesets:
            name_scopes(changeset, scopes)
            source = SOURCES.index(changeset["source"]) + 1
            heads += head.write(changeset | {"source": source})
            times += SIGNED.write(changeset["time"] - time)
            time = changeset["time"]
        contexts = Counted(Context(scopes)).write(contexts)
        tail = times + written(UNSIGNED, [len(one["changes"]) for one in changesets])
        tail += RecordColumns(scopes).write([change["record"] for change in changes])
        tail += self.write_changes(changes)
        return (HEAD.write(batch) + unsigned(len(changesets)) + DIGESTS.write(batch)
                + Counted(TEXT).write(authors) + Counted(TEXT).write(scopes)
                + Counted(WORD).write(schemas) + Counted(BITS).write(epochs)
                + contexts + heads + tail)

    def write_changes(self, changes):
        units, flags, extras, values = b"", b"", b"", Values()
        for change in changes:
            units += UNIT.write(change | {"members": len(change["value"])})
            flag, seen, settles = 0, change["seen_through"], change["settles"]
            if seen is not None:
                flag |= SEEN
                extras += unsigned(seen)
            if settles is not None:
                flag |= SETTLES | (TAKES_BACK if settles["takes_back"] else 0)
                extras += SETTLEMENT.write(settles)
            flags += bytes([flag])
            values.put(change["type"], change["unit"], change["value"])
        return units + flags + extras + VALUE_COLUMNS.write(values.columns)
