#!/usr/bin/env python3
"""header_facts.py QUICKFIX_HEADERS: what the headers say, read a second time in another way.

Shares nothing with xlator/dictionary: no line patterns, but the tree of braces of each file. Prints
one fact a line, in tags, for dictionary_headers_test.cpp; derive_test.py uses the functions.
"""

import re
import sys
from pathlib import Path

VERSIONS = (
    ("FIX40", "fix40"),
    ("FIX41", "fix41"),
    ("FIX42", "fix42"),
    ("FIX43", "fix43"),
    ("FIX44", "fix44"),
    ("FIX50", "fix50"),
    ("FIX50SP1", "fix50sp1"),
    ("FIX50SP2", "fix50sp2"),
    ("FIXT11", "fixt11"),
)


def numbers(root):
    text = (root / "FixFieldNumbers.h").read_text()
    return {name: int(tag) for name, tag in re.findall(r"(\w+)\s*=\s*(\d+)\s*;", text)}


def values(root):
    """Field name -> {value: [names]}."""
    result = {}
    for words, value in re.findall(r"(\w+)(?:\[\])? = (.*?);", (root / "FixValues.h").read_text()):
        field, _, name = words.partition("_")
        result.setdefault(field, {}).setdefault(value.strip("'\"").strip(), []).append(name)
    return result


def scopes(text):
    """A tree: [text directly in these braces, [scope...], text before the braces]."""
    top = ["", [], ""]
    stack = [top]
    for piece in re.split(r"([{}])", text):
        if piece == "{":
            scope = ["", [], re.split(r"[;{}]", stack[-1][0])[-1]]
            stack[-1][1].append(scope)
            stack.append(scope)
        elif piece == "}":
            stack.pop()
        else:
            stack[-1][0] += piece
    return top


def classes(scope):
    """(name, scope) of the classes directly or indirectly below, not below another class."""
    for inner in scope[1]:
        match = re.search(r"class\s+(\w+)\s*:", inner[2])
        if match:
            yield match[1], inner
        else:
            yield from classes(inner)


def field_names(scope):
    return re.findall(r"FIELD_SET\(\*this, FIX::(\w+)\)", scope[0])


def group_facts(name, scope, tags):
    """(counter, delimiter, constructor's order, all members, inner groups)."""
    shape = re.search(r"FIX::Group\((\d+),(\d+),FIX::message_order\(([\d,]+)\)\)", scope[0])
    order = [int(tag) for tag in shape[3].split(",")][:-1]
    members = [tags[member] for member in field_names(scope)]
    inner = [group_facts(each, below, tags) for each, below in classes(scope)]
    return int(shape[1]), int(shape[2]), order, members, inner


class Message:
    def __init__(self, path, tags):
        text = path.read_text()
        self.name = path.stem
        ((_, scope),) = classes(scopes(text))
        self.msg_type = re.search(r'FIX::MsgType\("(\w+)"\)', text)[1]
        self.members = [tags[name] for name in field_names(scope)]
        self.required = [tags[name] for name in re.findall(r"const FIX::(\w+)& a\w+", text)]
        self.groups = [group_facts(name, inner, tags) for name, inner in classes(scope)]


def messages(root, folder, tags):
    for path in sorted((root / folder).glob("*.h")):
        if path.stem not in ("Message", "MessageCracker"):
            yield Message(path, tags)


def sections(root, folder, tags):
    """The tags of header and trailer."""
    found = dict(classes(scopes((root / folder / "Message.h").read_text())))
    return [[tags[name] for name in field_names(found[each])] for each in ("Header", "Trailer")]


def _print_group(group, path):
    counter, delimiter, order, members, inner = group
    path = [*path, counter]
    print("group", "/".join(map(str, path)), delimiter, *order, "all", *members)
    for each in inner:
        _print_group(each, path)


def main(root):
    tags = numbers(root)
    for file, folder in VERSIONS:
        print("version", file)
        header, trailer = sections(root, folder, tags)
        print("header", *header)
        print("trailer", *trailer)
        for message in messages(root, folder, tags):
            print("message", message.msg_type, message.name)
            print("members", *message.members)
            print("required", *message.required)
            for group in message.groups:
                _print_group(group, [])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
