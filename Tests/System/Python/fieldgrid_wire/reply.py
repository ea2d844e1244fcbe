"""Section 6: what a hub says."""

from .audit import PROVED
from .batch import Index
from .frame import REPLY as KIND
from .frame import unwrap, wrap
from .primitives import (BITS, DIGEST, FLAG, HYBRID_TIME, IDENTITY, NUMBER, POSITION, SEQUENCE,
                         SIGNED, TEXT, UNSIGNED, WORD, Byte, Codec, Counted, Fields, Fixed,
                         Optional, Unsigned, column, malformed, record_numbers, unsigned, written)
from .request import POSITIONS, ordered
from .values import VALUE_COLUMNS, Values

RECEIPTS = 1 << 20
PRESENCE = ["alive", "whole", "deleted", "left"]
REFUSED, MOVED = 1, 2
FLAGS = Byte(below=4)
RUN = Fields(("seq", SEQUENCE), ("run", SEQUENCE), ("scope", TEXT), ("position", POSITION))
CODES = [
    "rule.broken", "schema.unknown", "reference.unknown", "scope.unknown", "scope.forbidden",
    "type.hub-only", "author.not-holder", "record.type-mismatch", "device.revoked",
    "changeset.too-large", "undo.superseded"]


class Code(Codec):
    """Why a changeset waits in quarantine."""

    def read(self, reader):
        code = reader.text()
        if code not in CODES:
            raise malformed(f"quarantine code {code}")
        return code

    def write(self, value):
        return TEXT.write(value)


REFUSAL = Fields(("seq", SEQUENCE), ("code", Code()), ("message", TEXT))


class Chain(Codec):
    names = ["follows", "gap", "fork"]

    def read(self, reader):
        kind = self.names[Byte(below=3).read(reader)]
        return kind if kind == "follows" else {kind: SEQUENCE.read(reader)}

    def write(self, chain):
        if chain == "follows":
            return b"\0"
        (kind, seq), = chain.items()
        return bytes([self.names.index(kind)]) + unsigned(seq)


class Receipts(Codec):
    """One entry for each changeset, written in runs."""

    def read(self, reader):
        count, receipts = reader.unsigned(), []
        if count >= RECEIPTS:
            raise malformed(f"{count} receipts")
        while len(receipts) < count:
            flags = FLAGS.read(reader)
            moved = {"time_moved": bool(flags & MOVED)}
            if flags & REFUSED:
                receipts.append(REFUSAL.read(reader) | moved)
                continue
            run = RUN.read(reader)
            if not 1 <= run["run"] <= count - len(receipts):
                raise malformed(f"a run of {run['run']} before {reader.at}")
            receipts += [
                {"seq": run["seq"] + step, "scope": run["scope"],
                 "position": run["position"] + step} | moved for step in range(run["run"])]
        return receipts

    def write(self, receipts):
        out, at = unsigned(len(receipts)), 0
        while at < len(receipts):
            first, run = receipts[at], 1
            flags = MOVED if first["time_moved"] else 0
            if "code" in first:
                out += bytes([flags | REFUSED]) + REFUSAL.write(first)
            else:
                while receipts[at + run:at + run + 1] == [follower(first, run)]:
                    run += 1
                out += bytes([flags]) + RUN.write(first | {"run": run})
            at += run
        return out


def follower(receipt, step):
    return receipt | {"seq": receipt["seq"] + step, "position": receipt["position"] + step}


