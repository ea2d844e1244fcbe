"""What a device knows: positions, records, and what it sealed and nobody answered yet."""

import hashlib
import json
import os
import time
import uuid

from . import audit, canonical
from .request import ordered
from .schema import Schema

ZERO = str(uuid.UUID(int=0))
PRESENCE, SCOPE = 0, 1
REPLY_BYTES = 4 << 20


class Replica:
    """One life of a device's database, kept as one JSON file."""

    def __init__(self, path, hub):
        self.path, self.hub = path, hub
        self.read = None
        self.state = json.load(open(path)) if os.path.exists(path) else self.beginning()

    @staticmethod
    def beginning():
        return {
            "epoch": ZERO, "incarnation": str(uuid.uuid4()), "parent": None, "seq": 0,
            "time": 0, "schema": "0" * 16, "document": "", "positions": {}, "heads": {},
            "pulls": {}, "records": {}, "outbox": [], "held": [], "digests": {}, "own": {},
            "logs": {}, "logs_left": [], "alarm": None}

    def save(self):
        """The new state takes the place of the old one whole, or not at all."""
        beside = self.path + ".new"
        with open(beside, "w") as file:
            json.dump(self.state, file, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, self.path)

    def __getitem__(self, name):
        return self.state[name]

    # What is here

    def unit(self, change):
        """What a change is of, by the schema that is here; read once for each."""
        if self.read is None or self.read[0] != self["schema"]:
            self.read = self["schema"], Schema(self["document"])
        return self.read[1].type(change["type"]).unit(change["unit"])

    def by_id(self, id):
        found = [record for record in self["records"].values() if record["id"] == id]
        return found[0] if found else None

    def row(self, id):
        """A record as its user sees it: what the hub has, and own unanswered values over it."""
        known = self.by_id(id)
        row = {"id": id} | known | {"units": dict(known["units"])} if known else None
        unanswered = [one["changeset"] for one in self["held"]] + self["outbox"]
        for changeset in sorted(unanswered, key=lambda one: one["time"]):
            for change in changeset["changes"]:
                if change["record"]["id"] != id:
                    continue
                row = row or {"id": id, "type": change["type"], "scope": None, "units": {}}
                if change["unit"] == PRESENCE and change["value"] != [1]:
                    return None
                if change["unit"] == SCOPE:
                    row["scope"] = change["value"][0]
                if change["unit"] > SCOPE:
                    place = str(change["unit"])
                    row["units"][place] = self.unit(change).changed(
                        row["units"].get(place), change["value"])
        return row

    @staticmethod
    def named(changeset):
        """The ids of the records that a changeset changes."""
        return {change["record"]["id"] for change in changeset["changes"]}

    def rows(self, type):
        """All records of a type as their user sees them."""
        ids = [one["id"] for one in self["records"].values() if one["type"] == type]
        for changeset in self["outbox"]:
            ids += [change["record"]["id"] for change in changeset["changes"]
                    if change["type"] == type and change["unit"] == PRESENCE]
        return [row for row in map(self.row, sorted(set(ids))) if row]

    # Saving

    def now(self):
        """The next hybrid time: never one that was issued or observed before."""
        wall = int(time.time() * 1000) << 16
        self.state["time"] = wall if wall > self["time"] else self["time"] + 1
        return self["time"]

    def seal(self, author, changes, source="on_site", context=None):
        """Adds one changeset to the outbox; its changes name records by id."""
        self.state["seq"] += 1
        changeset = {
            "seq": self["seq"], "author": author, "source": source, "schema": self["schema"],
            "epoch": self["epoch"], "time": self.now(), "changes": changes,
            "context": dict(self["positions"]) if context is None else context}
        self["outbox"].append(changeset)
        self.link(changeset)
        return changeset

    def link(self, changeset):
        identity = {"incarnation": self["incarnation"], "seq": changeset["seq"]}
        before = self.digest_before(changeset["seq"])
        digest = canonical.digest(changeset, identity, before)
        self["digests"][str(changeset["seq"])] = digest.hex()

    def digest_before(self, seq):
        if seq == 1:
            return canonical.start_after(self["parent"])
        return bytes.fromhex(self["digests"][str(seq - 1)])

    # Asking

    def request(self, first=None, most=5000, check=None):
        """A request with the outbox from a sequence on, or without a batch."""
        sending = [one for one in self["outbox"] if first is None or one["seq"] >= first][:most]
        return {
            "schema": self["schema"], "epoch": self["epoch"],
            "incarnation": self["incarnation"], "sealed": self["seq"],
            "reply_bytes_max": REPLY_BYTES, "positions": dict(self["positions"]),
            "pulls": self.pulls(), "oldest": self.oldest(),
            "held": [one["identity"] for one in self["held"]], "kept": None, "check": check,
            "audit": self.question(), "batch": self.batch(sending)}

    def question(self):
        """How far the hub's logs are known here."""
        if self["epoch"] == ZERO:
            return None
        return audit.question(self["logs"], self.scopes(), self["epoch"])

    def pulls(self):
        """The scopes of which more is to come: where that began, and what was told ahead of it."""
        found = []
        for scope in self.scopes():
            if scope in self["pulls"]:
                at, pull = self["positions"][scope], self["pulls"][scope]
                found.append({"scope": scope, "back": at - pull["base"],
                              "ahead": max(0, pull["told"] - at)})
        return found

    def oldest(self):
        """How far back the contexts go of what is not accepted yet."""
        waiting = self["outbox"] + [one["changeset"] for one in self["held"]]
        # In another epoch nothing of the present positions was seen.
        contexts = [one["context"] if one["epoch"] == self["epoch"] else {} for one in waiting]
        back = {scope: at - min([at] + [context.get(scope, 0) for context in contexts])
                for scope, at in self["positions"].items()}
        return [{"scope": scope, "back": back[scope]} for scope in self.scopes() if back[scope]]

    def batch(self, changesets):
        if not changesets or self["epoch"] == ZERO:
            return None
        first = changesets[0]["seq"]
        # What was answered out of turn has left a hole, which a batch must not have.
        changesets = [
            one for step, one in enumerate(changesets) if one["seq"] == first + step]
        return {
            "incarnation": self["incarnation"], "first_seq": first,
            "parent": self["parent"] if first == 1 else None,
            "previous": self.digest_before(first).hex(),
            "head": self["digests"][str(changesets[-1]["seq"])],
            "changesets": [self.abbreviated(changeset) for changeset in changesets]}

    def abbreviated(self, changeset):
        """Records by their numbers, where the hub has given them one."""
        changes = []
        for change in changeset["changes"]:
            known = self.by_id(change["record"]["id"])
            name = None
            if known and known["number"] is not None:
                name = {"scope": known["scope"], "number": known["number"]}
            changes.append(change | {"record": name or change["record"]})
        named = {name: value for name, value in changeset.items() if name != "seq"}
        return named | {"changes": changes}

    # Hearing

    def apply(self, reply):
        """Takes a reply in; what could not be taken is said by the word that is returned."""
        try:
            self.hear_heads(reply)
        except audit.Alarm as alarm:
            self.state["alarm"] = str(alarm)
            return "alarm"
        self.state["time"] = max(self["time"], reply["time"])
        if self["epoch"] == ZERO:
            self.state["epoch"] = reply["epoch"]
        if reply["epoch"] != self["epoch"]:
            self.begin_epoch(reply["epoch"])
            return "epoch"
        if reply["document"]:
            self.learn(reply)
        stale = self.staleness(reply)
        self.hear_receipts(reply)
        if reply["chain"] != "follows":
            return "gap" if "gap" in reply["chain"] else self.go_on_as_another(reply)
        if stale:
            return stale
        if self.is_below(reply["horizons"] or {}):
            return self.begin_anew()
        for delta in reply["records"]:
            self.apply_delta(delta, reply["positions"].get(delta["scope"], 0))
        for scope in set(self["positions"]) - set(reply["positions"]):
            self.forget(scope)
        if not reply["has_more"]:
            self.drop_unnumbered()
        self.stand_at(reply)
        return "applied"

    def hear_heads(self, reply):
        """Keeps the heads that continue those that are kept, all of them or none."""
        logs, left = dict(self["logs"]), list(self["logs_left"])
        for shown in reply["audit"]:
            kept = logs.get(shown["log"])
            head, parted = audit.judge(kept, shown, reply["epoch"], self.hub)
            left += [kept] if parted else []
            if head is not None:
                logs[shown["log"]] = head
        self.state |= {"logs": logs, "logs_left": left}

    def stand_at(self, reply):
        """Positions never go back. A scope whose position is not the hub's yet is being pulled."""
        positions, heads, pulls = {}, {}, {}
        for scope, reached in reply["positions"].items():
            before = self["positions"].get(scope, 0)
            positions[scope] = max(before, reached)
            heads[scope] = reached + reply["spans"][scope]["ahead"]
            going_on = self["pulls"].get(scope)
            if before < reached < heads[scope]:
                base = going_on["base"] if going_on else before
                pulls[scope] = {"base": base, "told": heads[scope]}
            elif reached < heads[scope] and going_on:
                pulls[scope] = going_on
        self.state |= {"positions": positions, "heads": heads, "pulls": pulls}

    def is_below(self, horizons):
        """Whether something is here of a scope, and it was not told up to the horizon what left."""
        for scope, horizon in horizons.items():
            at = self["positions"].get(scope, 0)
            told = self["pulls"][scope]["told"] if scope in self["pulls"] else at
            if 0 < told < horizon:
                return True
        return False

    def begin_anew(self):
        """Forgets what it has, once all it saved was received, as if it had just joined.

        Under another name, to which the hub sends its own values too.
        """
        if self["outbox"]:
            return "unsent"
        if self["seq"]:
            parent = {"incarnation": self["incarnation"], "seq": self["seq"]}
            self.state |= {
                "incarnation": str(uuid.uuid4()), "parent": parent, "seq": 0, "digests": {}}
        self.state |= {"positions": {}, "heads": {}, "pulls": {}, "records": {}}
        return "rebase"

    def learn(self, reply):
        found = hashlib.sha256(reply["document"].encode()).hexdigest()[:16]
        assert found == reply["schema"], f"the schema's tag is {reply['schema']}, not {found}"
        self.state |= {"schema": reply["schema"], "document": reply["document"]}

    def staleness(self, reply):
        for scope, span in reply["spans"].items():
            start = reply["positions"][scope] - span["back"]
            if self["positions"].get(scope, 0) < start:
                return "missing"
            if reply["positions"][scope] + span["ahead"] < self["heads"].get(scope, 0):
                return "older"
        return None

    def hear_receipts(self, reply):
        """An answered changeset leaves the outbox; an accepted one is the hub's value from now on.

        Where somebody disputed it the hub's decision comes with the records of this reply, or of
        a later one.
        """
        if reply["incarnation"] not in (None, self["incarnation"]):
            return
        answers = {receipt["seq"]: receipt for receipt in reply["receipts"]}
        for changeset in self["outbox"]:
            receipt = answers.get(changeset["seq"])
            if receipt and "code" in receipt:
                identity = {"incarnation": self["incarnation"], "seq": changeset["seq"]}
                self["held"].append({"identity": identity, "changeset": changeset})
            elif receipt:
                self.take_as_accepted(changeset, receipt)
        self.state["outbox"] = [
            one for one in self["outbox"] if one["seq"] not in answers]
        for release in reply["released"]:
            identity = {"incarnation": release["incarnation"], "seq": release["seq"]}
            for held in [one for one in self["held"] if one["identity"] == identity]:
                self.take_as_accepted(held["changeset"], release)
                self["held"].remove(held)

    def take_as_accepted(self, changeset, receipt):
        """Own values are the hub's now, unless a later own one of the unit is already, or what was
        pulled meanwhile is what the hub made of them."""
        for change in changeset["changes"]:
            record = self.by_id(change["record"]["id"])
            place = f"{change['record']['id']}/{change['unit']}"
            if self["own"].get(place, 0) > changeset["time"]:
                continue
            self["own"][place] = changeset["time"]
            if record is None:
                # Its number comes with the records; its creation may still be in quarantine.
                record = {"id": change["record"]["id"], "type": change["type"], "scope": "",
                          "number": None, "units": {}, "pulled": {}}
                self["records"][record["id"]] = record
            # What combines always comes with the records.
            if change["unit"] <= SCOPE or self.unit(change).combines:
                continue
            pulled = record["pulled"].get(str(change["unit"]), 0)
            if record["scope"] != receipt["scope"] or pulled < receipt["position"]:
                record["units"][str(change["unit"])] = change["value"]

    def apply_delta(self, delta, position):
        place = f"{delta['scope']}/{delta['number']}"
        record = self["records"].get(place)
        if delta["id"] is not None:
            known = self.by_id(delta["id"])
            for old in [key for key, one in self["records"].items() if one is known]:
                del self["records"][old]
            record = known or record
        if delta["presence"] in ("deleted", "left"):
            self["records"].pop(place, None)
            return
        if record is None:
            assert delta["id"], f"a change of {place}, which never came"
            record = {"id": delta["id"], "units": {}, "pulled": {}}
        units = {str(one["unit"]): one["value"] for one in delta["units"]}
        pulled = dict.fromkeys(units, position)
        if delta["presence"] == "alive":
            pulled, units = record["pulled"] | pulled, record["units"] | units
        self["records"][place] = {
            "id": record["id"], "type": delta["type"], "scope": delta["scope"],
            "number": delta["number"], "units": units, "pulled": pulled}

    def begin_epoch(self, epoch):
        """Positions and numbers meant another life of the hub's database; what the records say is
        kept, because own values are not sent back."""
        records = {one["id"]: one | {"number": None, "pulled": {}}
                   for one in self["records"].values()}
        self.state |= {
            "epoch": epoch, "positions": {}, "heads": {}, "pulls": {}, "records": records}

    def drop_unnumbered(self):
        """What the hub still has no number for, although all of it was pulled, it does not have;
        own records get theirs with the receipt."""
        self.state["records"] = {
            key: one for key, one in self["records"].items() if one["number"] is not None}

    def forget(self, scope):
        self.state["records"] = {
            key: one for key, one in self["records"].items() if one["scope"] != scope}

    def go_on_as_another(self, reply):
        """After a fork: what the hub does not have is sealed again by an incarnation that names
        this one, up to where both lives were one, as its parent."""
        last = reply["chain"]["fork"] - 1
        lost = [one for one in self["outbox"] if one["seq"] > last]
        parent = {"incarnation": self["incarnation"], "seq": last} if last else None
        self.state |= {
            "incarnation": str(uuid.uuid4()), "parent": parent, "seq": 0, "outbox": [],
            "digests": {}}
        for changeset in lost:
            self.state["seq"] += 1
            self["outbox"].append(changeset | {"seq": self["seq"]})
            self.link(self["outbox"][-1])
        return "fork"

    # Comparing

    def check(self, level, scope, start=0, end=0):
        return {"level": level, "ranges": [{"scope": scope, "from": start, "to": end}]}

    def sum_of(self, scope):
        """The sum over all records of a scope, as the hub answers a check with it."""
        total = 0
        for record in self["records"].values():
            if record["scope"] == scope:
                total += canonical.record_sum(record)
        return (total % (1 << 128)).to_bytes(16, "big").hex()

    def scopes(self):
        return ordered(self["positions"])
