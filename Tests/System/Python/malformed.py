"""Frames that must be refused: each is right but for the one thing that its name says."""

from fieldgrid_wire.frame import BODY, REPLY, REQUEST
from fieldgrid_wire.primitives import text, unsigned

BITS, WORD, DIGEST = bytes(16), bytes(8), bytes(32)
MALFORMED, TOO_LARGE = "wire.malformed", "wire.too-large"


def frame(body, kind):
    return b"FGX\1" + bytes([kind, 0]) + unsigned(len(body)) + body


def zstd(body):
    """One zstd frame of one raw block, the same whatever the library."""
    assert len(body) < 256
    block = (len(body) << 3 | 1).to_bytes(3, "little") + body
    return b"\x28\xb5\x2f\xfd\x20" + bytes([len(body)]) + block


def packed(frames, length):
    return b"FGX\1\1\1" + unsigned(length) + frames


def joined(parts, changes):
    """The parts in their order, some of them replaced; every replacement must have its place."""
    assert changes.keys() <= parts.keys(), changes.keys() - parts.keys()
    return b"".join((parts | changes).values())


def positions(*entries):
    return bytes([len(entries)]) + b"".join(
        bytes([shared]) + text(rest) + unsigned(position) for shared, rest, position in entries)


def values(*columns):
    """Columns of type 16: unit, member, and what follows the place."""
    return bytes([len(columns)]) + b"".join(
        bytes([16]) + unsigned(unit) + unsigned(member) + rest for unit, member, rest in columns)


HEAD = b"\1" + text("22") + b"\5" + DIGEST + b"\1" + BITS + b"\0\1" + DIGEST * 2 + b"\2"
ONE = b"\1\1\2"
ONE_VALUE = values((2, 0, ONE))


def batch(**changes):
    """One changeset with one change of a record by its id."""
    return joined({
        "incarnation": BITS, "first": b"\1", "parent": b"\0", "count": b"\1",
        "previous": DIGEST, "head": DIGEST, "authors": b"\1" + text("a"),
        "scopes": b"\2" + text("22") + text("23"), "schemas": b"\1" + WORD,
        "epochs": b"\1" + BITS, "contexts": b"\1\0", "author": b"\0", "source": b"\3",
        "schema": b"\0", "epoch": b"\0", "context": b"\0", "time": b"\2", "changes": b"\1",
        "records": b"\1\2" + BITS, "units": b"\x10\2\1", "flags": b"\0", "extras": b"",
        "values": ONE_VALUE}, changes)


def request(**changes):
    return joined({
        "schema": WORD, "epoch": BITS, "incarnation": BITS, "sealed": b"\0", "most": b"\0",
        "positions": positions((0, "22", 1), (1, "3", 2)), "pulls": b"\0", "oldest": b"\0",
        "held": b"\0", "kept": b"\0", "check": b"\0", "audit": b"\0", "batch": b"\0",
        "rest": b""}, changes)


def reply(**changes):
    return joined({
        "epoch": BITS, "time": b"\0", "schema": WORD, "document": b"\0", "chain": b"\0",
        "incarnation": b"\0", "receipts": b"\0", "positions": positions((0, "22", 1)),
        "spans": b"\0\0", "flags": b"\0", "released": b"\0", "covered": b"\0", "sums": b"\0",
        "checked": b"\0", "audit": b"\0", "records": deltas(), "rest": b""}, changes)


def deltas(**changes):
    """One living record with one unit."""
    return joined({
        "count": b"\1", "scopes": b"\1" + text("22"), "scope": b"\0", "number": b"\2",
        "presence": b"\0", "type": b"\x10", "named": b"\0", "lengths": b"\1", "ids": b"",
        "units": b"\2\1", "values": ONE_VALUE}, changes)


