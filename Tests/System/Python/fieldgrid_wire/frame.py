"""Section 3: what goes around a body."""

import zstandard

from .primitives import Reader, malformed, too_large, unsigned

MAGIC = b"FGX"
REQUEST, REPLY, FILES, RECEIPTS = 1, 2, 4, 5
BODY = 32 << 20
REQUEST_BODY = 8 << 20
RATIO = 400
SMALL = 64 << 10
PLAIN = 200


def wrap(body, kind):
    """The frame of a body: compressed where the grammar says that a sender does."""
    encoding, travels = 0, body
    if len(body) > PLAIN:
        packed = zstandard.ZstdCompressor(level=3).compress(body)
        if len(body) <= max(SMALL, RATIO * len(packed)):
            encoding, travels = 1, packed
    return MAGIC + bytes([1, kind, encoding]) + unsigned(len(body)) + travels


def kind_of(frame):
    if frame[:3] != MAGIC or len(frame) < 5:
        raise malformed("the frame does not begin with FGX")
    return frame[4]


def unwrap(frame, kind):
    reader = Reader(frame)
    if frame[:3] != MAGIC:
        raise malformed("the frame does not begin with FGX")
    reader.take(3)
    version, found, encoding = reader.take(3)
    if version != 1:
        raise malformed(f"version {version}, 1 expected")
    if found != kind:
        raise malformed(f"kind {found}, {kind} expected")
    length = reader.unsigned()
    limit = REQUEST_BODY if kind == REQUEST else BODY
    if length > limit:
        raise too_large(f"{length} bytes announced, at most {limit}")
    rest = reader.take(reader.left)
    if encoding == 0:
        if len(rest) != length:
            raise malformed(f"{length} bytes announced, {len(rest)} came")
        return rest
    if encoding != 1:
        raise malformed(f"encoding {encoding}")
    if length > max(SMALL, RATIO * len(rest)):
        raise too_large(f"{length} bytes announced of {len(rest)} compressed")
    return inflate(rest, length)


def inflate(packed, length):
    """One zstd frame that holds exactly `length` bytes, read in pieces so that no more is made."""
    inflater = zstandard.ZstdDecompressor(max_window_size=BODY).decompressobj()
    body = bytearray()
    try:
        for start in range(0, len(packed), 4096):
            body += inflater.decompress(packed[start:start + 4096])
            if len(body) > length:
                raise malformed(f"more than the {length} bytes announced")
    except zstandard.ZstdError as error:
        raise malformed(f"not one zstd frame: {error}") from None
    if len(body) != length or inflater.unused_data:
        raise malformed(f"{length} bytes announced, {len(body)} came")
    return bytes(body)


def snapshot_replies(data):
    """Section 13: the bodies of the replies that a first copy consists of."""
    bodies, at = [], 0
    while at < len(data):
        length = int.from_bytes(data[at:at + 8], "big")
        if len(data) - at < 8 or length > len(data) - at - 8:
            raise malformed(f"a snapshot that ends at {len(data)}")
        bodies.append(unwrap(data[at + 8:at + 8 + length], REPLY))
        at += 8 + length
    return bodies
