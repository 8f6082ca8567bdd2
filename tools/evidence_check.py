#!/usr/bin/env python3
"""Checks an evidence package that `millrace log export --evidence DIR` wrote.

It shares nothing with Millrace but docs/log-format.md and needs Python's standard library alone:
it computes the seals from the record bytes, decodes the rows from these by the schema text in
their segment's header, and holds every row, wire byte and clock record of the package against them.

evidence_check.py DIR [--head HEX] [--key FILE]
  --head  a seal's hash that was noted elsewhere: it proves what its chain of seals leads back to
  --key   the key the seals were made with, as the file that holds it

Ends with 0: the package agrees with itself, and all its rows are proven by what was given;
1: it does not, or they are not; 2: it could not be checked. Without --head and --key nothing is
proven against somebody who made rows, records and seals anew together, and the verdict says so.
"""
import argparse
import hashlib
import hmac
import json
import pathlib
import re
import struct
import sys
import uuid

sys.dont_write_bytecode = True  # nothing is left beside these files, wherever they lie
from evidence_format import (CLOCK, GAP, Runs, Segment, Wrong, difference, nanoseconds,
                             parse_pairs, time_text)

FORMAT = "millrace evidence 2"
FAULTS_SHOWN = 20
# What reading a file that somebody else made may raise.
MALFORMED = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError,
             struct.error)


class Range:
    """The range that was asked for: by sequence, position (offset) and time, ends included."""

    def __init__(self, said):
        self.said = said
        self.begin = (said.get("sequence"), said.get("offset"), self.time("time"))
        self.end = (said.get("until_sequence"), said.get("until_offset"), self.time("until_time"))

    def time(self, name):
        return nanoseconds(self.said[name]) if name in self.said else None

    def is_before(self, record):
        return any(bound is not None and here < bound
                   for here, bound in zip(record.place, self.begin))

    def is_behind(self, record):
        return any(bound is not None and here > bound
                   for here, bound in zip(record.place, self.end))

    def text(self):
        if not self.said:
            return "the whole log"
        return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in self.said.items())