FRAMES = {
    "magic": b"FGB\1\1\0\0", "an empty file": b"", "nothing after the magic": b"FGX",
    "version": b"FGX\2\1\0" + unsigned(len(request())) + request(),
    "kind": frame(request(), REPLY), "kind of a kept changeset": frame(request(), 3),
    "encoding": b"FGX\1\1\2" + unsigned(len(request())) + request(),
    "length too small": b"FGX\1\1\0" + unsigned(len(request()) - 1) + request(),
    "length too large for what follows": b"FGX\1\1\0" + unsigned(len(request()) + 1) + request(),
    "length with a needless byte": b"FGX\1\1\0" + bytes([len(request()) | 0x80, 0]) + request(),
    "not zstd": packed(request(), len(request())),
    "two zstd frames": packed(zstd(request()[:20]) + zstd(request()[20:]), len(request())),
    "a byte after the zstd frame": packed(zstd(request()) + b"\0", len(request())),
    "a zstd frame that is cut": packed(zstd(request())[:-1], len(request())),
    "a zstd frame of fewer bytes": packed(zstd(request()), len(request()) + 1),
    "a zstd frame of more bytes": packed(zstd(request()), len(request()) - 1),
}

BOMBS = {
    "a body beyond 32 MiB": b"FGX\1\1\1" + unsigned(BODY + 1) + bytes(4),
    "a plain body beyond 32 MiB": b"FGX\1\1\0" + unsigned(BODY + 1) + b"\0",
    "a body beyond 8 MiB": b"FGX\1\1\1" + unsigned((8 << 20) + 1) + bytes(4),
    "a plain body beyond 8 MiB": b"FGX\1\1\0" + unsigned((8 << 20) + 1) + b"\0",
    "a body of more than 400 times its bytes": b"FGX\1\1\1" + unsigned(65_537) + bytes(163),
    "a length of 64 bits": b"FGX\1\1\1" + unsigned((1 << 64) - 1) + b"\0",
}

PRIMITIVES = {
    "a needless byte": {"sealed": b"\x80\0"}, "65 bits": {"most": b"\xff" * 9 + b"\2"},
    "11 bytes": {"most": b"\x80" * 10 + b"\1"}, "an unfinished number": {"batch": b"\1\x80"},
    "bytes left over": {"rest": b"\0"}, "a sequence of 2^53": {"sealed": unsigned(1 << 53)},
}

REQUESTS = {
    "a count beyond the bytes": {"positions": b"\x7f"},
    "a shared length beyond the code before": {"positions": positions((0, "22", 1), (3, "", 1))},
    "a shared length in the first code": {"positions": positions((1, "22", 1))},
    "positions out of order": {"positions": positions((0, "23", 1), (1, "2", 1))},
    "a position twice": {"positions": positions((0, "22", 1), (2, "", 2))},
    "a code of 65 bytes": {"positions": positions((0, "2" * 65, 1))},
    "a code that is not UTF-8": {"positions": b"\1\0\1\xff\1"},
    "a position of 2^53": {"positions": positions((0, "22", 1 << 53))},
    "a pull of no position": {"pulls": b"\1\2\0\0"},
    "a pull that began before 0": {"pulls": b"\1\1\3\0"},
    "a pull that was told 2^53 ahead": {"pulls": b"\1\1\0" + unsigned(1 << 53)},
    "a pull that is cut": {"pulls": b"\1\1\0"}, "more pulls than bytes": {"pulls": b"\x7f"},
    "an oldest context of no position": {"oldest": b"\1\2\0"},
    "an oldest context below 0": {"oldest": b"\1\0\2"},
    "held that is cut": {"held": b"\1" + BITS}, "a flag for kept": {"kept": b"\2"},
    "1 001 held": {"held": unsigned(1_001) + (BITS + b"\1") * 1_001},
    "a level of a check": {"check": b"\4\0"}, "a flag for the batch": {"batch": b"\2"},
    "17 ranges": {"check": b"\1\x11" + b"\0\0\0" * 17},
    "a range of no position": {"check": b"\1\1\2\0\0"},
    "a range from 2^40": {"check": b"\1\1\0" + unsigned(1 << 40) + b"\0"},
    "no batch where one is said to be": {"batch": b"\1"},
    "a flag for the audit": {"audit": b"\2"},
    "an audit without a size for each position": {"audit": b"\1" + BITS + b"\1\1"},
    "a log of 2^53 leaves": {"audit": b"\1" + BITS + unsigned(1 << 53) + b"\0\0"},
}

