"""Seeded random work of a device: saves of every kind of value, sent in every order.

Nothing here is likely in the world. It is what a codec must bear: texts that look like identifiers,
the smallest and the largest numbers, groups half filled, requests that are sent twice, lost, or
begin after a gap.
"""

import random
import uuid

from . import frame, reply, request
from .connection import Refused
from .primitives import WireError, unsigned

LETTERS = "虚构甲乙丙丁木业有限公司abcXYZ0189 -_·“”'\"\\/é金🏢"


class Chance:
    def __init__(self, seed, device):
        self.random = random.Random(seed)
        self.device = device
        self.counts = {"saved": 0, "requests": 0, "repeated": 0, "gaps": 0, "lost": 0}

    def run(self, steps):
        for _ in range(steps):
            self.random.choice([self.create, self.edit, self.edit, self.edit, self.send])()
        self.device.sync()
        return self.counts

    # Saving

    def create(self):
        self.counts["saved"] += 1
        self.device.create(
            "employer", self.device.facts["scope"], {"name": self.name()} | self.fields(),
            self.identifier())

    def edit(self):
        number = self.device.schema.type("employer").number
        known = self.device.replica.rows(number)
        if known:
            self.counts["saved"] += 1
            record = self.random.choice(known)
            self.device.edit("employer", record["id"], self.fields())

    def fields(self):
        kinds = {
            # A text of 60 is too long for hr_contact: it comes into quarantine, and out again.
            "work_address": self.text, "business_scope": self.text, "hr_contact": self.text,
            "name_alias": self.set, "no_license_flag": self.boolean, "has_union": self.boolean,
            "project_count": self.count, "reg_capital": self.count, "founded_on": self.date,
            "geo_lon": lambda: f"{self.random.randint(126_000_000, 127_200_000) / 1e6}",
            "geo_lat": lambda: f"{self.random.randint(41_500_000, 42_300_000) / 1e6}",
        }
        names = self.random.sample(sorted(kinds), self.random.randint(1, 6))
        fields = {name: kinds[name]() for name in names}
        if "geo_lon" in fields or "geo_lat" in fields:
            # Half a position breaks a rule, which is another test's matter.
            fields |= {"geo_lon": kinds["geo_lon"](), "geo_lat": kinds["geo_lat"](),
                       "geo_datum": "WGS84"}
        return fields

    def name(self):
        return "虚构" + self.text()[:60]

    def text(self):
        look = self.random.randint(0, 5)
        if look == 0:
            return ""
        if look == 1:
            return self.identifier()
        if look == 2:
            return self.identifier().upper()
        length = self.random.choice([1, 5, 36, 60])
        return "".join(self.random.choices(LETTERS, k=length)).strip()

    def identifier(self):
        return str(uuid.UUID(int=self.random.getrandbits(128)))

    def set(self):
        items = {f"虚构{self.random.randint(0, 9)}" for _ in range(self.random.randint(1, 4))}
        return ",".join(sorted(items))

    def boolean(self):
        return self.random.choice(["true", "false", ""])

    def count(self):
        bits = self.random.choice([1, 7, 40])
        return self.random.choice(["", "0", str(self.random.getrandbits(bits))])

    def date(self):
        return f"{self.random.randint(1950, 2020)}-{self.random.randint(1, 12):02}-15"

    # Sending

    def send(self):
        """One request in one of the ways that links have."""
        way = self.random.choice(["once", "repeated", "lost", "gap", "few"])
        outbox = self.device.replica["outbox"]
        first = most = None
        if way == "gap" and len(outbox) > 1:
            first = outbox[-1]["seq"]
        if way == "few":
            most = self.random.randint(1, 3)
        message = self.device.replica.request(first, most or 5000)
        assert request.decode(request.encode(message)) == message
        frame = request.encode(message)
        self.counts["requests"] += 1
        answers = [self.device.connection.exchange(frame)]
        if way == "repeated":
            answers.append(self.device.connection.exchange(frame))
            self.counts["repeated"] += 1
        if way == "lost":
            self.counts["lost"] += 1
            return
        # A late answer changes nothing: the first is heard last.
        for data in reversed(answers):
            answer = reply.decode(data)
            assert reply.REPLY.decode(reply.REPLY.write(answer)) == answer
            outcome = self.device.replica.apply(answer)
            self.counts["gaps"] += outcome == "gap"
        self.device.replica.save()


def splices(body, chance):
    """One to three places where bytes give way to others: `[[at, how many, hexadecimal]]`."""
    found = []
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        at = chance.randrange(len(body))
        other = chance.choice([
            body[at] ^ 1 << chance.randrange(8), (body[at] + chance.choice([-1, 1])) % 256,
            chance.choice([0, 1, 2, 3, 0x7F, 0x80, 0xFF])])
        removed, added = chance.choice([(1, [other]), (1, [other]), (1, []), (0, [other])])
        found.append([at, removed, bytes(added).hex()])
    return found


def spliced(body, changes):
    for at, removed, added in changes:
        body = body[:at] + bytes.fromhex(added) + body[at + removed:]
    return body


class Damage:
    """Bodies with random bytes changed, read by both sides: they must agree on every one."""

    def __init__(self, seed, connection, bodies):
        self.random = random.Random(seed)
        self.connection, self.bodies = connection, bodies

    def run(self, steps):
        counts = {"taken": 0, "wire.malformed": 0, "wire.too-large": 0}
        different = []
        for _ in range(steps):
            body = self.random.choice(self.bodies)
            body = spliced(body, splices(body, self.random))
            framed = b"FGX\1" + bytes([frame.REQUEST, 0]) + unsigned(len(body)) + body
            here, there = self.verdict_here(framed), self.verdict_there(framed)
            counts[here] += 1
            if here != there:
                different.append({"hex": framed.hex(), "here": here, "there": there})
        return counts | {"different": different}

    @staticmethod
    def verdict_here(framed):
        try:
            request.decode(framed)
        except WireError as error:
            return error.code
        return "taken"

    def verdict_there(self, framed):
        try:
            reply.decode(self.connection.exchange(framed))
        except Refused as refused:
            return refused.code
        return "taken"
