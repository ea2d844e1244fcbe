"""Section 12: frames in a file, with a signature."""

import hashlib

from .frame import REPLY, REQUEST
from .primitives import (BITS, DIGEST, UNSIGNED, Byte, Codec, Counted, Fields, Fixed, Reader,
                         malformed, too_large, unsigned)

MAGIC = b"FGB"
TO_HUB, TO_DEVICE = 1, 2
KINDS = {TO_HUB: REQUEST, TO_DEVICE: REPLY}
LIMIT = 11 << 20


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
