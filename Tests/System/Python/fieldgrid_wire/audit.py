"""Section 14: heads of the hub's logs, and the proofs between them."""

import hashlib

from .primitives import (BITS, DIGEST, FLAG, SEQUENCE, TEXT, Counted, Fields, Fixed, column,
                         written)

LIFE = Fields(("epoch", BITS), ("start", SEQUENCE))
HEAD = Fields(
    ("log", TEXT), ("size", SEQUENCE), ("root", DIGEST), ("lives", Counted(LIFE)),
    ("time", SEQUENCE))
SIGNED = Fields(*HEAD.fields, ("signature", Fixed(64)))
PROVED = Fields(*SIGNED.fields, ("from", SEQUENCE), ("proof", Counted(DIGEST, most=128)))
HALF = Fixed(16)


class Question:
    """What the asker keeps; the sizes have no names, but the order of the positions."""

    def read_for(self, codes, reader):
        if not FLAG.read(reader):
            return None
        digest = HALF.read(reader)
        administration, *sizes = column(SEQUENCE, 1 + len(codes), reader)
        return {"digest": digest, "administration": administration,
                "sizes": dict(zip(codes, sizes))}

    def write_for(self, codes, question):
        if question is None:
            return FLAG.write(False)
        sizes = [question["administration"]] + [question["sizes"][code] for code in codes]
        return FLAG.write(True) + HALF.write(question["digest"]) + written(SEQUENCE, sizes)


def signed_bytes(head):
    """What the hub's signature of a head covers."""
    return TEXT.write("fieldgrid-head-1") + HEAD.write(head)


def leaf_hash(leaf):
    return hashlib.sha256(b"\0" + leaf).hexdigest()
