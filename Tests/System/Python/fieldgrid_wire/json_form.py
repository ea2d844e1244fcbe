"""Section 9: the exchange as JSON, to and from what the messages say."""

from . import canonical
from .replica import PRESENCE, REPLY_BYTES, SCOPE, ZERO

NAMES = {"presence": PRESENCE, "scope": SCOPE}
PRESENCES = {"alive": "changed", "whole": "whole", "deleted": "deleted", "left": "left"}


class JSONForm:
    def __init__(self, schema):
        self.schema = schema

    # Requests

    def request_says(self, form):
        incarnation, positions = form["incarnation"], form.get("positions", {})
        pulls = [
            {"scope": scope, "back": positions[scope] - pull["base"],
             "ahead": pull["told"] - positions[scope]}
            for scope, pull in sorted(form.get("pulls", {}).items())]
        return {
            "schema": form.get("schema", "0" * 16), "epoch": form.get("epoch") or ZERO,
            "incarnation": incarnation, "sealed": form.get("sealed"),
            "reply_bytes_max": form.get("reply_bytes_max", REPLY_BYTES), "positions": positions,
            "pulls": pulls, "oldest": [], "held": form.get("held", []), "kept": None,
            "check": None, "audit": None, "batch": self.batch(form)}

    def batch(self, form):
        batch = form.get("batch")
        if not batch:
            return None
        previous = batch.get("previous", "0" * 64)
        changesets = [
            self.changeset(one, form.get("schema", "0" * 16)) for one in batch["changesets"]]
        first = batch["changesets"][0]["seq"]
        digests = canonical.chain(
            form["incarnation"], first, changesets, bytes.fromhex(previous))
        return {
            "incarnation": form["incarnation"], "first_seq": first,
            "parent": batch.get("parent"), "previous": previous,
            "head": batch.get("head", digests[-1].hex()), "changesets": changesets}

    def changeset(self, form, schema):
        return {
            "author": form["author"], "source": form.get("source", "on_site"), "schema": schema,
            "epoch": form["epoch"], "context": form.get("context", {}), "time": form["time"],
            "changes": [self.change(one) for one in form.get("changes", [])]}

    def change(self, form):
        type = self.schema.type(form["type"])
        settles = form.get("settles")
        if settles:
            settles = {"note": None, "takes_back": False} | settles
        return {
            "type": type.number, "record": {"id": form["record"]},
            "unit": self.number(type, form["unit"]),
            "value": self.members(type, form["unit"], form.get("value")),
            "seen_through": form.get("seen_through"), "settles": settles}

    @staticmethod
    def number(type, name):
        return NAMES[name] if name in NAMES else type.named(name).number

    @staticmethod
    def members(type, name, value):
        if name in NAMES:
            return [value]
        unit = type.named(name)
        if len(unit.fields) > 1:
            return [value.get(field["name"]) for field in unit.fields]
        if unit.policy in ("set", "append"):
            added, removed = value, None
            if isinstance(value, dict):
                added, removed = value.get("added"), value.get("removed")
            return [added or None, removed or None]
        return [None if value == "" else value]

    # Replies

    def reply(self, says):
        positions, spans = says["positions"], says["spans"]
        horizons = {
            scope: at for scope, at in (says["horizons"] or {}).items() if at > 0}
        return {
            "epoch": says["epoch"], "time": says["time"], "schema": says["schema"],
            "schema_document": self.schema.document if says["document"] else None,
            "chain": says["chain"], "incarnation": says["incarnation"],
            "receipts": [self.receipt(one) for one in says["receipts"]],
            "released": says["released"], "positions": positions,
            "since": {scope: at - spans[scope]["back"] for scope, at in positions.items()},
            "heads": {scope: at + spans[scope]["ahead"] for scope, at in positions.items()},
            "records": [self.record(one) for one in says["records"]],
            "has_more": says["has_more"], "rebase": says["rebase"], "horizons": horizons}

    @staticmethod
    def receipt(receipt):
        return {"code": "accepted"} | receipt

    def record(self, delta):
        type = self.schema.type(delta["type"])
        units = {}
        for one in delta["units"]:
            unit = type.unit(one["unit"])
            units[unit.name] = unit.named(one["value"])
        return {
            "type": type.name, "scope": delta["scope"], "number": delta["number"],
            "id": delta["id"], "presence": PRESENCES[delta["presence"]], "units": units}
