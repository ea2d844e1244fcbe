"""A device: a folder with a key, what enrolment answered, and a replica."""

import base64
import hashlib
import json
import os
import time
import uuid

from . import bundle, reply, request
from .connection import Connection, Refused
from .frame import snapshot_replies
from .replica import PRESENCE, SCOPE, ZERO, Replica
from .schema import Schema, canonical_value
from .signing import Key, SignatureError, verify


class Device:
    def __init__(self, folder):
        self.folder = folder
        with open(self.file("key.pem"), "rb") as file:
            self.key = Key.from_pem(file.read())
        with open(self.file("device.json")) as file:
            self.facts = json.load(file)
        self.hub = base64.b64decode(self.facts["hub_public_key"])
        self.connection = Connection(self.facts["url"], self.key, self.hub)
        self.replica = Replica(self.file("replica.json"), self.hub)

    @classmethod
    def enrol(cls, folder, url, code, name):
        os.makedirs(folder)
        key = Key()
        with open(os.path.join(folder, "key.pem"), "wb") as file:
            file.write(key.pem())
        answer = Connection(url, key).enrol(code, name, "python")
        with open(os.path.join(folder, "device.json"), "w") as file:
            json.dump(answer | {"url": url}, file, ensure_ascii=False)
        return cls(folder)

    def file(self, name):
        return os.path.join(self.folder, name)

    @property
    def schema(self):
        return Schema(self.replica["document"])

    # Exchanging

    def exchange(self, message):
        """One round trip; nothing of the answer counts before it is checked."""
        answer = reply.decode(self.connection.exchange(request.encode(message)))
        outcome = self.replica.apply(answer)
        self.replica.save()
        return outcome, answer

    def sync(self, first=None, check=None):
        """Exchanges until nothing waits; says what each answer came to."""
        outcomes = []
        for _ in range(64):
            message = self.replica.request(first, check=check)
            outcome, answer = self.exchange(message)
            outcomes.append(outcome)
            first = answer["chain"]["gap"] if outcome == "gap" else None
            if outcome == "applied" and not answer["has_more"] and not self.replica["outbox"]:
                return outcomes, answer
        raise AssertionError(f"the exchange does not come to rest: {outcomes}")

    def bootstrap(self):
        """A first copy as a file where the hub offers one, and what came since by exchange."""
        offer, data = self.connection.snapshot()
        applied = 0
        if offer:
            assert len(data) == offer["bytes"], "the snapshot is as long as it was said to be"
            assert hashlib.sha256(data).hexdigest() == offer["id"], "the snapshot is another file"
            applied = self.apply_snapshot(data)
        outcomes, _ = self.sync()
        return {"offer": offer, "replies": applied, "outcomes": outcomes,
                "records": len(self.replica["records"])}

    def apply_snapshot(self, data):
        bodies = snapshot_replies(data)
        for body in bodies:
            self.replica.apply(reply.REPLY.decode(body))
        self.replica.save()
        return len(bodies)

    # Bundles

    def export(self, path, first=None, files=()):
        frames = [request.encode(self.replica.request(first))]
        if files:
            frames.append(bundle.files_frame(
                {hashlib.sha256(content).hexdigest(): content for content in files}))
        parts = {
            "direction": bundle.TO_HUB, "node": self.facts["node"],
            "incarnation": self.replica["incarnation"], "hub": self.hub.hex(),
            "made": int(time.time() * 1000), "frames": [one.hex() for one in frames],
            "signer": self.key.public.hex()}
        with open(path, "wb") as file:
            file.write(bundle.encode(parts, self.key.sign))

    def take_in(self, path):
        """Applies the hub's bundle for this device; names the files that the hub has."""
        with open(path, "rb") as file:
            parts = bundle.decode(file.read(), verify)
        expected = {"direction": bundle.TO_DEVICE, "node": self.facts["node"],
                    "hub": self.hub.hex(), "signer": self.hub.hex()}
        for name, value in expected.items():
            if parts[name] != value:
                raise SignatureError(f"the bundle's {name} is {parts[name]}, not {value}")
        frames, beside = bundle.sections(parts)
        replies = [reply.decode(one) for one in frames]
        received = bundle.decode_receipts(beside) if beside is not None else []
        outcomes = [self.replica.apply(one) for one in replies]
        self.replica.save()
        return outcomes, received

    # Saving

    def create(self, type_name, scope, fields, record=None):
        """A new record: one changeset, sealed and saved, and not sent."""
        type, record = self.schema.type(type_name), record or str(uuid.uuid4())
        changes = [change(type, record, PRESENCE, [1]), change(type, record, SCOPE, [scope])]
        changes += self.edits(type, record, {}, fields)
        return record, self.seal(changes)

    def edit(self, type_name, record, fields):
        type, known = self.schema.type(type_name), self.replica.row(record)
        changes = self.edits(type, record, known["units"], fields)
        return self.seal(changes) if changes else None

    def move(self, type_name, record, scope):
        return self.seal([change(self.schema.type(type_name), record, SCOPE, [scope])])

    def delete(self, type_name, record):
        return self.seal([change(self.schema.type(type_name), record, PRESENCE, [0])])

    def edits(self, type, record, units, fields):
        """One change for each unit that a field belongs to, with all its members."""
        changed = {}
        for name, text in fields.items():
            unit, place = type.of_field(name)
            empty = [None] * len(unit.fields)
            members = changed.setdefault(
                unit.number, list(units.get(str(unit.number), empty)))
            members[place] = canonical_value(text, unit.fields[place])
        changes = []
        for number, members in changed.items():
            unit = type.unit(number)
            before = units.get(str(number), [None] * len(unit.fields))
            value = unit.change(before, members)
            if value is not None:
                changes.append(change(type, record, number, value))
        return changes

    def seal(self, changes):
        changeset = self.replica.seal(self.facts["holder"], changes)
        self.replica.save()
        return changeset["seq"]

    # Conflicts

    def conflicts(self):
        """As the hub wrote them, with their sides read."""
        type = self.schema.type("conflict")
        found = []
        for record in self.replica.rows(type.number):
            shown = self.shown(record)["fields"]
            shown |= {"id": record["id"], "sides": json.loads(shown["sides"])}
            found.append(shown)
        return found

    def settle(self, id, side=None, note=None):
        """Takes a side, or takes the decision back where no side is named."""
        conflict = next(one for one in self.conflicts() if one["id"] == id)
        type = self.schema.type(conflict["type"])
        unit = next(unit for unit in type.units if unit.name == conflict["unit"])
        sides = [{"incarnation": one["incarnation"], "seq": one["seq"]}
                 for one in conflict["sides"]]
        row = self.replica.row(conflict["record"])
        value = row["units"].get(str(unit.number), [None] * len(unit.fields))
        if side is not None:
            value = [conflict["sides"][side - 1]["value"]]
        settled = change(type, conflict["record"], unit.number, value)
        settled["settles"] = {
            "conflict": id, "sides": sides, "note": note, "takes_back": side is None}
        return self.seal([settled])

    # Looking

    def shown(self, record):
        """As `fieldgrid record show --json` shows it."""
        type = self.schema.type(record["type"])
        fields = {
            unit.name: unit.shown(record["units"].get(str(unit.number), [None] * len(unit.fields)))
            for unit in type.units}
        return {"id": record["id"], "scope": record["scope"], "type": type.name, "fields": fields}

    def compare_sums(self):
        """Asks for the sum of every scope, and then for the records of the first with any."""
        assert self.replica["epoch"] != ZERO, "nothing was exchanged yet"
        different = []
        for scope in self.replica.scopes():
            check = self.replica.check(2, scope)
            _, answer = self.exchange(self.replica.request(check=check))
            if answer["sums"] != [self.replica.sum_of(scope)]:
                different.append(scope)
        check = {"level": 1, "ranges": [
            {"scope": scope, "from": 0, "to": 0} for scope in self.replica.scopes()[:16]]}
        _, answer = self.exchange(self.replica.request(check=check))
        total = sum(int(self.replica.sum_of(scope), 16) for scope in self.replica.scopes()[:16])
        combined = f"{total % (1 << 128):032x}"
        return {"different": different, "combined": answer["sums"] == [combined]}

    def checked(self, scope):
        """The records of a scope as the hub has them, whole, by their ids."""
        _, answer = self.exchange(self.replica.request(check=self.replica.check(3, scope)))
        return answer["checked"]

    def compare_json(self):
        """Asks for everything in the JSON form; the ids of records that it has otherwise."""
        answer = self.connection.exchange_json(
            {"incarnation": str(uuid.uuid4()), "epoch": None, "positions": {}})
        assert not answer["has_more"] and answer["positions"] == self.replica["positions"]
        here = {record["id"]: record for record in self.replica["records"].values()}
        there = {record["id"]: record for record in answer["records"]}
        different = set(here) ^ set(there)
        for id in set(here) & set(there):
            type = self.schema.type(here[id]["type"])
            named = {unit.name: unit.named(here[id]["units"][str(unit.number)])
                     for unit in type.units if str(unit.number) in here[id]["units"]}
            if filled(named) != filled(there[id]["units"]) or type.name != there[id]["type"]:
                different.add(id)
        return {"records": len(there), "different": sorted(different)}

    def is_refused(self, call):
        """The code of the refusal that a call meets."""
        try:
            call()
        except Refused as refused:
            return refused.code
        return None


def filled(units):
    """The units that are not empty, whether or not they are named."""
    def is_empty(value):
        return value is None or isinstance(value, dict) and not any(
            member is not None for member in value.values())

    return {name: value for name, value in units.items() if not is_empty(value)}


def change(type, record, unit, value):
    return {"type": type.number, "record": {"id": record}, "unit": unit, "value": value,
            "seen_through": None, "settles": None}
