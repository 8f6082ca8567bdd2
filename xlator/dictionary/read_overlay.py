"""Reads the overlay: facts about FIX versions that QuickFIX's headers do not hold.

Each overlay file describes its lines at its top, docs/dictionaries.md all of them. A line is
refused as soon as it cannot be right by itself; whether it fits the headers is found when it is
applied (apply_overlay.py).
"""

import re
from dataclasses import dataclass
from pathlib import Path

from model import KEYS, TRANSPORT, DictionaryError

WORD = re.compile(r"[A-Za-z]\w*$")
PATH = re.compile(r"[A-Za-z]\w*(/[A-Za-z]\w*)*$")
TYPES = frozenset(
    "STRING CHAR PRICE INT AMT QTY CURRENCY MULTIPLEVALUESTRING MULTIPLESTRINGVALUE "
    "MULTIPLECHARVALUE EXCHANGE UTCTIMESTAMP TIME BOOLEAN LOCALMKTDATE DATE DATA FLOAT PRICEOFFSET "
    "MONTHYEAR DAYOFMONTH UTCDATE UTCDATEONLY UTCTIMEONLY NUMINGROUP PERCENTAGE SEQNUM LENGTH "
    "COUNTRY LANGUAGE TZTIMEONLY TZTIMESTAMP XMLDATA".split()
)


@dataclass(frozen=True)
class Where:
    file: str
    line: int

    def error(self, reason):
        return DictionaryError(f"{self.file}:{self.line}: {reason}")


@dataclass(frozen=True)
class Fact:
    """One fact for one version: a line with a range of versions and many names is many facts."""

    kind: str
    version: str  # empty where a fact holds for all versions
    subject: str  # what no other fact of the kind and version may speak of
    arguments: tuple
    where: Where


class Overlay:
    def __init__(self):
        self._facts = {}  # (kind, version) -> [Fact], in the order of the lines
        self._subjects = {}  # (kind, version, subject) -> Where

    def of(self, kind, version=""):
        return self._facts.get((kind, version), [])

    def add(self, fact):
        key = (fact.kind, fact.version, fact.subject)
        before = self._subjects.get(key)
        if before is not None:
            raise fact.where.error(
                f"{fact.kind} {fact.version} {fact.subject} is already said in "
                f"{before.file}:{before.line}: keep one of them"
            )
        self._subjects[key] = fact.where
        self._facts.setdefault((fact.kind, fact.version), []).append(fact)


def read_overlay(folder):
    """All *.txt of the folder, by name. An indented line continues the one above."""
    files = sorted(Path(folder).glob("*.txt"))
    if not files:
        raise DictionaryError(f"{folder}: no overlay files (*.txt): is the path right?")
    overlay = Overlay()
    for path in files:
        for where, words in _statements(path):
            _read_line(overlay, words, where)
    return overlay


def _statements(path):
    where, words = None, []
    for number, text in enumerate(path.read_text(encoding="ascii").splitlines(), 1):
        said = text.partition("#")[0]
        if not said.strip():
            continue
        if said[0].isspace():
            if not words:
                raise Where(str(path), number).error("indented, but there is no line to continue")
            words += said.split()
            continue
        if words:
            yield where, words
        where, words = Where(str(path), number), said.split()
    if words:
        yield where, words


def _read_line(overlay, words, where):
    kind, words = words[0], words[1:]
    reader = _READERS.get(kind)
    if reader is None:
        raise where.error(f"unknown kind of fact {kind}: one of {', '.join(_READERS)}")
    if kind == "name":
        facts = reader("", words, where)
        versions = ("",)
    else:
        if not words:
            raise where.error(f"{kind} without a version: for example {kind} 4.2-4.4 ...")
        versions = _versions(words[0], where)
        facts = reader(kind, words[1:], where)
    facts = list(facts)
    subjects = [subject for subject, _ in facts]
    for subject in subjects:
        if subjects.count(subject) > 1:
            raise where.error(f"{kind} says {subject} twice in one line")
    for version in versions:
        for subject, arguments in facts:
            overlay.add(Fact(kind, version, subject, arguments, where))


