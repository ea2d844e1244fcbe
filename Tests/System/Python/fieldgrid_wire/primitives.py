"""Section 2: what messages are made of, and descriptions that read and write them alike."""

import uuid

COUNTED = 1 << 53
NUMBERED = 1 << 20
MEMBERS = 256
RECORDS = 1 << 40


class WireError(Exception):
    """Bytes that are not of this grammar; `code` is what a hub refuses them with."""

    def __init__(self, message, code="wire.malformed"):
        super().__init__(message)
        self.code = code


def malformed(message):
    return WireError(message)


def too_large(message):
    return WireError(message, "wire.too-large")


class Reader:
    def __init__(self, data):
        self.data = bytes(data)
        self.at = 0

    @property
    def left(self):
        return len(self.data) - self.at

    def take(self, count):
        if count > self.left:
            raise malformed(f"{count} bytes wanted at {self.at}, {self.left} left")
        self.at += count
        return self.data[self.at - count:self.at]

    def byte(self):
        return self.take(1)[0]

    def unsigned(self):
        value = 0
        for shift in range(0, 70, 7):
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if value >> 64:
                raise malformed(f"a number of more than 64 bits before {self.at}")
            if byte < 0x80:
                if byte == 0 and shift:
                    raise malformed(f"a number longer than it need be before {self.at}")
                return value
        raise malformed(f"a number of more than 64 bits before {self.at}")

    def signed(self):
        value = self.unsigned()
        return value >> 1 if value & 1 == 0 else -(value >> 1) - 1

    def count(self, least=1):
        """A count of things of which each takes at least so many bytes."""
        value = self.unsigned()
        if value * least > self.left:
            raise malformed(f"{value} announced before {self.at}, {self.left} bytes left")
        return value

    def text(self):
        return decoded(self.take(self.count()))

    def finish(self):
        if self.left:
            raise malformed(f"{self.left} bytes left over")


def decoded(data):
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise malformed(f"ill-formed UTF-8: {error}") from None


def unsigned(value):
    if not 0 <= value < 1 << 64:
        raise ValueError(f"{value} is no unsigned number of 64 bits")
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def signed(value):
    return unsigned(2 * value if value >= 0 else -2 * value - 1)


def text(value):
    data = value.encode("utf-8")
    return unsigned(len(data)) + data


class Codec:
    """One thing's bytes: `least` is how many it takes at least."""

    least = 1

    def read(self, reader):
        raise NotImplementedError

    def write(self, value):
        raise NotImplementedError

    def decode(self, data):
        """The value of a whole body."""
        reader = Reader(data)
        value = self.read(reader)
        reader.finish()
        return value


class Unsigned(Codec):
    def __init__(self, bound=1 << 64):
        self.bound = bound

    def read(self, reader):
        value = reader.unsigned()
        if value >= self.bound:
            raise malformed(f"{value} before {reader.at} is not below {self.bound}")
        return value

    def write(self, value):
        return unsigned(value)


class Signed(Codec):
    def read(self, reader):
        return reader.signed()

    def write(self, value):
        return signed(value)


class Byte(Codec):
    def __init__(self, below=256, least=0):
        self.range = range(least, below)

    def read(self, reader):
        value = reader.byte()
        if value not in self.range:
            raise malformed(f"byte {value} before {reader.at}, of {self.range} expected")
        return value

    def write(self, value):
        return bytes([value])


class Flag(Codec):
    """A byte that is 0 or 1."""

    def read(self, reader):
        return BIT.read(reader) == 1

    def write(self, value):
        return bytes([1 if value else 0])


class Text(Codec):
    def read(self, reader):
        return reader.text()

    def write(self, value):
        return text(value)


class Fixed(Codec):
    """So many bytes, as lower-case hexadecimal."""

    def __init__(self, size):
        self.least = size

    def read(self, reader):
        return reader.take(self.least).hex()

    def write(self, value):
        data = bytes.fromhex(value)
        assert len(data) == self.least, f"{value} has not {self.least} bytes"
        return data


class Bits(Codec):
    least = 16

    def read(self, reader):
        return str(uuid.UUID(bytes=reader.take(16)))

    def write(self, value):
        return uuid.UUID(value).bytes


class Optional(Codec):
    """A byte 0 or 1, and after 1 the thing itself."""

    def __init__(self, item):
        self.item = item

    def read(self, reader):
        return self.item.read(reader) if FLAG.read(reader) else None

    def write(self, value):
        return b"\0" if value is None else b"\1" + self.item.write(value)


class Counted(Codec):
    def __init__(self, item, most=None):
        self.item, self.most = item, most

    def read(self, reader):
        count = reader.count(self.item.least)
        if self.most is not None and count > self.most:
            raise malformed(f"{count} things before {reader.at}, at most {self.most}")
        return [self.item.read(reader) for _ in range(count)]

    def write(self, values):
        return unsigned(len(values)) + b"".join(self.item.write(value) for value in values)


class Fields(Codec):
    """Named things one after the other: a field of a message is one line of such a list."""

    def __init__(self, *fields):
        self.fields = fields
        self.least = sum(codec.least for _, codec in fields)

    def read(self, reader):
        return {name: codec.read(reader) for name, codec in self.fields}

    def write(self, value):
        return b"".join(codec.write(value[name]) for name, codec in self.fields)


UNSIGNED = Unsigned()
SIGNED = Signed()
HYBRID_TIME = Unsigned(1 << 63)
SEQUENCE = POSITION = Unsigned(COUNTED)
NUMBER = Unsigned(NUMBERED)
BIT = Byte(below=2)
FLAG = Flag()
TEXT = Text()
WORD = Fixed(8)
BITS = Bits()
DIGEST = Fixed(32)
IDENTITY = Fields(("incarnation", BITS), ("seq", SEQUENCE))


def record_numbers(count, reader):
    """The numbers of so many records, each the difference from the one before."""
    numbers, last = [], 0
    for difference in column(SIGNED, count, reader):
        last += difference
        if not 0 <= last < RECORDS:
            raise malformed(f"record number {last}")
        numbers.append(last)
    return numbers


def column(codec, count, reader):
    """So many of one kind, one after the other; their number stands elsewhere."""
    if count * codec.least > reader.left:
        raise malformed(f"a column of {count} at {reader.at}, {reader.left} bytes left")
    return [codec.read(reader) for _ in range(count)]


def written(codec, values):
    return b"".join(codec.write(value) for value in values)
