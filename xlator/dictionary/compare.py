#!/usr/bin/env python3
"""compare.py PUBLIC [--derived DIR]

Compares derived dictionaries with a folder of public ones of the same file names (QuickFIX's spec/,
for example) and lists every difference. Differences that are meant are counted apart, with the
reason; the exit status is 1 where there are others. --derived is by default
build/dev/share/millrace/dictionary below the working directory.
"""

import argparse
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path

FILES = ("FIX40 FIX41 FIX42 FIX43 FIX44 FIX50 FIX50SP1 FIX50SP2 FIXT11").split()

# (file or None for all, the start of the difference, why it is meant). Each must be met.
MEANT = (
    ("FIXT11", "field MsgType: value ", "a transport carries the messages of all versions"),
    (None, "unused component ", "no message uses it, so the headers do not show it"),
    (None, "name of MsgType ", "a message type is called as the message is"),
    ("FIX40", "name of OrdType C: ", "QuickFIX's headers do not have the name"),
    (None, "name of SecurityType ?: ", "QuickFIX's headers do not have the name"),
    (None, "name of YieldType VALUE1/32: ", "QuickFIX's headers do not have the name"),
    (None, "name of PartySubIDType 25: ", "QuickFIX's headers do not have the name"),
    (None, "name of EncryptMethod ", "QuickFIX's headers do not have the name"),
    ("FIX41", "field SettlLocation: value ", "ISO country codes are values too, and not listed"),
    ("FIX42", "field SettlLocation: value ", "ISO country codes are values too, and not listed"),
    ("FIX42", "field MessageEncoding: value S", "FIX spells it Shift_JIS in every version"),
    ("FIX43", "field MessageEncoding: value S", "FIX spells it Shift_JIS in every version"),
    ("FIX43", "field ExecInst: value T ", "FIX 4.3 has it, as 4.2 and 5.0 have"),
    ("FIX44", "field ExecInst: value T ", "FIX 4.4 has it, as 4.2 and 5.0 have"),
    ("FIX44", "field OrdRejReason: value 12 ", "lost in the text of value 11 there"),
    ("FIX44", "field MiscFeeType: type ", "CHAR would refuse its values 10 to 12"),
    ("FIX44", "field MassCancelRejectReason: type ", "CHAR would refuse its value 99"),
    (None, "field QuoteCondition: value f", "no list can hold a value that ends in a space"),
)


class Public:
    """One file as it is, without any of the classes that derived it."""

    def __init__(self, path):
        root = ElementTree.parse(path).getroot()
        self.attributes = {**{"type": "FIX", "servicepack": "0"}, **root.attrib}
        self.sections = {name: _child(root, name) for name in ("header", "trailer")}
        self.messages = {node.get("name"): node for node in _child(root, "messages")}
        self.components = {node.get("name"): node for node in _child(root, "components")}
        self.fields = {node.get("name"): node for node in _child(root, "fields")}

    def lists(self):
        yield from self.sections.items()
        yield from self.messages.items()
        for name, node in self.components.items():
            yield f"component {name}", node

    def used_components(self):
        used, waiting = set(), [*self.sections.values(), *self.messages.values()]
        while waiting:
            for node in waiting.pop().iter("component"):
                name = node.get("name")
                if "required" in node.attrib and name not in used:
                    used.add(name)
                    waiting.append(self.components[name])
        return used

    def members(self, node, required=True):
        """(name, kind, required, members) with components replaced by what they hold."""
        result = []
        for child in node:
            needed = required and child.get("required") == "Y"
            if child.tag == "component":
                result += self.members(self.components[child.get("name")], needed)
            else:
                result.append((child.get("name"), child.tag, needed, self.members(child)))
        return result


def _child(root, name):
    found = root.find(name)
    return found if found is not None else ()


def _direct(node):
    """(tag, name, required, members) as written."""
    return [(c.tag, c.get("name"), c.get("required"), _direct(c)) for c in node]


