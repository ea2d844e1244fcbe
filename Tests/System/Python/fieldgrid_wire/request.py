"""Section 4: what a node says."""

from .audit import Question
from .batch import Batch
from .frame import REQUEST as KIND
from .frame import unwrap, wrap
from .primitives import (BITS, IDENTITY, POSITION, RECORDS, SEQUENCE, UNSIGNED, WORD, Byte, Codec,
                         Counted, Fields, Optional, Unsigned, decoded, malformed, unsigned)

CODE_LIMIT = 64
LEVEL = Byte(below=4)
RECORD = Unsigned(RECORDS)
RANGES = Counted(Fields(("scope", UNSIGNED), ("from", RECORD), ("to", RECORD)), most=16)
PULLS = Counted(Fields(("scope", UNSIGNED), ("back", POSITION), ("ahead", POSITION)))
OLDEST = Counted(Fields(("scope", UNSIGNED), ("back", POSITION)))


class Positions(Codec):
    """`{scope: position}`, each code written as what it does not share with the one before."""

    def read(self, reader):
        positions, before = {}, b""
        for _ in range(reader.count(3)):
            shared = reader.unsigned()
            if shared > len(before):
                raise malformed(f"{shared} bytes shared with a code of {len(before)}")
            code = before[:shared] + reader.take(reader.count())
            if len(code) > CODE_LIMIT:
                raise malformed(f"a scope code of {len(code)} bytes")
            if positions and code <= before:
                raise malformed(f"positions out of order before {reader.at}")
            positions[decoded(code)] = POSITION.read(reader)
            before = code
        return positions

    def write(self, positions):
        out, before = unsigned(len(positions)), b""
        for code in ordered(positions):
            data = code.encode()
            shared = 0
            while shared < min(len(data), len(before)) and data[shared] == before[shared]:
                shared += 1
            out += unsigned(shared) + unsigned(len(data) - shared) + data[shared:]
            out += unsigned(positions[code])
            before = data
        return out


class Check(Codec):
    def read(self, reader):
        level = LEVEL.read(reader)
        if level == 0:
            return None
        return {"level": level, "ranges": RANGES.read(reader)}

    def write(self, check):
        if check is None:
            return b"\0"
        return bytes([check["level"]]) + RANGES.write(check["ranges"])


POSITIONS = Positions()
FIELDS = Fields(
    ("schema", WORD), ("epoch", BITS), ("incarnation", BITS), ("sealed", SEQUENCE),
    ("reply_bytes_max", UNSIGNED), ("positions", POSITIONS), ("pulls", PULLS), ("oldest", OLDEST),
    ("held", Counted(IDENTITY, most=1000)), ("kept", Optional(IDENTITY)), ("check", Check()))
BATCH = Optional(Batch())


def ordered(positions):
    """The codes of positions in byte order."""
    return sorted(positions, key=lambda code: code.encode())


class Request(Codec):
    """The fields, with the scopes that go by their places by their codes."""

    def read(self, reader):
        request = FIELDS.read(reader)
        positions = request["positions"]
        codes = ordered(positions)
        ranges = request["check"]["ranges"] if request["check"] else []
        for part in request["pulls"] + request["oldest"] + ranges:
            if part["scope"] >= len(codes):
                raise malformed(f"place {part['scope']} of {len(codes)} positions")
            part["scope"] = codes[part["scope"]]
        for part in request["pulls"] + request["oldest"]:
            if part["back"] > positions[part["scope"]]:
                raise malformed(f"{part['back']} back of {part['scope']}, before its beginning")
        audit = Question().read_for(codes, reader)
        return request | {"audit": audit, "batch": BATCH.read(reader)}

    def write(self, request):
        codes = ordered(request["positions"])

        def placed(parts):
            return [part | {"scope": codes.index(part["scope"])} for part in parts]

        check = request["check"]
        fields = request | {
            "pulls": placed(request["pulls"]), "oldest": placed(request["oldest"]),
            "check": check and check | {"ranges": placed(check["ranges"])}}
        return (FIELDS.write(fields) + Question().write_for(codes, request["audit"])
                + BATCH.write(request["batch"]))


REQUEST = Request()


def encode(request):
    return wrap(REQUEST.write(request), KIND)


def decode(frame):
    return REQUEST.decode(unwrap(frame, KIND))
