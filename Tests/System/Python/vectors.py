#!/usr/bin/python3
"""Checks this implementation against every file under schemas/wire/vectors.

    vectors.py [FOLDER]              decodes, compares with the JSON, encodes again
    vectors.py [FOLDER] --malformed  writes malformed.json and damaged.json anew
"""

import base64
import hashlib
import json
import pathlib
import random
import sys

import malformed
from fieldgrid_wire import audit, bundle, canonical, frame, reply, request
from fieldgrid_wire.chance import spliced, splices
from fieldgrid_wire.json_form import JSONForm
from fieldgrid_wire.primitives import WireError
from fieldgrid_wire.schema import Schema, canonical_set
from fieldgrid_wire.signing import EnrolmentCode, Key, SignatureError, SignedRequest, verify

HERE = pathlib.Path(__file__).resolve().parent
FOLDER = HERE.parents[2] / "schemas" / "wire" / "vectors"


class Disagreement(Exception):
    pass


def agree(what, found, expected):
    if found != expected:
        raise Disagreement(f"{what}: {found!r} is not {expected!r}")


def stored(file):
    return bytes.fromhex("".join(file.read_text().split()))


class Vectors:
    def __init__(self, folder):
        self.folder = folder

    def check(self, name):
        data = stored(self.folder / f"{name}.hex")
        document = json.loads((self.folder / f"{name}.json").read_text())
        getattr(self, "check_" + document["kind"])(name, data, document)

    def check_request(self, name, data, document):
        agree(name, request.REQUEST.decode(data), document["says"])
        agree(name + " encoded", request.REQUEST.write(document["says"]).hex(), data.hex())
        again = request.decode(request.encode(document["says"]))
        agree(name + " framed", again, document["says"])
        if document["says"]["batch"]:
            self.check_chain(name, document["says"]["batch"], document["numbers"])
        self.check_truncations(name, data, request.REQUEST)

    def check_reply(self, name, data, document):
        agree(name, reply.REPLY.decode(data), document["says"])
        agree(name + " encoded", reply.REPLY.write(document["says"]).hex(), data.hex())
        again = reply.decode(reply.encode(document["says"]))
        agree(name + " framed", again, document["says"])
        self.check_truncations(name, data, reply.REPLY)

    def check_chain(self, name, batch, numbers):
        """The digests of the canonical forms arrive at the head that travelled."""
        for changeset in batch["changesets"]:
            for change in changeset["changes"]:
                record = change["record"]
                if "number" in record:
                    change["record"] = {"id": numbers[f"{record['scope']}/{record['number']}"]}
        if batch["parent"]:
            agree(name + " start", canonical.start_after(batch["parent"]).hex(), batch["previous"])
        digests = canonical.chain(
            batch["incarnation"], batch["first_seq"], batch["changesets"],
            bytes.fromhex(batch["previous"]))
        agree(name + " head", digests[-1].hex(), batch["head"])

    def check_changeset(self, name, data, document):
        agree(name, canonical.read(data), document["says"])
        agree(name + " encoded", canonical.write(document["says"]).hex(), data.hex())
        agree(name + " digest", hashlib.sha256(data).hexdigest(), document["digest"])

    def check_frame(self, name, data, document):
        body = stored(self.folder / f"{document['body']}.hex")
        agree(name, frame.unwrap(data, frame.REQUEST).hex(), body.hex())

    def check_bundle(self, name, data, document):
        agree(name, bundle.decode(data, verify), document["says"])
        key = Key.from_pem(document["key"].encode())
        agree(name + " encoded", bundle.encode(document["says"], key.sign).hex(), data.hex())
        requests, beside = bundle.sections(document["says"])
        for sent in requests:
            request.decode(sent)
        files = stored(self.folder / "files.hex") if name == "bundle-files" else None
        agree(name + " files", beside, files)
        for length in range(len(data)):
            refused(f"{name} cut at {length}", lambda: bundle.decode(data[:length], verify))
        for place in range(len(data)):
            altered = data[:place] + bytes([data[place] ^ 0x21]) + data[place + 1:]
            refused(f"{name} altered at {place}", lambda: bundle.decode(altered, verify))

    def check_leaf(self, name, data, document):
        agree(name + " hash", audit.leaf_hash(data), document["hash"])

    def check_head(self, name, data, document):
        head = audit.SIGNED.decode(data)
        agree(name, head, document["says"])
        agree(name + " encoded", audit.SIGNED.write(head).hex(), data.hex())
        key = Key.from_pem(document["key"].encode())
        agree(name + " signed", key.sign(audit.signed_bytes(head)).hex(), head["signature"])
        self.check_truncations(name, data, audit.SIGNED)

    def check_files(self, name, data, document):
        agree(name, bundle.decode_files(data), document["says"])
        agree(name + " encoded", bundle.FILES.write(document["says"]).hex(), data.hex())
        self.check_truncations(name, data, bundle.FILES)

    def check_receipts(self, name, data, document):
        agree(name, bundle.decode_receipts(data), document["says"])
        agree(name + " encoded", bundle.RECEIPTS.write(document["says"]).hex(), data.hex())
        self.check_truncations(name, data, bundle.RECEIPTS)

    def check_snapshot(self, name, data, document):
        bodies = [stored(self.folder / f"{reply}.hex") for reply in document["replies"]]
        agree(name, frame.snapshot_replies(data), bodies)
        ends = {0}
        for body in bodies:
            ends.add(max(ends) + 8 + len(frame.wrap(body, frame.REPLY)))
        agree(name + " ends", max(ends), len(data))
        for length in set(range(len(data))) - ends:
            refused(f"{name} cut at {length}", lambda: frame.snapshot_replies(data[:length]))

    def check_truncations(self, name, data, codec):
        """No beginning of a message is a message."""
        for length in range(len(data)):
            refused(f"{name} cut at {length}", lambda: codec.decode(data[:length]))

    def check_signing(self):
        """The headers of a request, the answer that fits it, and what derives from a code."""
        document = json.loads((self.folder / "signing.json").read_text())
        key, hub = (Key.from_pem(document[f"{who}_key"].encode()) for who in ("device", "hub"))
        sent, answer = document["request"], document["answer"]
        signed = SignedRequest(
            key, (sent["method"], sent["path"], sent["query"]), sent["body"].encode(),
            sent["created"], sent["nonce"])
        found = {name.lower(): value for name, value in signed.headers.items()}
        agree("the request's headers", found, sent["headers"])
        headers, body = list(answer["headers"].items()), answer["body"].encode()
        signed.check(answer["status"], headers, body, hub.public)
        for status, text, other in (
                (200, body, hub), (answer["status"], body + b" ", hub),
                (answer["status"], body, key)):
            refused("an altered answer",
                    lambda: signed.check(status, headers, text, other.public))
        known = document["enrolment"]
        code = EnrolmentCode(known["code"].lower().replace("-", " "))
        agree("the hub's fingerprint", code.hub_fingerprint, known["hub_fingerprint"])
        told = code.introduction(key.public, "", "", base64.b64decode(known["nonce"]))
        for name in ("lookup", "proof"):
            agree(name, told[name], known[name])

    # What is computed

    def check_derived(self):
        """What both sides compute and nobody sends."""
        document = json.loads((self.folder / "derived.json").read_text())
        for what, known in document.items():
            getattr(self, "check_derived_" + what)(known)

    def check_derived_sums(self, known):
        total = 0
        for record in known["records"]:
            found = canonical.record_sum(record)
            agree(f"the sum of {record['id']}", f"{found:032x}", record["sum"])
            total += found
        agree("the sum of all", f"{total % (1 << 128):032x}", known["all"])
        agree("all 128 times", f"{128 * total % (1 << 128):032x}", known["all_128_times"])

    def check_derived_conflicts(self, known):
        for one in known:
            found = canonical.conflict_name(
                one["record"], one["unit"], one["first"], one["second"])
            agree("a conflict", found, one["id"])

    def check_derived_derived(self, known):
        for one in known:
            agree(f"{one}", canonical.derived_name(one["kind"], one["parts"]), one["id"])

    def check_derived_starts(self, known):
        for one in known:
            agree(f"{one}", canonical.start_after(one["parent"]).hex(), one["digest"])

    def check_derived_schema_tags(self, known):
        for one in known:
            found = hashlib.sha256(one["document"].encode()).hexdigest()[:16]
            agree(f"{one}", found, one["tag"])

    def check_derived_sets(self, known):
        for one in known:
            agree(f"{one}", canonical_set(set(one["elements"])), one["text"])

    def check_derived_not_sets(self, known):
        for text in known:
            agree(f"whether {text!r} is a set", is_set(text), False)

    def check_derived_tree(self, known):
        leaves = [bytes.fromhex(leaf) for leaf in known["leaves"]]
        roots = [audit.root(leaves[:size]).hex() for size in range(len(leaves) + 1)]
        agree("roots", roots, known["roots"])
        for one in known["proofs"]:
            old, new = one["from"], one["to"]
            found = [hash.hex() for hash in audit.proof(leaves[:new], old)]
            agree(f"the proof from {old} to {new}", found, one["hashes"])
            if 0 < old:
                self.check_proof(one["hashes"], (old, roots[old]), (new, roots[new]))

    def check_proof(self, hashes, old, new):
        """It proves what it is for, and nothing else."""
        agree(f"{old[0]} to {new[0]}", audit.is_proved(hashes, old, new), True)
        other = hashlib.sha256(b"another").hexdigest()
        wrong = [(hashes + [other], old, new), (hashes, (old[0], other), new),
                 (hashes, old, (new[0], other))]
        wrong += [(hashes[:at] + [other] + hashes[at + 1:], old, new)
                  for at in range(len(hashes))]
        wrong += [(hashes[:-1], old, new)] if hashes else []
        for case in wrong:
            agree(f"a wrong proof {case}", audit.is_proved(*case), False)

    def check_derived_questions(self, known):
        for one in known:
            agree(f"{one}", audit.heads_digest(one["heads"]), one["digest"])

    def check_json_form(self):
        document = json.loads((self.folder / "json-form.json").read_text())
        form = JSONForm(Schema(document["schema"]))
        for one in document["requests"]:
            agree("a request in JSON", form.request_says(one["form"]), one["says"])
            if one["says"]["sealed"] is not None:
                agree("sent", request.decode(request.encode(one["says"])), one["says"])
        for one in document["replies"]:
            agree("a reply in JSON", form.reply(one["says"]), one["form"])

    def check_malformed(self):
        cases = json.loads((self.folder / "malformed.json").read_text())
        agree("malformed.json", cases, malformed.cases())
        readers = {"request": request.decode, "reply": reply.decode}
        for of, data in malformed.sound():
            readers[of](data)
        for case in cases:
            data = bytes.fromhex(case["hex"])
            code = refused(case["name"], lambda: readers[case["of"]](data))
            agree(case["name"], code, case["error"])
        return len(cases)

    # Random damage

    CODECS = {"request": request.REQUEST, "reply": reply.REPLY}

    def messages(self):
        """Every message among the vectors: its name, its codec and its body."""
        for file in sorted(self.folder.glob("re*.hex")):
            yield file.stem, self.CODECS[file.stem.split("-")[0]], stored(file)

    def damage(self, each=60):
        """Messages with a few bytes changed, and whether they are messages still."""
        cases = []
        for name, codec, body in self.messages():
            chance = random.Random(name)
            for _ in range(each):
                changes = splices(body, chance)
                cases.append({"vector": name, "changes": changes,
                              "taken": is_taken(codec, spliced(body, changes))})
        return cases

    def check_damage(self):
        bodies = {name: (codec, body) for name, codec, body in self.messages()}
        cases = json.loads((self.folder / "damaged.json").read_text())
        for case in cases:
            codec, body = bodies[case["vector"]]
            agree(f"{case}", is_taken(codec, spliced(body, case["changes"])), case["taken"])
        agree("damaged vectors", {case["vector"] for case in cases}, set(bodies))
        return len(cases)