def _differences(ours, theirs):
    if ours.attributes != theirs.attributes:
        yield f"<fix> {ours.attributes}, public {theirs.attributes}"
    yield from _compare_messages(ours, theirs)
    used = theirs.used_components()
    for name in theirs.components:
        if name not in used:
            yield f"unused component {name} is missing"
    public = dict(theirs.lists())
    for name, node in ours.lists():
        other = public.pop(name, None)
        if other is None:
            yield f"{name} is not public"
        elif _direct(node) != _direct(other):
            yield from _compare_lists(name, _direct(node), _direct(other))
    for name in public:
        if not name.startswith("component ") or name.partition(" ")[2] in used:
            yield f"{name} is missing"
    yield from _compare_fields(ours, theirs)


def _compare_messages(ours, theirs):
    for name, node in ours.messages.items():
        other = theirs.messages.get(name)
        if other is None:
            continue
        for attribute in ("msgtype", "msgcat"):
            if node.get(attribute) != other.get(attribute):
                yield f"{name}: {attribute} {node.get(attribute)}, public {other.get(attribute)}"
        if ours.members(node) != theirs.members(other):
            yield f"{name}: other members when components are expanded"


def _compare_lists(path, ours, theirs):
    names = [name for _, name, _, _ in ours]
    public = [name for _, name, _, _ in theirs]
    if names != public:
        yield f"{path}: members {' '.join(names)}, public {' '.join(public)}"
        return
    for (tag, name, required, members), other in zip(ours, theirs):
        if (tag, required) != (other[0], other[2]):
            yield f"{path}: {name} is {tag} {required}, public {other[0]} {other[2]}"
        yield from _compare_lists(f"{path}/{name}", members, other[3])


def _compare_fields(ours, theirs):
    for name in sorted(set(ours.fields) ^ set(theirs.fields)):
        yield f"field {name} is {'not public' if name in ours.fields else 'missing'}"
    for name in ours.fields:
        if name not in theirs.fields:
            continue
        node, other = ours.fields[name], theirs.fields[name]
        for attribute in ("number", "type"):
            if node.get(attribute) != other.get(attribute):
                yield (
                    f"field {name}: {attribute} {node.get(attribute)}, "
                    f"public {other.get(attribute)}"
                )
        yield from _compare_values(name, node, other)


def _compare_values(field, node, other):
    ours = {value.get("enum"): value for value in node}
    theirs = {value.get("enum"): value for value in other}
    for value in sorted(set(ours) ^ set(theirs)):
        yield f"field {field}: value {value} is {'not public' if value in ours else 'missing'}"
    for value in ours:
        if value not in theirs:
            continue
        names = [ours[value].get("description"), *ours[value].get("aliases", "").split()]
        public = theirs[value].get("description")
        if _plain(public) not in map(_plain, names):
            yield f"name of {field} {value}: {' '.join(names)}, public {public}"


def _plain(name):
    """NewOrderSingle and NEW_ORDER_SINGLE are one name."""
    return name.replace("_", "").upper()


def _reason(file, difference):
    for index, (of_file, start, why) in enumerate(MEANT):
        if of_file in (None, file) and difference.startswith(start):
            return index, why
    return None, None


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[2])
    parser.add_argument("public", type=Path, metavar="PUBLIC")
    parser.add_argument(
        "--derived",
        type=Path,
        metavar="DIR",
        default=Path("build/dev/share/millrace/dictionary"),
    )
    chosen = parser.parse_args(arguments)
    total, met = Counter(), set()
    for file in FILES:
        try:
            ours = Public(chosen.derived / f"{file}.xml")
            theirs = Public(chosen.public / f"{file}.xml")
        except (OSError, ElementTree.ParseError) as error:
            print(f"{file}.xml: {error}", file=sys.stderr)
            return 2
        counts = Counter()
        for difference in _differences(ours, theirs):
            index, why = _reason(file, difference)
            counts["meant" if why else "not meant"] += 1
            met.add(index)
            print(f"{file}: {difference}{f' (meant: {why})' if why else ''}")
        print(f"{file}: {counts['not meant']} differences, {counts['meant']} more are meant")
        total += counts
    for index, (of_file, start, _) in enumerate(MEANT):
        if index not in met:
            print(f"no difference of the kind '{start}' any more: take it out of MEANT")
    print(f"all: {total['not meant']} differences, {total['meant']} more are meant")
    return 1 if total["not meant"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