class Checker:
    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.faults, self.notes = [], []
        path = self.directory / "manifest.json"
        try:
            self.manifest = json.loads(path.read_text("utf-8"))
        except OSError as failure:
            raise Wrong(f"{path}: {failure.strerror}") from failure
        except (ValueError, RecursionError) as failure:
            raise Wrong(f"{path}: is no JSON ({failure})") from failure
        if not isinstance(self.manifest, dict) or self.manifest.get("format") != FORMAT:
            raise Wrong(f"{path}: is not of the format `{FORMAT}`")
        self.log = uuid.UUID(self.manifest["log"]["uuid"])
        self.range = Range(self.manifest["range"])
        self.is_filtered = self.manifest["where"] is not None
        self.listed = {"manifest.json"}
        self.segments = []
        self.has_proof = False
        self.first = self.last = None  # records of rows
        self.count = 0
        self.proven, self.unproven, self.unsealed = Runs(), Runs(), Runs()

    def read(self, name):
        if name not in self.listed:
            raise Wrong(f"{name}: is not in the manifest's list of files")
        return (self.directory / name).read_bytes()

    def check_files(self):
        listed = self.listed
        for entry in self.manifest["files"]:
            name = entry["name"]
            listed.add(name)
            path = self.directory / name
            inner = pathlib.PurePosixPath(name)
            if inner.is_absolute() or ".." in inner.parts or not path.is_file():
                self.faults.append(f"{name}: is not there")
                continue
            data = path.read_bytes()
            if len(data) != entry["size"] or hashlib.sha256(data).hexdigest() != entry["sha256"]:
                self.faults.append(f"{name}: is not the file the manifest names")
        for path in sorted(self.directory.rglob("*")):
            name = path.relative_to(self.directory).as_posix()
            if path.is_file() and name not in listed:
                self.faults.append(f"{name}: is not in the manifest")

    def check_seals(self, head, key):
        for number, entry in enumerate(self.manifest["segments"]):
            if entry["index"] != self.manifest["segments"][0]["index"] + number:
                raise Wrong("manifest.json: a segment is missing between two others")
            self.segments.append(Segment(entry, self.log, self.manifest["log"]["segment_bytes"],
                                         self.read))
        last = None
        for segment in self.segments:
            segment.compute_seals()
            for number, seal in enumerate(segment.seals):
                if last is not None and seal.previous != last.hash:
                    self.faults.append(f"seals of segment {segment.index}: do not continue those "
                                       "before")
                if last is not None and seal.first_sequence != last.last_sequence + 1:
                    self.faults.append(f"seals of segment {segment.index}: seal {number} does not "
                                       "begin with the sequence that follows")
                last = seal
        said = self.manifest["seal_head"]
        if (last.hash.hex() if last else None) != (said["hash"] if said else None):
            self.faults.append("seals: they do not end with the manifest's head")
        self.prove_seals(head, key)

    def prove_seals(self, head, key):
        """From the newest on: a computed seal that is proven proves the hash of the one before."""
        seals = [seal for segment in self.segments for seal in segment.seals]
        if head is not None and head not in [seal.hash for seal in seals]:
            self.faults.append(f"{head.hex()} is not the hash of any seal in the package")
        is_proven = False
        for seal in reversed(seals):
            is_ours = key is not None and seal.flags & 2 and hmac.compare_digest(
                hmac.new(key, seal.raw[:80], hashlib.sha256).digest(), seal.raw[80:112])
            if key is not None and seal.flags & 2 and not is_ours:
                self.faults.append(f"seal of sequences {seal.first_sequence} to "
                                   f"{seal.last_sequence}: was not made with this key")
            seal.is_proven = bool(is_proven or is_ours or seal.hash == head)
            is_proven = seal.is_proven and seal.is_computed
            seal.is_authentic = is_proven or is_ours  # in all it says, not in its hash alone

    def records(self):
        for segment in self.segments:
            yield from segment.records()

    def check_rows(self):
        """Walks the record bytes and rows.ndjson side by side."""
        lines, wire, edges = self.lines("rows.ndjson"), Wire(self), Edges(self)
        line, last = next(lines, None), None
        for record in self.records():
            while line is not None and line[1] < record.at:
                self.faults.append(f"rows.ndjson:{line[0]}: no record stands at position "
                                   f"{line[1]}, or its row stands behind a later one")
                line = next(lines, None)
            self.check_order(record, last)
            is_wanted = not (record.is_control or self.range.is_before(record)
                             or self.range.is_behind(record))
            edges.pass_by(record, last, is_wanted)
            if line is not None and line[1] == record.at and not record.is_control:
                self.check_row(line, record, is_wanted)
                wire.check(record)
                line = next(lines, None)
            elif is_wanted and not self.is_filtered:
                self.faults.append(f"rows.ndjson: the row of sequence {record.sequence} is missing")
            last = record
        while line is not None:
            self.faults.append(f"rows.ndjson:{line[0]}: no record stands at position {line[1]}")
            line = next(lines, None)
        wire.check_end()
        edges.check_end()

    def lines(self, name):
        """(number, position, pairs) of each line that is one."""
        data = self.read(name)
        for number, line in enumerate(data.split(b"\n")[:-1], 1):
            try:
                pairs = parse_pairs(line.decode("utf-8"))
                yield number, int(dict(pairs)["position"]), pairs
            except (ValueError, TypeError, KeyError, RecursionError) as failure:
                self.faults.append(f"{name}:{number}: is no line of this file ({reason(failure)})")
        if data and not data.endswith(b"\n"):
            self.faults.append(f"{name}: its last line has no end")

    def check_row(self, line, record, is_wanted):
        number, _, pairs = line
        name = f"rows.ndjson:{number}: sequence {record.sequence}"
        try:
            text = difference(pairs, record.segment.schema.row(record))
        except Wrong as failure:
            text = str(failure)
        except (TypeError, ValueError, IndexError) as failure:
            text = f"is no row ({reason(failure)})"
        if text:
            self.faults.append(f"{name}: {text}")
        if not is_wanted:
            self.faults.append(f"{name}: lies outside the range")
        self.first = self.first or record
        self.last = record
        self.count += 1
        is_proven = record.segment.bears_out(record.at)
        (self.proven if is_proven else self.unproven).add(record.sequence)
        if record.segment.seal_at(record.at) is None:
            self.unsealed.add(record.sequence)

    def check_order(self, record, last):
        """Within the range, without a filter, no record may be left out of the record bytes."""
        if last is None:
            return
        if record.at < last.end or record.sequence < last.sequence or record.time < last.time:
            raise Wrong(f"position {record.at}: the record does not lie behind the one before")
        is_inside = self.first and not self.is_filtered and not self.range.is_behind(last)
        if not is_inside or record.sequence == last.sequence + (0 if record.is_control else 1):
            return
        if record.is_control and record.kind == GAP:
            self.notes.append(f"sequences {last.sequence + 1} to {record.sequence} were lost "
                              "before the log was salvaged: a gap record says so")
        else:
            self.faults.append(f"records: those between sequences {last.sequence} and "
                               f"{record.sequence} are missing")

    def check_clock(self):
        shown = list(self.lines("clock.ndjson"))
        true = [record for record in self.records() if record.is_control and record.kind == CLOCK]
        for number, (line, record) in enumerate(zip(shown, true), 1):
            if text := difference(line[2], record.clock()):
                self.faults.append(f"clock.ndjson:{number}: {text}")
        if len(shown) != len(true):
            self.faults.append(f"clock.ndjson: has {len(shown)} clock records, the record bytes "
                               f"have {len(true)}")

    def check_manifest(self):
        if self.first is None:
            self.faults.append("rows.ndjson: holds no row")
            return
        found = {"count": self.count, "first_sequence": self.first.sequence,
                 "last_sequence": self.last.sequence, "first_position": self.first.at,
                 "end_position": self.last.end, "first_time": time_text(self.first.time),
                 "last_time": time_text(self.last.time)}
        if found != self.manifest["rows"]:
            self.faults.append("manifest.json: rows: number or ends are not those of the records")

    def check_proof(self):
        if self.has_proof and self.unproven.found:
            self.faults.append(f"sequences {self.unproven}: not proven by what was given")
        if self.unsealed.found:
            self.notes.append(f"sequences {self.unsealed} are not sealed: their records stand for "
                              "themselves alone")

    def run(self, head, key):
        self.has_proof = head is not None or key is not None
        self.check_files()
        if self.faults:
            return  # what follows reads these files
        try:
            self.check_seals(head, key)
            self.check_rows()
            self.check_clock()
            self.check_manifest()
        except Wrong as fault:
            self.faults.append(str(fault))
        self.check_proof()

    def verdict(self, head, key):
        lines = [f"note: {text}" for text in self.notes] + self.faults[:FAULTS_SHOWN]
        if len(self.faults) > FAULTS_SHOWN:
            lines.append(f"and {len(self.faults) - FAULTS_SHOWN} more")
        if self.first is not None:
            lines.append(f"range: {self.range.text()}; " + (
                f"rows for which {self.manifest['where']}: whether all of these are here cannot be "
                "known" if self.is_filtered else "every row of it must be here"))
        if head is None and key is None:
            lines.append("proven: nothing. The files agree with one another, which whoever made "
                         "all of them can arrange; --head, noted elsewhere, or --key proves more")
        elif not self.faults:
            given = " and ".join(name for name, value in (("the head", head), ("the key", key))
                                 if value is not None)
            lines.append(f"proven by {given}: sequences {self.proven}, as written")
        lines.append(f"{'not right' if self.faults else 'right'}: {self.count} rows of log "
                     f"{self.log}, {len(self.faults)} faults")
        return "\n".join(lines)