BATCHES = {
    "a flag for the parent": {"parent": b"\2"},
    "a parent that is said to be there": {"parent": b"\1"},
    "a first sequence of 2^53": {"first": unsigned(1 << 53)},
    "more changesets than bytes": {"count": b"\xff\x7f"},
    "an author that is not there": {"author": b"\1"}, "source 0": {"source": b"\0"},
    "source 7": {"source": b"\7"}, "a schema that is not there": {"schema": b"\1"},
    "an epoch that is not there": {"epoch": b"\1"},
    "a context that is not there": {"context": b"\1"}, "no author at all": {"authors": b"\0"},
    "an author that is not UTF-8": {"authors": b"\1\1\xc0"},
    "a context of a scope that is not there": {"contexts": b"\1\1\2\1"},
    "a context out of order": {"contexts": b"\1\2\1\1\0\1"},
    "a context with a scope twice": {"contexts": b"\1\2\0\1\0\1"},
    "a context at 2^53": {"contexts": b"\1\1\0" + unsigned(1 << 53)},
    "a time before 1970": {"time": b"\1"},
    "a time of 2^63": {"count": b"\2", "author": b"\0\3\0\0\0" * 2, "source": b"",
                       "schema": b"", "epoch": b"", "context": b"",
                       "time": unsigned((1 << 64) - 2) + b"\2", "changes": b"\1\0"},
    "fewer changes than records": {"changes": b"\0"},
    "more changes than records": {"changes": b"\2"},
    "the same record as none before": {"records": b"\1\0"}, "record kind 3": {"records": b"\1\3"},
    "a number of a scope that is not there": {"records": b"\1\1\2\2"},
    "a negative record number": {"records": b"\1\1\0\1"},
    "a record number of 2^40": {"records": b"\1\1\0" + unsigned(1 << 41)},
    "an id that is cut": {"records": b"\1\2" + BITS[1:]},
    "a type of 2^20": {"units": unsigned(1 << 20) + b"\2\1"},
    "a unit of 2^20": {"units": b"\x10" + unsigned(1 << 20) + b"\1"},
    "256 members": {"units": b"\x10\2" + unsigned(256)}, "change flag 8": {"flags": b"\x08"},
    "a decision taken back and none named": {"flags": b"\4"},
    "seen up to 2^53": {"flags": b"\1", "extras": unsigned(1 << 53)},
    "a flag for the note": {"flags": b"\2", "extras": BITS + b"\0\2"},
    "a settlement that is cut": {"flags": b"\2", "extras": BITS[1:], "values": b""},
}

VALUES = {
    "tag 4": values((2, 0, b"\1\4\0")), "no column": values(),
    "a column of no change": values((2, 0, ONE), (3, 0, ONE)),
    "a column with a value too many": values((2, 0, b"\2\1\1\0\0")),
    "a column without a value": values((2, 0, b"\0")),
    "a column twice": values((2, 0, ONE), (2, 0, b"\0")),
    "columns out of order": values((3, 0, b"\0"), (2, 0, ONE)),
    "member 256": values((2, 0, ONE), (2, 256, b"\0")),
    "more tags than bytes": values((2, 0, b"\x7f\1")),
    "a text beyond the bytes": values((2, 0, b"\1\2\5ab")),
    "a text that is not UTF-8": values((2, 0, b"\1\2\3\xed\xa0\x80")),
    "two texts that share a character": values((2, 0, b"\2\2\2\1\1\xc3\xa9")),
    "an identifier that is cut": values((2, 0, b"\1\3" + BITS[1:])),
}

