#!/usr/bin/env python3
"""Prints every record of a Millrace audit log, as `millrace log dump --format hex` does.

Written from docs/log-format.md alone, with Python's standard library: it shows that the document
is enough, and is where to begin with a reader in another language. It reads what lies in the
directory: for segments that are compressed, run `zstd -d` on them first; of a log that is written
in hot mode it sees what has come to the disk.

read_log.py DIR     ends with 0: read to its end; 1: the log is damaged, and the text says where
"""
import datetime
import pathlib
import re
import struct
import sys
import uuid

CONTROL = {0xFF01: "end", 0xFF02: "snapshot", 0xFF03: "close", 0xFF04: "clock", 0xFF05: "gap"}
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


def print_record(position, sequence, timestamp, kind, flags, payload):
    seconds, fraction = divmod(timestamp, 10**9)
    time = f"{EPOCH + datetime.timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}.{fraction:09}Z"
    name = CONTROL.get(kind, f"control {kind}") if flags & 1 else str(kind)
    print(f"position {position}  sequence {sequence}  {time}  type {name}  payload {len(payload)}")
    for at in range(0, len(payload), 16):
        line = payload[at:at + 16]
        text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in line)
        print(f"  {at:06x} {''.join(f' {byte:02x}' for byte in line):48}  |{text}|")


def read(directory):
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
                print_record(end, sequence, timestamp, kind, flags,
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
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        read(pathlib.Path(sys.argv[1]))
    except Damage as damage:
        print(damage, file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
