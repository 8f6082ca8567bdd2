"""Reads what `millrace log export --evidence` takes out of a log: segments, seals, records, rows.

For evidence_check.py, beside which it lies. Written from docs/log-format.md, with Python's
standard library alone; what a section of the document says stands in the class of that name.
"""
import bisect
import codecs
import datetime
import hashlib
import json
import struct
import uuid

SEGMENT_MAGIC = b"ALOG\x1a\r\n\0"
SEAL_MAGIC = b"SEAL\x1a\r\n\0"
CLOCK, GAP = 0xFF04, 0xFF05
OPERATIONS = {1: "insert", 2: "modify", 3: "delete"}
CLOCK_REASONS = {1: "step", 2: "drift", 3: "behind"}
INTEGERS = {"i8": "b", "i16": "h", "i32": "i", "i64": "q",
            "u8": "B", "u16": "H", "u32": "I", "u64": "Q"}
NULL_EXPONENT = -2**31


class Wrong(Exception):
    """What was to be read is not what the format says."""


class Number(str):
    """A number as it stands in JSON, so that 1.50 is not 1.5 and not "1.50"."""


def make_table():
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


TABLE = make_table()


def crc32c(data, crc=0):
    crc ^= 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def time_text(ns):
    seconds, fraction = divmod(ns, 10**9)
    moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=seconds)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{fraction:09}Z"


def nanoseconds(text):
    whole, fraction = text.rstrip("Z").split(".")
    moment = datetime.datetime.strptime(whole, "%Y-%m-%dT%H:%M:%S")
    return int((moment - datetime.datetime(1970, 1, 1)).total_seconds()) * 10**9 + int(fraction)


class Runs:
    """Ascending numbers, kept as runs: "1 to 5, 7"."""

    def __init__(self):
        self.found = []

    def add(self, number):
        if self.found and self.found[-1][1] + 1 == number:
            self.found[-1][1] = number
        else:
            self.found.append([number, number])

    def __str__(self):
        return ", ".join(str(a) if a == b else f"{a} to {b}" for a, b in self.found)


# A byte that is no UTF-8 is shown as one U+FFFD, so texts of the same length stay so.
codecs.register_error("each", lambda error: ("\ufffd" * (error.end - error.start), error.end))


def json_text(data):
    return bytes(data).decode("utf-8", "each")


def name_text(data):
    return json_text(bytes(data).split(b"\0", 1)[0])


def decimal_text(mantissa, exponent):
    sign, digits = "-" if mantissa < 0 else "", str(abs(mantissa))
    if not -64 <= exponent <= 20 or (exponent > 0 and mantissa != 0
                                     and len(digits) + exponent > 18):
        return f"{sign}{digits}e{exponent}"
    if exponent >= 0:
        return sign + digits + ("0" * exponent if mantissa else "")
    digits = digits.rjust(1 - exponent, "0")
    return f"{sign}{digits[:exponent]}.{digits[exponent:]}"