REPLIES = {
    "a reply's time of 2^63": {"time": unsigned(1 << 63)},
    "a gap at 2^53": {"chain": b"\1" + unsigned(1 << 53)},
    "a fork at 2^53": {"chain": b"\2" + unsigned(1 << 53)},
    "chain 3": {"chain": b"\3\1"}, "a flag for the incarnation": {"incarnation": b"\2"},
    "a document beyond the bytes": {"document": b"\xff\x7f{}"},
    "2^20 receipts": {"receipts": unsigned(1 << 20)},
    "receipt flag 4": {"receipts": b"\1\4\1\1" + text("22") + b"\1"},
    "an empty run": {"receipts": b"\1\0\1\0" + text("22") + b"\1"},
    "a run beyond the count": {"receipts": b"\1\0\1\2" + text("22") + b"\1"},
    "a receipt at 2^53": {"receipts": b"\1\0\1\1" + text("22") + unsigned(1 << 53)},
    "a quarantine code that is none": {"receipts": b"\1\1\1" + text("no.such") + text("")},
    "records that start before 0": {"spans": b"\2\0"},
    "a hub ahead by 2^53": {"spans": b"\0" + unsigned(1 << 53)},
    "reply flag 16": {"flags": b"\x10"}, "a horizon of 2^53": {"flags": b"\4" + unsigned(1 << 53)},
    "a head of receipts that is cut": {"flags": b"\x08" + DIGEST[1:], "released": b"",
                                       "covered": b"", "sums": b"", "checked": b"",
                                       "audit": b"", "records": b""},
    "a release that is cut": {"released": b"\1" + BITS},
    "covered up to 2^53": {"covered": b"\1" + BITS + unsigned(1 << 53)},
    "a flag for covered": {"covered": b"\2"},
    "a sum that is cut": {"sums": b"\1" + WORD}, "a flag for checked": {"checked": b"\2"},
    "a head that is cut": {"audit": b"\1" + text("22") + b"\5"},
    "a proof of 129 hashes": {"audit": HEAD + unsigned(129) + DIGEST * 129},
    "a proof that is cut": {"audit": HEAD + b"\7" + DIGEST},
}

DELTAS = {
    "a scope that is not there": {"scope": b"\1"}, "presence 4": {"presence": b"\4"},
    "a negative number": {"number": b"\1"}, "a number of 2^40": {"number": unsigned(1 << 41)},
    "a record of type 2^20": {"type": unsigned(1 << 20)}, "a flag for the id": {"named": b"\2"},
    "a name that is not there": {"named": b"\1"},
    "more units than bytes": {"lengths": b"\xff\x7f"},
    "a record's unit of 2^20": {"units": unsigned(1 << 20) + b"\1"},
    "a unit without its value": {"values": b"\0"},
}


def cases():
    """Everything above as `{"name", "of", "hex", "error"}`."""
    found = [(name, "request", data, MALFORMED) for name, data in FRAMES.items()]
    found += [(name, "request", data, TOO_LARGE) for name, data in BOMBS.items()]
    for changes in (PRIMITIVES, REQUESTS):
        found += [(name, "request", frame(request(**one), REQUEST), MALFORMED)
                  for name, one in changes.items()]
    found += [(name, "request", frame(request(batch=b"\1" + batch(**one)), REQUEST), MALFORMED)
              for name, one in BATCHES.items()]
    found += [(name, "request", frame(request(batch=b"\1" + batch(values=one)), REQUEST),
               MALFORMED) for name, one in VALUES.items()]
    found += [(name, "reply", frame(reply(**one), REPLY), MALFORMED)
              for name, one in REPLIES.items()]
    found += [(name, "reply", frame(reply(records=deltas(**one)), REPLY), MALFORMED)
              for name, one in DELTAS.items()]
    return [{"name": name, "of": of, "hex": data.hex(), "error": error}
            for name, of, data, error in found]


def sound():
    """What the cases are made from, and what a reader must take."""
    return [("request", frame(request(), REQUEST)),
            ("request", packed(zstd(request()), len(request()))),
            ("request", frame(request(batch=b"\1" + batch()), REQUEST)),
            ("request", frame(request(pulls=b"\1\1\2\5", oldest=b"\1\0\1"), REQUEST)),
            ("reply", frame(reply(), REPLY)),
            ("reply", frame(reply(flags=b"\7\1"), REPLY))]
