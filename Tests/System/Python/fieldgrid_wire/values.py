"""Section 7: values in columns, one for each member of each unit."""

import re
import uuid

from .primitives import (BITS, MEMBERS, NUMBER, SIGNED, Byte, Codec, Unsigned, column, decoded,
                         malformed, unsigned)

NULL, INTEGER, TEXT, IDENTIFIER = range(4)
UUID_TEXT = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MEMBER = Unsigned(MEMBERS)
LENGTH = Unsigned()
TAG = Byte(below=4)


def tag_of(value):
    if value is None:
        return NULL
    if isinstance(value, int):
        return INTEGER
    return IDENTIFIER if UUID_TEXT.fullmatch(value) else TEXT


class ValueColumns(Codec):
    """Reads `{(type, unit, member): [value]}`; `Values` deals them out and collects them."""

    def read(self, reader):
        columns, before = {}, None
        for _ in range(reader.count(least=4)):
            place = (NUMBER.read(reader), NUMBER.read(reader), MEMBER.read(reader))
            if before is not None and place <= before:
                raise malformed(f"column {place} comes after {before}")
            columns[place] = self.read_column(reader)
            before = place
        return columns

    def read_column(self, reader):
        tags = column(TAG, reader.count(), reader)
        integers = column(SIGNED, tags.count(INTEGER), reader)
        identifiers = column(BITS, tags.count(IDENTIFIER), reader)
        lengths = column(LENGTH, tags.count(TEXT), reader)
        texts = [decoded(reader.take(length)) for length in lengths]
        by_tag = {INTEGER: iter(integers), IDENTIFIER: iter(identifiers), TEXT: iter(texts)}
        return [None if tag == NULL else next(by_tag[tag]) for tag in tags]

    def write(self, columns):
        out = unsigned(len(columns))
        for place, values in sorted(columns.items()):
            out += b"".join(unsigned(part) for part in place)
            out += unsigned(len(values)) + self.write_column(values)
        return out

    def write_column(self, values):
        tags = [tag_of(value) for value in values]
        texts = [value.encode() for value, tag in zip(values, tags) if tag == TEXT]
        return (bytes(tags)
                + b"".join(SIGNED.write(v) for v, tag in zip(values, tags) if tag == INTEGER)
                + b"".join(BITS.write(v) for v, tag in zip(values, tags) if tag == IDENTIFIER)
                + b"".join(unsigned(len(data)) for data in texts) + b"".join(texts))


VALUE_COLUMNS = ValueColumns()


class Values:
    """The values of a message: dealt to its units in order, or collected from them."""

    def __init__(self, columns=None):
        self.columns = columns or {}
        self.taken = dict.fromkeys(self.columns, 0)

    def take(self, type, unit, members):
        return [self.take_one((type, unit, member)) for member in range(members)]

    def take_one(self, place):
        values, at = self.columns.get(place, []), self.taken.get(place, 0)
        if at == len(values):
            raise malformed(f"no value left in column {place}")
        self.taken[place] = at + 1
        return values[at]

    def finish(self):
        for place, values in self.columns.items():
            if self.taken[place] != len(values):
                raise malformed(f"column {place} has values that belong to nothing")

    def put(self, type, unit, values):
        for member, value in enumerate(values):
            self.columns.setdefault((type, unit, member), []).append(value)