class Wire:
    """wire.dat and wire.csv, held against the bytes columns of the records."""

    def __init__(self, checker):
        self.checker, self.end = checker, 0
        self.column = checker.manifest["wire_column"]
        self.data = self.places = None
        if self.column is not None:
            self.data = checker.read("wire.dat")
            self.places = iter(checker.read("wire.csv").decode("ascii").split("\n"))
            if next(self.places) != "sequence,offset,size":
                raise Wrong("wire.csv: does not begin with the names of its columns")

    def check(self, record):
        schema = record.segment.schema
        if schema.last_kind != "bytes":
            return
        if schema.columns[-1][0] != self.column:
            raise Wrong("manifest.json: wire_column is not the bytes column of the schema")
        true = record.payload[schema.fixed_end:]
        if next(self.places, "") != f"{record.sequence},{self.end},{len(true)}":
            raise Wrong(f"wire.csv: the line of sequence {record.sequence} is not there, or is not "
                        f"`{record.sequence},{self.end},{len(true)}`")
        if self.data[self.end:self.end + len(true)] != true:
            self.checker.faults.append(f"wire.dat: sequence {record.sequence}: the bytes are not "
                                       "those of the record")
        self.end += len(true)

    def check_end(self):
        if self.column is not None and (self.end != len(self.data) or list(self.places) != [""]):
            self.checker.faults.append("wire.dat, wire.csv: have more than the rows")


