#!/usr/bin/env python3
"""Follows a table from Python, through the socket that `millrace run` serves.

    follow_rows.py SOCKET PLACE [UNTIL]      prints the rows, one JSON object a line

PLACE is a file that says how far it has come: started again it goes on there, and the first time
with the oldest row. UNTIL is `tail`, to end with what is there now, or a sequence. When the engine
goes away, it goes on once that is back.

It asks for durable rows alone. No loss of power takes those back, so a sequence is enough to go on
behind; one that has read what was only committed may find other rows at the same sequences.
"""
import decimal
import json
import os
import socket
import sys
import time


class Refused(Exception):
    """The engine says what is wrong, and what to do."""


class Follower:
    def __init__(self, path, done=0, until=None, where=None):
        self.path = path
        self.done = done  # the last sequence that was handed out
        self.request = {"@level": "durable"}
        if until is not None:
            self.request["@until"] = until
        if where is not None:
            self.request["@where"] = where

    def rows(self):
        """Each row and its line, once and in order; ends where the request does, or Refused."""
        while True:
            try:
                with self.begin() as lines:
                    for line in lines:
                        if not line.endswith("\n"):
                            break  # the engine went away within it
                        answer = json.loads(line, parse_float=decimal.Decimal)  # exact
                        if "row" in answer:
                            yield answer, line
                            self.done = answer["sequence"]
                        elif "error" in answer:
                            raise Refused(answer["error"])
                        elif "@end" in answer:
                            return
            except OSError:
                pass
            time.sleep(0.1)

    def begin(self):
        link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with link:
            link.connect(self.path)
            begin = {"sequence": self.done + 1} if self.done > 0 else "first"
            link.sendall(json.dumps({"@read": begin, **self.request}).encode() + b"\n")
            return link.makefile("r", encoding="utf-8", newline="\n")


def load(place):
    try:
        with open(place, encoding="utf-8") as file:
            return int(file.read())
    except FileNotFoundError:
        return 0


def store(place, done):
    with open(place + ".new", "w", encoding="utf-8") as file:
        file.write(str(done))
    os.replace(place + ".new", place)


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    path, place = sys.argv[1:3]
    until = sys.argv[3] if len(sys.argv) == 4 else None
    if until is not None and until != "tail":
        until = {"sequence": int(until)}
    try:
        for row, line in Follower(path, load(place), until).rows():
            print(line, end="", flush=True)
            store(place, row["sequence"])  # behind the effect: what is done twice is the last row
    except Refused as refused:
        sys.exit(f"{path}: {refused}")


if __name__ == "__main__":
    main()