def is_set(text):
    """Whether it is the canonical text of a set."""
    try:
        items = json.loads(text)
    except ValueError:
        return False
    are_texts = isinstance(items, list) and all(isinstance(item, str) for item in items)
    return are_texts and canonical_set(set(items)) == text


def is_taken(codec, body):
    try:
        codec.decode(body)
    except WireError:
        return False
    return True


def refused(name, read):
    try:
        read()
    except WireError as error:
        return error.code
    except SignatureError:
        return "signature"
    raise Disagreement(f"{name} was not refused")


def main(arguments):
    folder = pathlib.Path(arguments[0]) if arguments and arguments[0][0] != "-" else FOLDER
    if "--malformed" in arguments:
        for name, cases in (("malformed", malformed.cases()),
                            ("damaged", Vectors(folder).damage())):
            lines = ",\n".join(json.dumps(case) for case in cases)
            (folder / f"{name}.json").write_text(f"[\n{lines}\n]\n")
        return
    vectors = Vectors(folder)
    names = sorted(file.stem for file in folder.glob("*.hex"))
    for name in names:
        vectors.check(name)
    vectors.check_signing()
    vectors.check_derived()
    vectors.check_json_form()
    count = vectors.check_malformed()
    damaged = vectors.check_damage()
    print(json.dumps({"vectors": names, "malformed": count, "damaged": damaged}))


if __name__ == "__main__":
    main(sys.argv[1:])
