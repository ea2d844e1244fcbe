#!/usr/bin/python3
"""A device that shares no code with the program, for one test to run as a user would.

Every command works on a folder, and prints one JSON document.
"""

import argparse
import hashlib
import json
import pathlib

from fieldgrid_wire import reply, request
from fieldgrid_wire.chance import Chance, Damage
from fieldgrid_wire.device import Device


def enrol(arguments):
    device = Device.enrol(arguments.folder, arguments.hub, arguments.code, "python")
    return {key: device.facts[key] for key in ("node", "holder", "role", "scope")}


def bootstrap(device, _):
    return device.bootstrap()


def sync(device, arguments):
    outcomes, answer = device.sync(arguments.first)
    return {"outcomes": outcomes, "outbox": len(device.replica["outbox"]),
            "held": len(device.replica["held"]), "sent": device.connection.sent,
            "received": device.connection.received}


def once(device, arguments):
    """One round trip, with a wish for the size of the answer."""
    message = device.replica.request() | {"reply_bytes_max": arguments.bytes}
    outcome, answer = device.exchange(message)
    return {"outcome": outcome, "has_more": answer["has_more"], "pulls": message["pulls"]}


def new(device, arguments):
    scope = arguments.scope or device.facts["scope"]
    id, seq = device.create(arguments.type, scope, pairs(arguments.fields))
    return {"id": id, "seq": seq}


def edit(device, arguments):
    return {"seq": device.edit(arguments.type, arguments.id, pairs(arguments.fields))}


def move(device, arguments):
    return {"seq": device.move(arguments.type, arguments.id, arguments.scope)}


def delete(device, arguments):
    return {"seq": device.delete(arguments.type, arguments.id)}


def show(device, arguments):
    record = device.replica.row(arguments.id)
    if record is None:
        return None
    held = [one["identity"]["seq"] for one in device.replica["held"]
            if arguments.id in device.replica.named(one["changeset"])]
    return device.shown(record) | {"held": held or None}


def listed(device, arguments):
    number = device.schema.type(arguments.type).number
    return [device.shown(record) for record in device.replica.rows(number)]


def conflicts(device, _):
    return device.conflicts()


def settle(device, arguments):
    return {"seq": device.settle(arguments.id, arguments.side, arguments.note)}


def undo(device, arguments):
    return {"seq": device.settle(arguments.id, None, arguments.note)}


def repeat(device, _):
    """Sends what waits three times in one and the same request, and hears the answer once."""
    frame = request.encode(device.replica.request())
    answers = [reply.decode(device.connection.exchange(frame)) for _ in range(3)]
    device.replica.apply(answers[-1])
    device.replica.save()
    return {"receipts": [answer["receipts"] for answer in answers]}


def refusals(device, _):
    """What a hub must not take: another's word for it, and bytes that were changed."""
    frame = request.encode(device.replica.request())
    connection = device.connection
    return {
        "malformed": device.is_refused(lambda: connection.exchange(frame[:-1])),
        "not a frame": device.is_refused(lambda: connection.exchange(b"<html>")),
        "altered": device.is_refused(lambda: connection.exchange(altered(device))),
    }


def altered(device):
    """A request whose batch does not come to its head."""
    message = device.replica.request()
    message["batch"]["head"] = hashlib.sha256(b"another").hexdigest()
    return request.encode(message)


def compare(device, _):
    return device.compare_sums()


def compare_json(device, _):
    return device.compare_json()


def checked(device, arguments):
    return device.checked(arguments.scope)


def logs(device, arguments):
    """How far the hub's logs are known; first, if asked, as if one had been another."""
    if arguments.mistake is not None:
        device.replica["logs"][arguments.mistake]["root"] = hashlib.sha256(b"another").hexdigest()
        device.replica.save()
    return {"sizes": {log: head["size"] for log, head in device.replica["logs"].items()},
            "roots": {log: head["root"] for log, head in device.replica["logs"].items()},
            "left": len(device.replica["logs_left"]), "alarm": device.replica["alarm"]}