def _versions(text, where):
    """4.0, 4.2-4.4, 4.0,4.3-5.0.1,T1.1: in order, none twice."""
    result = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        last = last if dash else first
        for key in (first, last):
            if key not in KEYS:
                raise where.error(f"unknown version {key}: one of {' '.join(KEYS)}")
        if dash and (TRANSPORT in (first, last) or KEYS.index(first) >= KEYS.index(last)):
            raise where.error(f"{part} is not a range of versions such as 4.2-4.4")
        result += KEYS[KEYS.index(first) : KEYS.index(last) + 1]
    if result != sorted(set(result), key=KEYS.index):
        raise where.error(f"versions {text}: ascending, each once, for example 4.0,4.2-4.4,T1.1")
    return result


def _need(condition, where, form):
    if not condition:
        raise where.error(f"not of the form: {form}")


def _names(words, where, form):
    _need(words and all(WORD.match(word) for word in words), where, form)


def _listed(kind, words, where):
    what = {"admin": "MESSAGE", "define": "FIELD"}[kind]
    _names(words, where, f"{kind} VERSIONS {what}...")
    return [(word, ()) for word in words]


def _type(kind, words, where):
    _names(words[1:], where, "type VERSIONS TYPE FIELD...")
    if words[0] not in TYPES:
        raise where.error(f"unknown type {words[0]}: one of {' '.join(sorted(TYPES))}")
    return [(word, (words[0],)) for word in words[1:]]


def _values(kind, words, where):
    form = "values VERSIONS FIELD none | [all but] VALUE[=NAME]..."
    _names(words[:1], where, form)
    rest = words[1:]
    mode = "only"
    if rest[:2] == ["all", "but"]:
        mode, rest = "but", rest[2:]
    elif rest == ["none"]:
        return [(words[0], ("only", ()))]
    elif rest[:2] == ["all", "and"]:
        mode, rest = "and", rest[2:]
    _need(rest, where, form)
    values = []
    for word in rest:
        value, equals, name = word.partition("=")
        _need(value and (WORD.match(name) if equals else True), where, form)
        values += [(each, name) for each in _spread(value, where)]
    said = [value for value, _ in values]
    for value in said:
        if said.count(value) > 1:
            raise where.error(f"value {value} of {words[0]} is listed twice")
    return [(words[0], (mode, tuple(values)))]


def _spread(word, where):
    """1..9 and A..F stand for all between."""
    first, dots, last = word.partition("..")
    if not dots:
        return [word]
    if first.isdigit() and last.isdigit() and int(first) < int(last):
        return [str(number) for number in range(int(first), int(last) + 1)]
    if len(first) == len(last) == 1 and first < last and first.isalpha() and last.isalpha():
        return [chr(code) for code in range(ord(first), ord(last) + 1)]
    raise where.error(f"{word} is not a range of numbers or letters such as 1..9 or A..F")


def _order(kind, words, where):
    form = "order VERSIONS SECTION|* COUNTER after FIELD"
    _need(
        len(words) == 4 and words[2] == "after" and (words[0] == "*" or PATH.match(words[0])),
        where,
        form,
    )
    _names([words[1], words[3]], where, form)
    return [(f"{words[0]} {words[1]}", (words[0], words[1], words[3]))]


def _component(kind, words, where):
    form = "component VERSIONS NAME SECTION FIRST [.. LAST] [only SECTION...]"
    _need(len(words) >= 3 and PATH.match(words[1]), where, form)
    name, path, first, rest = words[0], words[1], words[2], words[3:]
    last = first
    if rest[:1] == [".."]:
        _need(len(rest) >= 2, where, form)
        last, rest = rest[1], rest[2:]
    if rest:
        _need(rest[0] == "only" and len(rest) > 1, where, form)
        _need(all(PATH.match(word) for word in rest[1:]), where, form)
    _names([name, first, last], where, form)
    return [(name, (path, first, last, tuple(rest[1:])))]


def _required(kind, words, where):
    form = "required VERSIONS SECTION|COMPONENT MEMBER..."
    _need(words and PATH.match(words[0]), where, form)
    _names(words[1:], where, form)
    return [(f"{words[0]} {word}", (words[0], word)) for word in words[1:]]


def _name(kind, words, where):
    form = "name FIELD VALUE NAME"
    _need(len(words) == 3, where, form)
    _names([words[0], words[2]], where, form)
    return [(f"{words[0]} {words[1]}", tuple(words))]


_READERS = {
    "admin": _listed,
    "component": _component,
    "define": _listed,
    "name": _name,
    "order": _order,
    "required": _required,
    "type": _type,
    "values": _values,
}
