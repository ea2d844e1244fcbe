#!/usr/bin/python3
"""Checks this implementation against every file under schemas/wire/vectors.

    vectors.py [FOLDER]              decodes, compares with the JSON, encodes again
    vectors.py [FOLDER] --malformed  writes malformed.json anew
"""

import hashlib
import json
import pathlib
import sys

import malformed
from fieldgrid_wire import bundle, canonical, frame, reply, request
from fieldgrid_wire.primitives import Reader, WireError

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
        reader = Reader(data)
        agree(name, bundle.read_body(reader), document["says"])
        reader.finish()
        agree(name + " encoded", bundle.body(document["says"]).hex(), data.hex())

    def check_truncations(self, name, data, codec):
        """No beginning of a message is a message."""
        for length in range(len(data)):
            refused(f"{name} cut at {length}", lambda: codec.decode(data[:length]))

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


def refused(name, read):
    try:
        read()
    except WireError as error:
        return error.code
    raise Disagreement(f"{name} was not refused")


def main(arguments):
    folder = pathlib.Path(arguments[0]) if arguments and arguments[0][0] != "-" else FOLDER
    if "--malformed" in arguments:
        lines = ",\n".join(json.dumps(case) for case in malformed.cases())
        (folder / "malformed.json").write_text(f"[\n{lines}\n]\n")
        return
    vectors = Vectors(folder)
    names = sorted(file.stem for file in folder.glob("*.hex"))
    for name in names:
        vectors.check(name)
    count = vectors.check_malformed()
    print(json.dumps({"vectors": names, "malformed": count}))


if __name__ == "__main__":
    main(sys.argv[1:])