def export(device, arguments):
    files = [pathlib.Path(name).read_bytes() for name in arguments.carry]
    device.export(arguments.file, arguments.first, files)
    return {"exported": len(device.replica["outbox"]), "files": len(files)}


def take_in(device, arguments):
    outcomes, received = device.take_in(arguments.file)
    return {"outcomes": outcomes, "received": received, "outbox": len(device.replica["outbox"])}


def attach(device, arguments):
    """Uploads a file in pieces, under the name that is its digest."""
    with open(arguments.file, "rb") as file:
        data = file.read()
    name = hashlib.sha256(data).hexdigest()
    return {"name": name} | device.connection.upload(name, data, arguments.piece)


def fetch(device, arguments):
    data = device.connection.download("/sync/v1/attachment/" + arguments.name)
    with open(arguments.file, "wb") as file:
        file.write(data)
    return {"bytes": len(data), "right": hashlib.sha256(data).hexdigest() == arguments.name}


def chance(device, arguments):
    """Random work from a seed; then the sums of what is here and of what the hub has."""
    return {"seed": arguments.seed, **Chance(arguments.seed, device).run(arguments.steps)}


def damage(device, arguments):
    """Requests of the vectors with random bytes changed: what either side makes of each.

    Their epoch is not the hub's, so that it reads them and does nothing else.
    """
    folder = pathlib.Path(__file__).resolve().parents[3] / "schemas" / "wire" / "vectors"
    bodies = [bytes.fromhex("".join(file.read_text().split()))
              for file in sorted(folder.glob("request*.hex"))]
    return Damage(arguments.seed, device.connection, bodies).run(arguments.steps)


def pairs(fields):
    return dict(field.split("=", 1) for field in fields)


COMMANDS = {
    "bootstrap": (bootstrap, []),
    "sync": (sync, [("--first", {"type": int})]),
    "once": (once, [("--bytes", {"type": int, "required": True})]),
    "new": (new, [("type", {}), ("fields", {"nargs": "*"}), ("--scope", {})]),
    "set": (edit, [("type", {}), ("id", {}), ("fields", {"nargs": "*"})]),
    "move": (move, [("type", {}), ("id", {}), ("scope", {})]),
    "delete": (delete, [("type", {}), ("id", {})]),
    "show": (show, [("id", {})]),
    "list": (listed, [("type", {})]),
    "conflicts": (conflicts, []),
    "settle": (settle, [("id", {}), ("--side", {"type": int, "required": True}), ("--note", {})]),
    "undo": (undo, [("id", {}), ("--note", {})]),
    "repeat": (repeat, []),
    "refusals": (refusals, []),
    "compare": (compare, []),
    "compare-json": (compare_json, []),
    "checked": (checked, [("scope", {})]),
    "logs": (logs, [("--mistake", {"metavar": "LOG"})]),
    "export": (export, [("file", {}), ("--first", {"type": int}),
                        ("--carry", {"action": "append", "default": []})]),
    "import": (take_in, [("file", {})]),
    "attach": (attach, [("file", {}), ("--piece", {"type": int, "default": 1 << 20})]),
    "chance": (chance, [("--seed", {"type": int, "required": True}),
                        ("--steps", {"type": int, "default": 40})]),
    "damage": (damage, [("--seed", {"type": int, "required": True}),
                        ("--steps", {"type": int, "default": 300})]),
    "fetch": (fetch, [("name", {}), ("file", {})]),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", help="the device's folder")
    commands = parser.add_subparsers(dest="command", required=True)
    joining = commands.add_parser("enrol")
    joining.add_argument("--hub", required=True)
    joining.add_argument("--code", required=True)
    for name, (_, options) in COMMANDS.items():
        command = commands.add_parser(name)
        for option, details in options:
            command.add_argument(option, **details)
    arguments = parser.parse_args()
    if arguments.command == "enrol":
        answer = enrol(arguments)
    else:
        answer = COMMANDS[arguments.command][0](Device(arguments.folder), arguments)
    print(json.dumps(answer, ensure_ascii=False))


if __name__ == "__main__":
    main()
