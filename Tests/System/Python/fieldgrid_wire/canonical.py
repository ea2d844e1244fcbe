"""Section 8: the one spelling that digests cover, and names that are derived from digests."""

import hashlib
import uuid

from .primitives import Reader, decoded, malformed

START = bytes(32)
MARK = b"fieldgrid-changeset-1"


def word(value):
    return (value & (1 << 64) - 1).to_bytes(8, "big")


def counted(data):
    return word(len(data)) + data


def identifier(value):
    return uuid.UUID(value).bytes


def spelled_value(members):
    return word(len(members)) + b"".join(spelled_member(member) for member in members)


def spelled_member(member):
    if member is None:
        return b"\0"
    return b"\1" + word(member) if isinstance(member, int) else b"\2" + counted(member.encode())


def spelled_settlement(settles):
    if settles is None:
        return b"\0"
    out = b"\2" if settles["takes_back"] else b"\1"
    out += identifier(settles["conflict"]) + word(len(settles["sides"]))
    for side in settles["sides"]:
        out += identifier(side["incarnation"]) + word(side["seq"])
    note = settles["note"]
    return out + (b"\0" if note is None else b"\1" + counted(note.encode()))


def spelled_change(change):
    seen = change["seen_through"]
    return (word(change["type"]) + identifier(change["record"]["id"]) + word(change["unit"])
            + spelled_value(change["value"]) + (b"\0" if seen is None else b"\1" + word(seen))
            + spelled_settlement(change["settles"]))


def spell(changeset, identity, previous):
    """The canonical bytes of a changeset whose records go by their full ids."""
    out = MARK + previous + identifier(identity["incarnation"]) + word(identity["seq"])
    out += counted(changeset["author"].encode()) + word(changeset["time"])
    out += counted(changeset["source"].encode()) + bytes.fromhex(changeset["schema"])
    out += identifier(changeset["epoch"]) + word(len(changeset["context"]))
    for code in sorted(changeset["context"], key=lambda code: code.encode()):
        out += counted(code.encode()) + word(changeset["context"][code])
    out += word(len(changeset["changes"]))
    return out + b"".join(spelled_change(change) for change in changeset["changes"])


def digest(changeset, identity, previous):
    return hashlib.sha256(spell(changeset, identity, previous)).digest()


def start_after(parent):
    """What the first changeset of an incarnation follows."""
    if parent is None:
        return START
    return hashlib.sha256(
        counted(b"fieldgrid-incarnation-1") + identifier(parent["incarnation"])
        + word(parent["seq"])).digest()


def chain(incarnation, first_seq, changesets, previous):
    """The digests of consecutive changesets, one after the other."""
    digests = []
    for step, changeset in enumerate(changesets):
        identity = {"incarnation": incarnation, "seq": first_seq + step}
        previous = digest(changeset, identity, previous)
        digests.append(previous)
    return digests


def version8(data):
    """The first 16 bytes of a digest made into a UUID of version 8."""
    bits = bytearray(data[:16])
    bits[6] = bits[6] & 0x0F | 0x80
    bits[8] = bits[8] & 0x3F | 0x80
    return str(uuid.UUID(bytes=bytes(bits)))


def conflict_name(record, unit, first, second):
    data = counted(b"fieldgrid-conflict-1") + identifier(record) + word(unit)
    for side in (first, second):
        data += identifier(side["incarnation"]) + word(side["seq"])
    return version8(hashlib.sha256(data).digest())


class CanonicalReader(Reader):
    def word(self):
        return int.from_bytes(self.take(8), "big")

    def counted(self):
        return decoded(self.take(self.word()))

    def identifier(self):
        return str(uuid.UUID(bytes=self.take(16)))

    def choice(self, below):
        value = self.byte()
        if value >= below:
            raise malformed(f"byte {value} before {self.at}")
        return value

    def repeated(self, read, least):
        count = self.word()
        if count * least > self.left:
            raise malformed(f"{count} announced before {self.at}, {self.left} bytes left")
        return [read() for _ in range(count)]

    def identity(self):
        return {"incarnation": self.identifier(), "seq": self.word()}

    def member(self):
        kind = self.choice(3)
        if kind == 0:
            return None
        return self.counted() if kind == 2 else int.from_bytes(self.take(8), "big", signed=True)

    def settlement(self):
        kind = self.choice(3)
        if kind == 0:
            return None
        return {"conflict": self.identifier(), "sides": self.repeated(self.identity, 24),
                "note": self.counted() if self.choice(2) else None, "takes_back": kind == 2}

    def change(self):
        return {"type": self.word(), "record": {"id": self.identifier()}, "unit": self.word(),
                "value": self.repeated(self.member, 1),
                "seen_through": self.word() if self.choice(2) else None,
                "settles": self.settlement()}

    def changeset(self):
        if self.take(len(MARK)) != MARK:
            raise malformed("not a changeset in canonical form")
        head = {"previous": self.take(32).hex()} | self.identity()
        return head | {
            "author": self.counted(), "time": self.word(), "source": self.counted(),
            "schema": self.take(8).hex(), "epoch": self.identifier(),
            "context": dict(self.repeated(lambda: (self.counted(), self.word()), 16)),
            "changes": self.repeated(self.change, 43)}


def read(data):
    """A changeset from its canonical bytes, with `previous`, `incarnation` and `seq`."""
    reader = CanonicalReader(data)
    changeset = reader.changeset()
    reader.finish()
    return changeset


def write(changeset):
    return spell(changeset, changeset, bytes.fromhex(changeset["previous"]))


def record_sum(record):
    """What one living record adds to the sum of its range (section 4)."""
    data = identifier(record["id"]) + word(record["type"])
    data += counted(record["scope"].encode()) + word(record["number"])
    for unit in sorted(record["units"], key=int):
        members = record["units"][unit]
        if any(member is not None for member in members):
            data += word(int(unit)) + b"".join(spelled_member(member) for member in members)
    return int.from_bytes(hashlib.sha256(data).digest()[:16], "big")


def derived_name(kind, parts):
    """What the hub derives, such as a record's task of a period."""
    data = counted(f"fieldgrid-{kind}".encode())
    return version8(hashlib.sha256(data + b"".join(counted(p.encode()) for p in parts)).digest())
