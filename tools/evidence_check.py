#!/usr/bin/env python3
"""Checks an evidence package that `millrace log export --evidence DIR` wrote.

It shares nothing with Millrace but docs/log-format.md and needs Python's standard library alone.

evidence_check.py DIR [--head HEX] [--key FILE]
  --head  a seal's hash that was noted elsewhere; it must be one of the chain in the package
  --key   the key the seals were made with, as the file that holds it

Ends with 0: all that could be checked is right; 1: something is not; 2: it could not be checked.
"""
import argparse
import csv
import datetime
import hashlib
import hmac
import json
import pathlib
import struct
import sys
import uuid

SEGMENT_MAGIC = b"ALOG\x1a\r\n\0"
SEAL_MAGIC = b"SEAL\x1a\r\n\0"


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


def nanoseconds(text):
    """2026-03-01T09:30:00.000000001Z as nanoseconds since 1970."""
    whole, fraction = text.rstrip("Z").split(".")
    moment = datetime.datetime.strptime(whole, "%Y-%m-%dT%H:%M:%S")
    seconds = int((moment - datetime.datetime(1970, 1, 1)).total_seconds())
    return seconds * 10**9 + int(fraction)


class Checker:
    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.faults = []
        self.notes = []
        self.manifest = json.loads((self.directory / "manifest.json").read_text("utf-8"))
        if self.manifest.get("format") != "millrace evidence 1":
            raise ValueError("manifest.json is not of the format `millrace evidence 1`")
        self.rows = []
        self.hashes = []

    def fault(self, text):
        self.faults.append(text)

    def read(self, name):
        return (self.directory / name).read_bytes()

    def check_files(self):
        listed = {"manifest.json"}
        for entry in self.manifest["files"]:
            name = entry["name"]
            listed.add(name)
            path = self.directory / name
            if ".." in pathlib.PurePosixPath(name).parts or not path.is_file():
                self.fault(f"{name}: is not there")
                continue
            data = path.read_bytes()
            if len(data) != entry["size"] or hashlib.sha256(data).hexdigest() != entry["sha256"]:
                self.fault(f"{name}: is not the file the manifest names")
        for path in sorted(self.directory.rglob("*")):
            name = path.relative_to(self.directory).as_posix()
            if path.is_file() and name not in listed:
                self.fault(f"{name}: is not in the manifest")

    def check_rows(self):
        said = self.manifest["rows"]
        before = None
        for number, line in enumerate(self.read("rows.ndjson").splitlines(), 1):
            row = json.loads(line)
            here = (row["sequence"], row["position"], nanoseconds(row["timestamp"]))
            if before is not None and not all(a < b for a, b in zip(before, here)):
                self.fault(f"rows.ndjson:{number}: does not lie behind the row before")
            before = here
            self.rows.append(row)
        if not self.rows:
            self.fault("rows.ndjson: holds no row")
            return
        first, last = self.rows[0], self.rows[-1]
        found = (len(self.rows), first["sequence"], last["sequence"], first["position"],
                 first["timestamp"], last["timestamp"])
        wanted = (said["count"], said["first_sequence"], said["last_sequence"],
                  said["first_position"], said["first_time"], said["last_time"])
        if found != wanted:
            self.fault("rows.ndjson: number or ends are not those of the manifest")

    def check_wire(self):
        column = self.manifest["wire_column"]
        if column is None:
            return
        data = self.read("wire.dat")
        places = list(csv.DictReader(self.read("wire.csv").decode("ascii").splitlines()))
        if [int(place["sequence"]) for place in places] != [row["sequence"] for row in self.rows]:
            self.fault("wire.csv: its rows are not those of rows.ndjson")
            return
        end = 0
        for place, row in zip(places, self.rows):
            offset, size = int(place["offset"]), int(place["size"])
            shown = row["row"][column] or ""
            if offset != end or data[offset:offset + size] != shown.encode("latin-1"):
                self.fault(f"wire.dat: sequence {place['sequence']}: is not what the row says")
            end = offset + size
        if end != len(data):
            self.fault("wire.dat: has bytes that belong to no row")

    def check_header(self, segment):
        data = self.read(segment["header"])
        name = segment["header"]
        size = struct.unpack_from("<I", data, 64)[0]
        if data[:8] != SEGMENT_MAGIC or uuid.UUID(bytes=data[40:56]) != self.uuid():
            self.fault(f"{name}: is no header of this log")
        elif struct.unpack_from("<Q", data, 32)[0] != segment["index"]:
            self.fault(f"{name}: is that of another segment")
        elif (crc32c(data[256:256 + size], crc32c(data[:124])) !=
              struct.unpack_from("<I", data, 124)[0] or
              crc32c(data[128:252]) != struct.unpack_from("<I", data, 252)[0]):
            self.fault(f"{name}: its checksums do not hold")

    def uuid(self):
        return uuid.UUID(self.manifest["log"]["uuid"])

    def seals_of(self, segment):
        """The header's `previous` and the seals, as tuples and as bytes."""
        name, data = segment["seals"], self.read(segment["seals"])
        header = data[:128]
        if (len(header) < 128 or header[:8] != SEAL_MAGIC or
                uuid.UUID(bytes=header[16:32]) != self.uuid() or
                struct.unpack_from("<Q", header, 32)[0] != segment["index"] or
                crc32c(header[:124]) != struct.unpack_from("<I", header, 124)[0]):
            self.fault(f"{name}: its header is not that of this segment's seals")
            return None, []
        seed = crc32c(header[40:56])
        seals = []
        for at in range(128, len(data) - 127, 128):
            raw = data[at:at + 128]
            if crc32c(raw[:124], seed) != struct.unpack_from("<I", raw, 124)[0]:
                self.fault(f"{name}: seal {len(seals)}: its checksum does not hold")
                break
            seals.append(raw)
        return header[56:88], seals

    def check_seals(self, key):
        chain = None
        position = None
        keyed = False
        for segment in self.manifest["segments"]:
            if segment["seals"] is None:
                continue
            name = segment["seals"]
            previous, seals = self.seals_of(segment)
            if previous is None:
                continue
            if chain is not None and previous != chain:
                self.fault(f"{name}: does not continue the seals before")
            self.hashes.append(previous)
            for number, raw in enumerate(seals):
                begin, end = struct.unpack_from("<QQ", raw, 16)
                flags = struct.unpack_from("<I", raw, 40)[0]
                if number > 0 and begin != position:
                    self.fault(f"{name}: seal {number}: does not cover the bytes that follow")
                position = end
                keyed = bool(flags & 2)
                if key is not None and keyed and not hmac.compare_digest(
                        hmac.new(key, raw[:80], hashlib.sha256).digest(), raw[80:112]):
                    self.fault(f"{name}: seal {number}: was not made with this key")
                self.hashes.append(raw[48:80])
            self.check_records(segment, previous, seals)
            chain = seals[-1][48:80] if seals else previous
        head = self.manifest["seal_head"]
        if head is None:
            self.notes.append("the log was not sealed: the rows stand for themselves alone")
        elif chain is None or chain.hex() != head["hash"]:
            self.fault("seals: they do not end with the manifest's head")
        elif head["last_sequence"] < self.manifest["rows"]["last_sequence"]:
            self.notes.append(f"rows behind sequence {head['last_sequence']} are not sealed")
        if key is not None and not keyed:
            self.fault("seals: the newest one was made without a key")

    def check_records(self, segment, previous, seals):
        if segment.get("records") is None:
            return
        name, data = segment["records"], self.read(segment["records"])
        first, last = segment["records_begin"], segment["records_end"]
        if len(data) != last - first:
            self.fault(f"{name}: has not the length the manifest says")
            return
        for number, raw in enumerate(seals):
            begin, end = struct.unpack_from("<QQ", raw, 16)
            if first <= begin and end <= last:
                covered = data[begin - first:end - first]
                if hashlib.sha256(previous + covered + raw[:48]).digest() != raw[48:80]:
                    self.fault(f"{name}: seal {number} is not that of these bytes")
            previous = raw[48:80]
        for row in self.rows:
            at = row["position"] - first
            if 0 <= at < len(data):
                sequence, time = struct.unpack_from("<Qq", data, at + 8)
                if (sequence, time) != (row["sequence"], nanoseconds(row["timestamp"])):
                    self.fault(f"{name}: sequence {row['sequence']}: no such record stands "
                               f"at position {row['position']}")

    def check_head(self, head):
        if head is None:
            return
        if bytes.fromhex(head) not in self.hashes:
            self.fault(f"{head} is not the hash of any seal in the package")

    def run(self, head, key):
        self.check_files()
        if self.faults:
            return  # what follows reads these files
        self.check_rows()
        self.check_wire()
        for segment in self.manifest["segments"]:
            if segment["header"] is not None:
                self.check_header(segment)
        self.check_seals(key)
        self.check_head(head)


def main():
    parser = argparse.ArgumentParser(description="Checks an evidence package.")
    parser.add_argument("directory")
    parser.add_argument("--head", help="a seal's hash that was noted elsewhere")
    parser.add_argument("--key", help="file with the key the seals were made with")
    arguments = parser.parse_args()
    try:
        key = pathlib.Path(arguments.key).read_bytes() if arguments.key else None
        checker = Checker(arguments.directory)
        checker.run(arguments.head, key)
    except (OSError, ValueError, KeyError, TypeError, struct.error) as failure:
        print(f"evidence_check: {failure!r}", file=sys.stderr)
        return 2
    for text in checker.notes:
        print(f"note: {text}")
    for text in checker.faults:
        print(text)
    rows = checker.manifest["rows"]
    verdict = "not right" if checker.faults else "right"
    print(f"{verdict}: {rows['count']} rows of log {checker.manifest['log']['uuid']}, sequences "
          f"{rows['first_sequence']} to {rows['last_sequence']}, {len(checker.faults)} faults")
    return 1 if checker.faults else 0


if __name__ == "__main__":
    sys.exit(main())
