"""Section 6's schema document: names for the numbers on the wire, and values as people see them."""

import json


class Unit:
    """A field, or a group of fields, that changes as one.

    `policy` is the word for how concurrent changes of it merge.
    """

    def __init__(self, number, name, fields, policy):
        self.number, self.name, self.fields, self.policy = number, name, fields, policy

    @property
    def combines(self):
        """Whether a change says what it does, and not what it leaves."""
        return self.policy in ("counter", "set", "append")

    def change(self, before, after):
        """The value of a change that makes the one of the other; None where nothing does."""
        if self.policy != "set":
            return after
        old, new = elements(before[0]), elements(after[0])
        added, removed = canonical_set(new - old), canonical_set(old - new)
        return [added, removed] if added or removed else None

    def changed(self, before, change):
        """A value, and a change over it."""
        if self.policy != "set":
            return change
        added, removed = map(elements, change)
        return [canonical_set(elements(before[0] if before else None) - removed | added)]

    def named(self, members):
        """As the JSON form has it: canonical values, a group as an object."""
        if len(self.fields) == 1:
            return members[0]
        return {field["name"]: value for field, value in zip(self.fields, members)}

    def shown(self, members):
        """As `fieldgrid record show --json` prints it."""
        return self.named([shown(value, field) for value, field in zip(members, self.fields)])


class Type:
    def __init__(self, document):
        self.name, self.number = document["name"], document["number"]
        fields = {field["name"]: field for field in document["fields"]}
        self.units = []
        for group in document["groups"]:
            members = [fields.pop(name) for name in group["members"]]
            self.units.append(
                Unit(group["number"], group["name"], members, policy_of(group)))
        self.units += [
            Unit(field["number"], name, [field], policy_of(field))
            for name, field in fields.items()]

    def unit(self, number):
        return next(unit for unit in self.units if unit.number == number)

    def named(self, name):
        return next(unit for unit in self.units if unit.name == name)

    def of_field(self, name):
        """The unit that has the field, and the field's place in it."""
        for unit in self.units:
            names = [field["name"] for field in unit.fields]
            if name in names:
                return unit, names.index(name)
        raise KeyError(f"{self.name} has no field {name}")


class Schema:
    def __init__(self, document):
        self.document = json.loads(document)
        self.types = [Type(one) for one in self.document["types"]]

    def type(self, name_or_number):
        return next(
            one for one in self.types if name_or_number in (one.name, one.number))


def policy_of(unit):
    policy = unit.get("policy")
    return next(iter(policy)) if isinstance(policy, dict) else policy


def elements(value):
    """The texts of a canonical set."""
    return set(json.loads(value)) if value else set()


def canonical_set(items):
    items = sorted((item for item in items if item), key=lambda item: item.encode())
    return json.dumps(items, ensure_ascii=False, separators=(",", ":")) if items else None


def kind_of(field):
    (kind, details), = field["kind"].items()
    return kind, details


def shown(value, field):
    kind, details = kind_of(field)
    if value is None:
        return None
    if kind == "boolean":
        return value == 1
    if kind == "decimal":
        return value / 10 ** details["scale"]
    return json.loads(value) if kind == "set" else value


def canonical_value(text, field):
    """What a person typed, as the grammar's values: only as much as a test needs."""
    kind, details = kind_of(field)
    if text == "":
        return None
    if kind == "boolean":
        return int(text == "true")
    if kind == "decimal":
        return round(float(text) * 10 ** details["scale"])
    if kind in ("integer", "money", "instant"):
        return int(text)
    if kind == "set":
        return canonical_set(set(text.split(",")))
    return text
