"""Section 14: heads of the hub's logs, and the proofs between them."""

import hashlib

from .primitives import (BITS, DIGEST, FLAG, SEQUENCE, TEXT, Counted, Fields, Fixed, column,
                         written)
from .signing import SignatureError, verify

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


class Alarm(Exception):
    """The hub showed what cannot be."""


def leaf_hash(leaf):
    return hashlib.sha256(b"\0" + leaf).hexdigest()


def node(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def split(count):
    """The largest power of two below a count."""
    return 1 << (count - 1).bit_length() - 1


def root(leaves):
    if len(leaves) < 2:
        return hashlib.sha256(b"\0" + leaves[0] if leaves else b"").digest()
    middle = split(len(leaves))
    return node(root(leaves[:middle]), root(leaves[middle:]))


def proof(leaves, old):
    """RFC 6962, section 2.1.2: from the first `old` of the leaves to all of them."""
    return subproof(leaves, old, True) if 0 < old < len(leaves) else []


def subproof(leaves, old, whole):
    if old == len(leaves):
        return [] if whole else [root(leaves)]
    middle = split(len(leaves))
    if old <= middle:
        return subproof(leaves[:middle], old, whole) + [root(leaves[middle:])]
    return subproof(leaves[middle:], old - middle, False) + [root(leaves[:middle])]


def roots_of(hashes, old, new, old_root):
    """The roots of the first `old` and of all `new` leaves, rebuilt from a proof.

    The way down to where the old tree ends; on the way back up each hash is the neighbour of
    what is rebuilt so far: a left one belongs to both trees, a right one only to the new.
    """
    hashes = list(hashes)

    def rebuild(old, new, whole):
        if old == new:
            return (old_root, old_root) if whole else (hashes.pop(0),) * 2
        middle = split(new)
        if old <= middle:
            before, after = rebuild(old, middle, whole)
            return before, node(after, hashes.pop(0))
        before, after = rebuild(old - middle, new - middle, False)
        left = hashes.pop(0)
        return node(left, before), node(left, after)

    found = rebuild(old, new, True)
    if hashes:
        raise Alarm("the proof is too long")
    return found


def is_proved(hashes, old, new):
    """Whether a tree `(size, root)` continues another one, digests in hexadecimal."""
    (old_size, old_root), (new_size, new_root) = old, new
    if old_size == new_size:
        return not hashes and old_root == new_root
    try:
        before, after = roots_of(
            [bytes.fromhex(one) for one in hashes], old_size, new_size, bytes.fromhex(old_root))
    except (IndexError, Alarm):
        return False
    return before.hex() == old_root and after.hex() == new_root


def heads_digest(heads):
    """What a question says of the heads that are kept; zeros where there is none."""
    kept = [head for head in heads if head["size"]]
    if not kept:
        return bytes(16).hex()
    data = TEXT.write("fieldgrid-heads-1")
    for head in sorted(kept, key=lambda head: head["log"].encode()):
        data += TEXT.write(head["log"]) + SEQUENCE.write(head["size"])
        data += DIGEST.write(head["root"])
    return hashlib.sha256(data).digest()[:16].hex()


def question(kept, codes, epoch):
    """Of the heads that are kept, by their logs, in front of a request of these scopes."""
    heads = {log: head for log, head in kept.items() if log == "" or log in codes}
    is_other = any(head["lives"][-1]["epoch"] != epoch for head in heads.values())
    sizes = {code: heads[code]["size"] if code in heads else 0 for code in codes}
    return {
        "digest": bytes(16).hex() if is_other else heads_digest(heads.values()),
        "administration": heads[""]["size"] if "" in heads else 0, "sizes": sizes}


def judge(kept, shown, epoch, hub):
    """What to keep after a head was shown: the table of section 14.

    Returns the head to keep, and whether one that is left behind is to be kept beside it.
    """
    try:
        verify(hub, bytes.fromhex(shown["signature"]), signed_bytes(shown))
    except SignatureError:
        raise Alarm("the head is not signed by the hub") from None
    if not shown["lives"] or shown["lives"][-1]["epoch"] != epoch:
        raise Alarm("the head is of another epoch than the reply")
    if kept is None:
        return (shown if shown["from"] == 0 else None), False
    if kept["lives"] != shown["lives"]:
        parted = first_parting(kept["lives"], shown["lives"])
        if kept["size"] > parted:
            return shown, True
    if shown["from"] != kept["size"]:
        return kept, False
    if shown["size"] < kept["size"] or not is_proved(
            shown["proof"], (kept["size"], kept["root"]), (shown["size"], shown["root"])):
        raise Alarm(f"the log {shown['log']!r} was rewritten")
    return shown, False


def first_parting(known, shown):
    """Where two lists of lives go different ways: the smallest start of what only one has."""
    starts = {life["epoch"]: life["start"] for life in known}
    if shown[-1]["epoch"] in starts:
        raise Alarm("the lives differ, and the last one is not new")
    for life in shown:
        if starts.get(life["epoch"], life["start"]) != life["start"]:
            raise Alarm(f"the epoch {life['epoch']} begins at another size")
    shared = 0
    while shared < min(len(known), len(shown)) and known[shared] == shown[shared]:
        shared += 1
    return min(life["start"] for life in known[shared:] + shown[shared:])