class Edges:
    """Whether the first row and the last one are the first and the last of the range.

    Only a record beyond the range shows that it ends there. What lay in front of the bytes, the
    seal before them tells, or the segment's header: a position, a sequence and a time.
    """

    def __init__(self, checker):
        self.checker, self.said = checker, checker.range.said
        self.is_begun = self.is_closed = checker.is_filtered
        self.front = None     # what lay in front of these bytes without a hole: (end, time)
        self.sequence = None  # of the record before, where it is known
        self.is_front_proven = self.is_behind_gap = False

    def pass_by(self, record, last, is_wanted):
        if last is None or last.segment is not record.segment or last.end != record.at:
            self.begin_bytes(record)
        if is_wanted and not self.is_begun:
            self.is_begun = True
            self.check_begin(record)
        if self.is_begun and not self.is_closed and self.checker.range.is_behind(record):
            self.is_closed = True
            if self.checker.has_proof and not record.segment.bears_out(record.at):
                self.checker.notes.append("that no row of the range follows is not proven")
        self.sequence = record.sequence
        self.is_behind_gap = record.is_control and record.kind == GAP

    def begin_bytes(self, record):
        segment = record.segment
        seal = segment.seal_before(record.at)
        if record.at == segment.begin + segment.header_bytes:
            self.front = (segment.previous_end, segment.base_time)
            self.sequence = segment.previous_sequence
            self.is_front_proven = segment.bears_out(segment.begin)
        elif seal is not None:
            self.front, self.sequence = (seal.end, seal.last_time), seal.last_sequence
            self.is_front_proven = seal.is_authentic
        else:
            self.front, self.sequence, self.is_front_proven = None, None, False

    def check_begin(self, record):
        faults, notes = self.checker.faults, self.checker.notes
        text = f"rows in front of sequence {record.sequence} are missing"
        if "sequence" in self.said:
            is_lost = self.is_behind_gap and record.sequence == self.sequence + 1
            if record.sequence != self.said["sequence"] and not is_lost:
                faults.append(text)
        elif self.front is None:
            notes.append(f"no seal shows whether {text}")
        elif "time" in self.said or "offset" in self.said:
            end, time = self.front
            if self.checker.has_proof and not self.is_front_proven:
                notes.append(f"whether {text} is not proven")
            if not (end <= self.said["offset"] if "offset" in self.said
                    else time < self.checker.range.begin[2]):
                faults.append(text)
        elif (record.sequence != self.sequence + 1
              or record.segment is not self.checker.segments[0]):
            faults.append(text)
        elif record.sequence > 1:
            notes.append(f"the log began with sequence {record.sequence} when this was exported")

    def check_end(self):
        last = self.checker.last.sequence if self.checker.last else 0
        if self.is_closed or last == self.said.get("until_sequence"):
            return
        sealed = max((seal.last_sequence for segment in self.checker.segments
                      for seal in segment.seals), default=0)
        if sealed > last or "until_sequence" in self.said:
            self.checker.faults.append(f"rows behind sequence {last} are missing")
        else:
            self.checker.notes.append(f"the log ended with sequence {last} when this was exported; "
                                      "only a head that was noted later shows rows cut off behind")


def reason(failure):
    """What went wrong, without Python's name for it."""
    if isinstance(failure, KeyError):
        return f"{failure} is missing, or not known"
    return str(failure)


def head_of(text):
    if not re.fullmatch("[0-9A-Fa-f]{64}", text):
        raise argparse.ArgumentTypeError("expected 64 hexadecimal digits")
    return bytes.fromhex(text)


def parse_arguments():
    parser = argparse.ArgumentParser(description="Checks an evidence package.")
    parser.add_argument("directory", help="what `millrace log export --evidence` wrote")
    parser.add_argument("--head", type=head_of, help="a seal's hash that was noted elsewhere")
    parser.add_argument("--key", help="file with the key the seals were made with")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    head = arguments.head
    try:
        key = None if arguments.key is None else pathlib.Path(arguments.key).read_bytes()
        checker = Checker(arguments.directory)
        checker.run(head, key)
    except OSError as failure:
        print(f"evidence_check: {failure.filename}: {failure.strerror}", file=sys.stderr)
        return 2
    except Wrong as failure:
        print(f"evidence_check: {failure}; give the directory that `millrace log export "
              "--evidence` wrote", file=sys.stderr)
        return 2
    except MALFORMED as failure:
        print(f"evidence_check: {arguments.directory}: a file of the package has not the form that "
              f"`millrace log export --evidence` writes: {reason(failure)}", file=sys.stderr)
        return 2
    print(checker.verdict(head, key))
    return 1 if checker.faults else 0


if __name__ == "__main__":
    sys.exit(main())
