#!/usr/bin/env python3
"""Prints a Millrace audit log: its records, its rows, or what its control records say.

Written from docs/log-format.md alone, with Python's standard library: it shows that the document
is enough, and is where to begin with a reader in another language. It reads what lies in the
directory: for segments that are compressed, run `zstd -d` on them first; of a log that is written
in hot mode it sees what has come to the disk.

read_log.py [--rows | --state] DIR
  every record as `millrace log dump --format hex` prints it; with --rows the rows of a table as
  `millrace log dump` does, with --state what snapshot and clock records hold
Ends with 0: read to its end; 1: the log is damaged, and the text says where.
"""
import datetime
import pathlib
import re
import struct
import sys
import uuid

CONTROL = {0xFF01: "end", 0xFF02: "snapshot", 0xFF03: "close", 0xFF04: "clock", 0xFF05: "gap"}
REASONS = {1: "step", 2: "drift", 3: "behind"}
OPERATIONS = {1: "insert", 2: "modify", 3: "delete"}
INTEGERS = {"i8": "b", "i16": "h", "i32": "i", "i64": "q",
            "u8": "B", "u16": "H", "u32": "I", "u64": "Q"}
OTHERS = {"decimal": (16, 8), "timestamp": (8, 8), "character": (1, 1), "boolean": (1, 1),
          "bytes": (0, 1), "vartext": (0, 1)}
EPOCH = datetime.datetime(1970, 1, 1)


class Damage(Exception):
    pass


def make_table():
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


TABLE = make_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


class Segment:
    def __init__(self, path):
        self.path, self.data = path, path.read_bytes()
        (self.magic, version, alignment, self.header_bytes, _, incompatible, self.segment_bytes,
         self.index, self.uuid, self.salt, schema_bytes) = struct.unpack_from(
             "<8sHHIIIQQ16sQI", self.data)
        (self.epoch, self.base_sequence, self.base_timestamp, self.previous_sequence,
         self.previous_end) = struct.unpack_from("<QQqQQ", self.data, 128)
        self.readable = (self.magic == b"ALOG\x1a\r\n\0" and version == 1 and alignment == 32
                         and incompatible == 0 and self.segment_bytes == len(self.data)
                         and self.header_bytes % 4096 == 0
                         and 256 + schema_bytes <= self.header_bytes <= len(self.data))
        self.origin = self.data[80:96].strip(b"\0") and self.data[80:96]
        self.schema = self.data[256:256 + schema_bytes]
        self.first_position = self.index * self.segment_bytes

    def is_begun(self):
        return not (self.readable and self.data[248:256] == bytes(8)
                    and self.data[self.header_bytes:self.header_bytes + 8] == bytes(8))

    def check(self, before):
        static, active = (struct.unpack_from("<I", self.data, at)[0] for at in (124, 252))
        if (not self.readable or static != crc32c(self.data[:124] + self.schema)
                or active != crc32c(self.data[128:252])):
            raise Damage(f"{self.path}: the header is damaged, or of another version")
        if int(self.path.name[:12]) != self.index:
            raise Damage(f"{self.path}: it is segment {self.index} under a wrong name")
        if before and (before.uuid != self.uuid or before.index + 1 != self.index
                       or before.epoch > self.epoch or before.segment_bytes != self.segment_bytes
                       or before.base_timestamp > self.base_timestamp
                       or self.base_sequence != self.previous_sequence + 1):
            raise Damage(f"{self.path}: a segment is missing, or this one is another log's")

    def fault_at(self, offset, sequence, timestamp):
        """Why no record that follows stands at offset; "nothing": nothing stands there."""
        if offset + 32 > len(self.data) or self.data[offset:offset + 8] == bytes(8):
            return "nothing"
        length, crc, number, time, kind, flags = struct.unpack_from("<IIQqHB", self.data, offset)
        if not 32 <= length <= min(self.segment_bytes // 8, len(self.data) - offset):
            return "impossible length"
        covered = (struct.pack("<QQI", self.salt, self.epoch, length)
                   + self.data[offset + 8:offset + length])
        if crc != crc32c(covered):
            return "wrong checksum"
        if flags & 1 and kind == 0xFF05:
            return "" if number >= sequence and time >= timestamp else "a gap that goes back"
        if number != sequence + (0 if flags & 1 else 1) or time <= timestamp:
            return "wrong sequence or time"
        return ""


def time_text(timestamp):
    seconds, fraction = divmod(timestamp, 10**9)
    return f"{EPOCH + datetime.timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}.{fraction:09}Z"


def print_record(segment, position, sequence, timestamp, kind, flags, payload):
    name = CONTROL.get(kind, f"control {kind}") if flags & 1 else str(kind)
    print(f"position {position}  sequence {sequence}  {time_text(timestamp)}  type {name}  "
          f"payload {len(payload)}")
    for at in range(0, len(payload), 16):
        line = payload[at:at + 16]
        text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in line)
        print(f"  {at:06x} {''.join(f' {byte:02x}' for byte in line):48}  |{text}|")