class Schema:
    """Columns as the schema text lays them out behind the envelope of 96 bytes."""

    def __init__(self, text):
        lines = text.split("\n")
        if not lines[0].startswith("table ") or lines[-1] != "":
            raise Wrong("the schema text is not that of a table")
        self.columns, end, widest = [], 0, 1
        for line in lines[1:-1]:
            word, name, kind = (line.removesuffix(" key").split(" ") + ["", ""])[:3]
            capacity = 0
            if kind.startswith("text("):
                kind, capacity = "text", int(kind[5:-1])
            size, alignment = self.size_of(kind, capacity)
            if word != "column":
                raise Wrong(f"the schema text has a line {line!r}")
            offset = -(-end // alignment) * alignment
            end, widest = offset + size, max(widest, alignment)
            self.columns.append((name, kind, 96 + offset, capacity))
        self.fixed_end = 96 + -(-end // widest) * widest
        self.last_kind = self.columns[-1][1]
        self.has_trailing = self.last_kind in ("bytes", "vartext")

    @staticmethod
    def size_of(kind, capacity):
        if kind in INTEGERS:
            size = struct.calcsize("<" + INTEGERS[kind])
            return size, size
        if kind == "text":
            return 2 + (capacity + 1) // 2 * 2, 2
        known = {"decimal": (16, 8), "timestamp": (8, 8), "character": (1, 1), "boolean": (1, 1),
                 "bytes": (0, 1), "vartext": (0, 1)}
        if kind not in known:
            raise Wrong(f"the schema text has a type {kind!r}")
        return known[kind]

    def value(self, column, payload):
        _, kind, at, capacity = column
        if kind in INTEGERS:
            return Number(struct.unpack_from("<" + INTEGERS[kind], payload, at)[0])
        if kind == "decimal":
            mantissa, exponent = struct.unpack_from("<qi", payload, at)
            return None if exponent == NULL_EXPONENT else Number(decimal_text(mantissa, exponent))
        if kind == "timestamp":
            ns = struct.unpack_from("<q", payload, at)[0]
            return time_text(ns) if ns else None
        if kind == "boolean":
            if payload[at] > 1:
                raise Wrong("a boolean is neither 0 nor 1")
            return payload[at] == 1
        if kind == "character":
            return json_text(payload[at:at + 1]) if payload[at] else None
        if kind == "text":
            size = struct.unpack_from("<H", payload, at)[0]
            if size > capacity:
                raise Wrong("a text claims to be longer than its column")
            return json_text(payload[at + 2:at + 2 + size]) if size else None
        trailing = bytes(payload[self.fixed_end:])
        shown = trailing.decode("latin-1") if kind == "bytes" else json_text(trailing)
        return shown if trailing else None

    def row(self, record):
        """The row as the pairs that its line of rows.ndjson must have."""
        payload = record.payload
        if record.kind != 1:
            raise Wrong(f"the record is of type {record.kind}, no row")
        if len(payload) < self.fixed_end or (len(payload) > self.fixed_end
                                             and not self.has_trailing):
            raise Wrong("the payload is not as long as the schema says")
        (operation, flags, version, reserved, event, user, chain_log, chain_sequence, route,
         origin, origin_sequence, intended) = struct.unpack_from("<BBHI16s16s8sQQ16sQq", payload)
        if operation not in OPERATIONS or flags & ~7 or version != 1 or reserved:
            raise Wrong("the envelope has an unknown operation, flag or version")
        if chain_log == bytes(8) and chain_sequence == 0:
            chain_log = record.segment.original_log.bytes[:8]
            chain_sequence = record.sequence
        return [
            ("sequence", Number(record.sequence)), ("position", Number(record.at)),
            ("timestamp", time_text(record.time)), ("operation", OPERATIONS[operation]),
            ("event", name_text(event)), ("user", name_text(user)),
            ("correlation", [("log", chain_log.hex()), ("sequence", Number(chain_sequence))]),
            ("origin", [("route", f"{route:016x}"), ("log", str(uuid.UUID(bytes=origin))),
                        ("sequence", Number(origin_sequence))] if flags & 1 else None),
            ("redelivered", bool(flags & 2)), ("retried", bool(flags & 4)),
            ("intended", time_text(intended) if intended else None),
            ("row", [(column[0], self.value(column, payload)) for column in self.columns])]


def parse_pairs(line):
    """One JSON object as pairs, so that no name hides behind another of the same spelling."""
    return json.loads(line, object_pairs_hook=list, parse_int=Number, parse_float=Number)


def difference(shown, true, name="line"):
    """Where what is shown is not what the record says; empty: nowhere."""
    if isinstance(shown, list) and isinstance(true, list):
        names = [pair[0] for pair in true]
        if [pair[0] for pair in shown] != names:
            return f"{name}: its fields are not {', '.join(names)}"
        for (key, one), (_, other) in zip(shown, true):
            if text := difference(one, other, key):
                return text
        return ""
    if type(shown) is type(true) and shown == true:
        return ""
    return f"{name} is {shown!r}, but {true!r} in the record"


class Record:
    def __init__(self, segment, at, fields, payload):
        self.segment, self.at, self.payload = segment, at, payload
        self.length, self.sequence, self.time, self.kind, flags = fields
        self.end = at + (self.length + 31) // 32 * 32
        self.place = (self.sequence, at, self.time)
        self.is_control = bool(flags & 1)

    def clock(self):
        realtime, monotonic, old, new, number, reason = struct.unpack_from("<qqqqQI", self.payload)
        return [("sequence", Number(self.sequence)), ("position", Number(self.at)),
                ("timestamp", time_text(self.time)),
                ("reason", CLOCK_REASONS.get(reason, "unknown")),
                ("realtime", time_text(realtime)), ("monotonic_ns", Number(monotonic)),
                ("old_offset_ns", Number(old)), ("new_offset_ns", Number(new)),
                ("number", Number(number))]


class Seal:
    def __init__(self, raw, previous):
        (self.first_sequence, self.last_sequence, self.begin, self.end, self.last_time,
         self.flags) = struct.unpack_from("<QQQQqI", raw)
        self.raw, self.previous, self.hash = raw, previous, raw[48:80]
        self.is_computed = False  # from the bytes of its range
        self.is_proven = False    # its hash, by what was given, and
        self.is_authentic = False  # all it says

    def bears_out(self):
        return self.is_computed and self.is_proven


class Segment:
    """What the package holds of one: ranges of its bytes, and its seals."""

    def __init__(self, entry, log, segment_bytes, read):
        self.index, self.seals, self.ranges = entry["index"], [], []
        self.begin = self.index * segment_bytes
        if entry["records"] is not None:
            self.take_ranges(entry["records"], read, segment_bytes)
            self.take_header(entry, log, segment_bytes)
        if entry["seals"] is not None:
            self.take_seals(entry["seals"], log, read)
        self.ends = [seal.end for seal in self.seals]

    def take_ranges(self, entry, read, segment_bytes):
        data, at, end = memoryview(read(entry["name"])), 0, self.begin
        for one in entry["ranges"]:
            size = one["end"] - one["begin"]
            if not (end <= one["begin"] < one["end"] <= self.begin + segment_bytes):
                raise Wrong(f"{entry['name']}: the manifest's ranges are no ascending ranges of it")
            self.ranges.append((one["begin"], one["end"], data[at:at + size]))
            at, end = at + size, one["end"]
        self.name = entry["name"]
        if at != len(data) or not self.ranges or self.ranges[0][0] != self.begin:
            raise Wrong(f"{self.name}: is not what the manifest's ranges say, header first")

    def take_header(self, entry, log, segment_bytes):
        data = bytes(self.ranges[0][2][:1 << 20])
        if len(data) < 4096:
            raise Wrong(f"{self.name}: lacks the segment's header")
        (magic, version, alignment, self.header_bytes, _, unknown, size, index, log_bytes,
         self.salt, schema_bytes) = struct.unpack_from("<8sHHIIIQQ16sQI", data)
        (self.epoch, _, self.base_time, self.previous_sequence,
         self.previous_end) = struct.unpack_from("<QQqQQ", data, 128)
        if (magic, version, alignment, unknown, size, index, uuid.UUID(bytes=log_bytes)) != (
                SEGMENT_MAGIC, 1, 32, 0, segment_bytes, self.index, log):
            raise Wrong(f"{self.name}: the header is not that of this segment of this log")
        origin = data[80:96]  # the log that copied records were first written to
        self.original_log = uuid.UUID(bytes=origin) if any(origin) else log
        schema = data[256:256 + schema_bytes]
        if (crc32c(schema, crc32c(data[:124])) != struct.unpack_from("<I", data, 124)[0]
                or crc32c(data[128:252]) != struct.unpack_from("<I", data, 252)[0]
                or len(data) < 256 + schema_bytes):
            raise Wrong(f"{self.name}: the header's checksums do not hold")
        if schema.decode("utf-8") != entry["schema"]:
            raise Wrong(f"{self.name}: the manifest has another schema than the header")
        self.schema = Schema(entry["schema"])

    def take_seals(self, name, log, read):
        data = read(name)
        (magic, version, size, _, log_bytes, index) = struct.unpack_from("<8sHHI16sQ", data)
        if ((magic, version, size, index, uuid.UUID(bytes=log_bytes)) !=
                (SEAL_MAGIC, 1, 128, self.index, log) or len(data) % 128
                or crc32c(data[:124]) != struct.unpack_from("<I", data, 124)[0]
                or (self.ranges and data[40:56] != struct.pack("<QQ", self.salt, self.epoch))):
            raise Wrong(f"{name}: the header is not that of this segment's seals")
        seed, previous, end = crc32c(data[40:56]), data[56:88], self.begin
        for at in range(128, len(data), 128):
            seal = Seal(data[at:at + 128], previous)
            if crc32c(seal.raw[:124], seed) != struct.unpack_from("<I", seal.raw, 124)[0]:
                raise Wrong(f"{name}: seal {len(self.seals)}: its checksum does not hold")
            if seal.begin != end or seal.end < end:
                raise Wrong(f"{name}: seal {len(self.seals)}: does not cover the bytes that follow")
            self.seals.append(seal)
            previous, end = seal.hash, seal.end

    def seal_at(self, position):
        at = bisect.bisect_right(self.ends, position)
        return self.seals[at] if at < len(self.seals) else None

    def seal_before(self, position):
        at = bisect.bisect_left(self.ends, position)
        return self.seals[at] if at < len(self.ends) and self.ends[at] == position else None

    def compute_seals(self):
        for number, seal in enumerate(self.seals):
            for begin, end, data in self.ranges:
                if max(begin, seal.begin) >= min(end, seal.end):
                    continue
                if not (begin <= seal.begin and seal.end <= end):
                    raise Wrong(f"{self.name}: holds a part of what seal {number} covers")
                covered = data[seal.begin - begin:seal.end - begin]
                digest = hashlib.sha256(seal.previous)
                digest.update(covered)
                digest.update(seal.raw[:48])
                if digest.digest() != seal.hash:
                    raise Wrong(f"{self.name}: seal {number}, sequences {seal.first_sequence} to "
                                f"{seal.last_sequence}, is not that of these bytes")
                seal.is_computed = True
            if seal.begin == seal.end:  # what follows covers no more than this
                seal.is_computed = hashlib.sha256(
                    seal.previous + seal.raw[:48]).digest() == seal.hash

    def records(self):
        for begin, end, data in self.ranges:
            at = begin + (self.header_bytes if begin == self.begin else 0)
            while at < end:
                record = self.record_at(at, end, data[at - begin:])
                yield record
                at = record.end

    def record_at(self, at, end, data):
        if len(data) < 32:
            raise Wrong(f"{self.name}: position {at}: no record stands here")
        length, crc, *fields = struct.unpack_from("<IIQqHB", data)
        if not 32 <= length <= end - at:
            raise Wrong(f"{self.name}: position {at}: no record stands here")
        if self.seal_at(at) is None and crc != crc32c(
                bytes(data[8:length]), crc32c(struct.pack("<QQI", self.salt, self.epoch, length))):
            raise Wrong(f"{self.name}: position {at}: the record's checksum does not hold")
        return Record(self, at, (length, *fields), data[32:length])

    def bears_out(self, position):
        """Whether what stands there is proven, with the header that says how to read it."""
        seals = (self.seal_at(self.begin), self.seal_at(position))
        return all(seal is not None and seal.bears_out() for seal in seals)