class Deltas(Codec):
    def read(self, reader):
        count = reader.count()
        scopes = Counted(TEXT).read(reader)
        deltas = [{"scope": scope} for scope in column(Index(scopes), count, reader)]
        for delta, number in zip(deltas, record_numbers(count, reader)):
            delta["number"] = number
        for delta, presence in zip(deltas, column(Byte(below=4), count, reader)):
            delta["presence"] = PRESENCE[presence]
        for delta, number in zip(deltas, column(NUMBER, count, reader)):
            delta["type"] = number
        named = column(FLAG, count, reader)
        lengths = column(NUMBER, count, reader)
        ids = iter(column(BITS, sum(named), reader))
        for delta, is_named in zip(deltas, named):
            delta["id"] = next(ids) if is_named else None
        unit = Fields(("unit", NUMBER), ("members", Unsigned(256)))
        units = iter(column(unit, sum(lengths), reader))
        values = Values(VALUE_COLUMNS.read(reader))
        for delta, length in zip(deltas, lengths):
            delta["units"] = [next(units) for _ in range(length)]
            for unit in delta["units"]:
                unit["value"] = values.take(delta["type"], unit["unit"], unit.pop("members"))
        values.finish()
        return deltas

    def write(self, deltas):
        scopes, values, numbers, units, before = [], Values(), b"", b"", 0
        index = Index(scopes)
        places = b"".join(index.write(delta["scope"]) for delta in deltas)
        for delta in deltas:
            numbers += SIGNED.write(delta["number"] - before)
            before = delta["number"]
            for unit in delta["units"]:
                units += unsigned(unit["unit"]) + unsigned(len(unit["value"]))
                values.put(delta["type"], unit["unit"], unit["value"])
        return (unsigned(len(deltas)) + Counted(TEXT).write(scopes) + places + numbers
                + bytes(PRESENCE.index(delta["presence"]) for delta in deltas)
                + written(NUMBER, [delta["type"] for delta in deltas])
                + bytes(delta["id"] is not None for delta in deltas)
                + written(NUMBER, [len(delta["units"]) for delta in deltas])
                + written(BITS, [delta["id"] for delta in deltas if delta["id"]])
                + units + VALUE_COLUMNS.write(values.columns))


class Spans(Codec):
    """How far back and ahead of each position; there is no count of its own."""

    def read_for(self, positions, reader):
        span = Fields(("back", POSITION), ("ahead", POSITION))
        codes = ordered(positions)
        spans = dict(zip(codes, column(span, len(codes), reader)))
        for code, found in spans.items():
            if found["back"] > positions[code]:
                raise malformed(f"records of {code} that start before its beginning")
        return spans

    def write_for(self, positions, spans):
        return b"".join(
            unsigned(spans[code]["back"]) + unsigned(spans[code]["ahead"])
            for code in ordered(positions))


class Ending:
    """Whether there is more, whether to begin anew, a horizon for each position or none, and the
    digest of the last changeset that the receipts speak of, where they answer no batch."""

    def read_for(self, positions, reader):
        flags = ENDING.read(reader)
        codes = ordered(positions)
        horizons = dict(zip(codes, column(POSITION, len(codes), reader))) if flags & 4 else None
        head = DIGEST.read(reader) if flags & 8 else None
        return {"has_more": bool(flags & 1), "rebase": bool(flags & 2), "horizons": horizons,
                "receipts_head": head}

    def write_for(self, positions, reply):
        horizons = reply["horizons"]
        head = reply["receipts_head"]
        flags = (reply["has_more"] | reply["rebase"] << 1 | (horizons is not None) << 2
                 | (head is not None) << 3)
        return bytes([flags]) + written(
            POSITION, [] if horizons is None else [horizons[code] for code in ordered(positions)]
        ) + (b"" if head is None else DIGEST.write(head))


ENDING = Byte(below=16)
FIRST = Fields(
    ("epoch", BITS), ("time", HYBRID_TIME), ("schema", WORD), ("document", TEXT),
    ("chain", Chain()), ("incarnation", Optional(BITS)), ("receipts", Receipts()),
    ("positions", POSITIONS))
RELEASE = Fields(
    ("incarnation", BITS), ("seq", SEQUENCE), ("scope", TEXT), ("position", POSITION))
DELTAS = Deltas()
LAST = Fields(
    ("released", Counted(RELEASE)), ("covered", Optional(IDENTITY)),
    ("sums", Counted(Fixed(16))), ("checked", Optional(DELTAS)), ("audit", Counted(PROVED)),
    ("records", DELTAS))


class Reply(Codec):
    def read(self, reader):
        first = FIRST.read(reader)
        positions = first["positions"]
        spans = Spans().read_for(positions, reader)
        return first | {"spans": spans} | Ending().read_for(positions, reader) | LAST.read(reader)

    def write(self, reply):
        positions = reply["positions"]
        return (FIRST.write(reply) + Spans().write_for(positions, reply["spans"])
                + Ending().write_for(positions, reply) + LAST.write(reply))


REPLY = Reply()


def encode(reply):
    return wrap(REPLY.write(reply), KIND)


def decode(frame):
    return REPLY.decode(unwrap(frame, KIND))
