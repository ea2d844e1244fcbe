"""Section 12: frames in a file, with a signature."""

import hashlib

from . import frame
from .primitives import (BITS, DIGEST, UNSIGNED, Byte, Codec, Counted, Fields, Fixed, Reader,
                         malformed, too_large, unsigned)

MAGIC = b"FGB"
TO_HUB, TO_DEVICE = 1, 2
KINDS = {TO_HUB: (frame.REQUEST, frame.FILES), TO_DEVICE: (frame.REPLY, frame.RECEIPTS)}
LIMIT = 11 << 20
NAMES = 1_024
CONTENT = 10 << 20


class Frame(Codec):
    def read(self, reader):
        return reader.take(reader.count()).hex()

    def write(self, value):
        data = bytes.fromhex(value)
        return unsigned(len(data)) + data


FIELDS = Fields(
    ("direction", Byte(least=1, below=3)), ("node", BITS), ("incarnation", BITS), ("hub", DIGEST),
    ("made", UNSIGNED), ("frames", Counted(Frame())), ("signer", DIGEST))
SIGNATURE = Fixed(64)
FILES = Counted(Fields(("name", DIGEST), ("content", Frame())), most=NAMES)
RECEIPTS = Counted(DIGEST, most=NAMES)


def decode_files(data):
    """The body of a frame of kind 4: names rise, and each content is what it is named for."""
    files = FILES.decode(data)
    check_names([file["name"] for file in files])
    for file in files:
        content = bytes.fromhex(file["content"])
        if len(content) > CONTENT:
            raise too_large(f"a file of {len(content)} bytes, at most {CONTENT}")
        if content and hashlib.sha256(content).hexdigest() != file["name"]:
            raise malformed("a file is not the one it is named for")
    return files


def decode_receipts(data):
    """The body of a frame of kind 5."""
    names = RECEIPTS.decode(data)
    check_names(names)
    return names


def files_frame(contents):
    """Files by their names, and those without a content that are asked about."""
    files = [{"name": name, "content": contents[name].hex()} for name in sorted(contents)]
    return frame.wrap(FILES.write(files), frame.FILES)


def sections(bundle):
    """The exchanges of a bundle, and the body of the one frame beside them, if there is one."""
    exchange, beside = KINDS[bundle["direction"]]
    exchanges, bodies = [], []
    for section in map(bytes.fromhex, bundle["frames"]):
        kind = frame.kind_of(section)
        if kind == exchange:
            exchanges.append(section)
        elif kind == beside and not bodies:
            bodies.append(frame.unwrap(section, beside))
        else:
            raise malformed(f"a frame of kind {kind} that does not belong here")
    return exchanges, bodies[0] if bodies else None


def check_names(names):
    if any(name >= following for name, following in zip(names, names[1:])):
        raise malformed("names of files do not rise")


def body(bundle):
    """Everything before the signature."""
    return MAGIC + b"\1" + FIELDS.write(bundle)


def signed_part(data):
    return b"fieldgrid-bundle-1" + hashlib.sha256(data).digest()


def encode(bundle, sign):
    data = body(bundle)
    return data + sign(signed_part(data))


def read_body(reader):
    if reader.take(min(3, reader.left)) != MAGIC:
        raise malformed("the file does not begin with FGB")
    version = reader.byte()
    if version != 1:
        raise malformed(f"version {version}, 1 expected")
    bundle = FIELDS.read(reader)
    if not 1 <= len(bundle["frames"]) <= 64:
        raise malformed(f"{len(bundle['frames'])} frames, 1 to 64 expected")
    return bundle


def decode(data, verify):
    """`verify(signer, signature, message)` raises where the signature does not fit."""
    if len(data) > LIMIT:
        raise too_large(f"{len(data)} bytes, at most {LIMIT}")
    reader = Reader(data)
    bundle = read_body(reader)
    before = data[:reader.at]
    signature = reader.take(64)
    reader.finish()
    verify(bytes.fromhex(bundle["signer"]), signature, signed_part(before))
    return bundle
