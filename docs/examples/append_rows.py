#!/usr/bin/env python3
"""Appends rows to a table from Python, through the socket that `millrace run` serves.

    append_rows.py SOCKET [LEVEL]        one JSON object a line from standard input

Every row is kept until it is answered. When the engine goes away, the rows without an answer are
sent again once it is back: such a row may then stand in the table twice, so give rows a key by which
their reader can tell.
"""
import collections
import json
import socket
import sys
import time

WINDOW = 100  # rows that may be without an answer


class Appender:
    def __init__(self, path, level="committed"):
        self.path = path
        self.level = level
        self.unanswered = collections.deque()
        self.answers = None
        self.stream = None

    def append(self, row):
        """Takes one row; collects answers when many are open."""
        self.unanswered.append(json.dumps(row))
        try:
            if self.stream is None:
                self.connect()
            else:
                self.send(self.unanswered[-1])
            while len(self.unanswered) >= WINDOW:
                self.collect()
        except OSError:
            self.stream = None

    def finish(self):
        """Returns when every row is answered."""
        while self.unanswered:
            try:
                if self.stream is None:
                    self.connect()
                while self.unanswered:
                    self.collect()
            except OSError:
                self.stream = None

    def connect(self):
        while True:
            link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                link.connect(self.path)
                break
            except OSError:
                link.close()
                time.sleep(0.1)
        # Two files: one that reads and writes would forget what it has read ahead.
        self.answers = link.makefile("r", encoding="utf-8", newline="\n")
        self.stream = link.makefile("w", encoding="utf-8", newline="\n")
        link.close()
        self.send(json.dumps({"@level": self.level, "@event": "python"}))
        self.answer()
        for row in self.unanswered:
            self.send(row)

    def send(self, line):
        self.stream.write(line + "\n")
        self.stream.flush()

    def answer(self):
        line = self.answers.readline()
        if not line.endswith("\n"):
            raise ConnectionError("the engine closed the connection")
        return json.loads(line)

    def collect(self):
        answer = self.answer()
        row = self.unanswered.popleft()
        if "error" in answer:
            print("refused:", answer["error"], "in", row, file=sys.stderr)
        else:
            print(answer["sequence"], answer["timestamp"], answer["level"], flush=True)


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    appender = Appender(*sys.argv[1:])
    for line in sys.stdin:
        if line.strip():
            appender.append(json.loads(line))
    appender.finish()


if __name__ == "__main__":
    main()