def align(size, alignment):
    return -(-size // alignment) * alignment


class Schema:
    def __init__(self, text):
        table, *lines = text.decode("utf-8").removesuffix("\n").split("\n")
        if not table.startswith("table "):
            raise Damage("the log is no table's: its schema text does not begin with `table `")
        self.columns, end, widest = [], 96, 1
        for line in lines:
            _, name, kind = line.removesuffix(" key").split(" ")
            if kind.startswith("text("):
                size, alignment = 2 + align(int(kind[5:-1]), 2), 2
            elif kind in INTEGERS:
                size = alignment = struct.calcsize(INTEGERS[kind])
            else:
                size, alignment = OTHERS[kind]
            at = align(end, alignment)
            end, widest = at + size, max(widest, alignment)
            self.columns.append((name, kind.split("(")[0], at))
        self.trailing = align(end, widest)

    def value(self, kind, at, row):
        """The value as text; None: it is empty."""
        if kind in INTEGERS:
            return str(struct.unpack_from("<" + INTEGERS[kind], row, at)[0])
        if kind == "boolean":
            return "true" if row[at] else "false"
        if kind == "decimal":
            mantissa, exponent = struct.unpack_from("<qi", row, at)
            return None if exponent == -2**31 else decimal_text(mantissa, exponent)
        if kind == "timestamp":
            time = struct.unpack_from("<q", row, at)[0]
            return time_text(time) if time else None
        if kind == "character":
            return quoted(row[at:at + 1]) if row[at] else None
        if kind == "text":
            size = struct.unpack_from("<H", row, at)[0]
            return quoted(row[at + 2:at + 2 + size]) if size else None
        data = row[self.trailing:]
        shown = quoted(data) if kind == "vartext" else printable(data.replace(b"\1", b"|"))
        return shown if data else None


def decimal_text(mantissa, exponent):
    sign, digits = "-" if mantissa < 0 else "", str(abs(mantissa))
    if not -64 <= exponent <= 20 or (mantissa and exponent > 0 and len(digits) + exponent > 18):
        return f"{sign}{digits}e{exponent}"
    if exponent >= 0:
        return sign + digits + "0" * (exponent if mantissa else 0)
    digits = digits.rjust(1 - exponent, "0")
    return f"{sign}{digits[:exponent]}.{digits[exponent:]}"


def printable(data):
    text = data.replace(b"\\", b"\\\\").decode("utf-8", "backslashreplace")
    return re.sub(r"[\0-\x1f\x7f]", lambda found: f"\\x{ord(found[0]):02x}", text)


def quoted(data):
    text = printable(data)
    return '"' + text.replace('"', '\\"') + '"' if re.search(rb'[ "=#]', data) else text


def print_row(segment, position, sequence, timestamp, kind, flags, payload):
    if flags & 1 or kind != 1:
        return
    schema = Schema(segment.schema)
    (operation, marks, version, reserved, event, user, chain, chain_sequence, route, source,
     source_sequence) = struct.unpack_from("<BBHI16s16s8sQQ16sQ", payload)
    if version != 1 or operation not in OPERATIONS or marks & ~7 or reserved:
        raise Damage(f"{segment.path}: position {position}: no row of version 1")
    line = f"{sequence:10} {time_text(timestamp)} {OPERATIONS[operation]}"
    for name, column, at in schema.columns:
        value = schema.value(column, at, payload)
        line += f" {name}={value}" if value is not None else ""
    line += " #"
    for name, value in (("event", event.rstrip(b"\0")), ("user", user.rstrip(b"\0"))):
        line += f" {name}={quoted(value)}" if value else ""
    if chain == bytes(8) and chain_sequence == 0:  # it begins a chain of its own
        chain, chain_sequence = (segment.origin or segment.uuid)[:8], sequence
    line += f" correlation={chain.hex()}:{chain_sequence}"
    if marks & 1:
        line += f" origin={route:016x}:{uuid.UUID(bytes=source)}:{source_sequence}"
    print(line + (" redelivered" if marks & 2 else "") + (" retried" if marks & 4 else ""))


def sections(payload):
    at = 0
    while at < len(payload):
        kind, size = struct.unpack_from("<II", payload, at)
        yield kind, payload[at + 8:at + 8 + size]
        at += 8 + align(size, 8)


def print_state(segment, position, sequence, timestamp, kind, flags, payload):
    if not flags & 1:
        return
    if kind == 0xFF04:
        realtime, monotonic, old, new, number, reason = struct.unpack_from("<5qI", payload)
        print(f"{position} clock {REASONS[reason]} realtime {time_text(realtime)} monotonic "
              f"{monotonic} offset {old} to {new} number {number}")
    for section, content in sections(payload) if kind == 0xFF02 else ():
        for at in range(0, len(content), 96):
            if section == 1:
                route, source, highest, name = struct.unpack_from("<Q16sQ64s", content, at)
                print(f"{position} route {name.rstrip(bytes(1)).decode()} {route:016x} at "
                      f"{highest} of {uuid.UUID(bytes=source)}")
            else:
                name, *numbers = struct.unpack_from("<64sIIIIqII", content, at)
                print(f"{position} session {name.rstrip(bytes(1)).decode()}", *numbers)


def read(directory, show):
    names = sorted(p for p in directory.iterdir() if re.fullmatch(r"\d{12}\.alog", p.name))
    segments = [Segment(path) for path in names]
    while segments and not segments[-1].is_begun():
        segments.pop()
    before, sequence, end = None, 0, 0
    for number, segment in enumerate(segments):
        segment.check(before)
        if before and (segment.previous_end != end or segment.previous_sequence != sequence):
            raise Damage(f"{before.path}: position {end}: records are missing")
        sequence, timestamp = segment.previous_sequence, segment.base_timestamp
        offset, is_ended = segment.header_bytes, False
        while not is_ended and not (fault := segment.fault_at(offset, sequence, timestamp)):
            length, _, sequence, timestamp, kind, flags = struct.unpack_from(
                "<IIQqHB", segment.data, offset)
            end = segment.first_position + offset
            is_ended = bool(flags & 1) and kind == 0xFF01
            if not is_ended:
                show(segment, end, sequence, timestamp, kind, flags,
                     segment.data[offset + 32:offset + length])
                end += (length + 31) // 32 * 32
            offset += (length + 31) // 32 * 32
        if offset == segment.header_bytes:
            end = segment.first_position + offset
        if not is_ended and fault != "nothing" and number + 1 == len(segments):
            raise Damage(f"{segment.path}: position {end}: {fault}")
        before = segment
    print(f"log {uuid.UUID(bytes=before.uuid)} ends at {end}" if before else "no log here",
          file=sys.stderr)


def main():
    *options, directory = sys.argv[1:] or [""]
    shows = {"": print_record, "--rows": print_row, "--state": print_state}
    if not directory or len(options) > 1 or (options and options[0] not in shows):
        sys.exit(__doc__)
    try:
        read(pathlib.Path(directory), shows[options[0] if options else ""])
    except Damage as damage:
        print(damage, file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
