"""Reads what the C++ headers of an installed QuickFIX tell about the FIX versions.

The headers were generated from dictionaries, one statement a line. Every line must be one that is
known here: a line that is not means another generator, and guessing would lose fields silently.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from model import Dictionary, DictionaryError, Member, Message

FIELD = re.compile(r"FIELD_SET\(\*this, FIX::(\w+)\);$")
GROUP_OPEN = re.compile(r"class (\w+): public FIX::Group$")
GROUP_SHAPE = re.compile(
    r"(\w+)\(\) : FIX::Group\((\d+),(\d+),FIX::message_order\(([\d,]+),0\)\) \{\}$"
)
CLASS_OPEN = re.compile(r"class (\w+) : public (?:FIX::)?(\w+)$")
MSG_TYPE = re.compile(r'static FIX::MsgType MsgType\(\) \{ return FIX::MsgType\("(\w+)"\); \}$')
BEGIN_STRING = re.compile(r'FIX::BeginString\("([\w.]+)"\), msgtype \)$')
PARAMETER = re.compile(r"const FIX::(\w+)& a\w+(,| \))$")
SETTER = re.compile(r"set\(a(\w+)\);$")
NUMBER = re.compile(r"const int (\w+) = (\d+);$")
TYPE = re.compile(r"DEFINE_(\w+)\((\w+)\);$")
VALUE = re.compile(r"const (?:char|int) (\w+?)_(\w+)(?:\[\])? = (?:'(.)'|\"([^\"]*)\"|(-?\d+));$")

# Lines that hold no fact about a message.
SCAFFOLD = re.compile(
    r"#(ifndef|define) \w+$|#endif|#include \"(\.\./)?\w+\.h\"$|namespace FIX\w*$|[{}]$|public:$|$"
    r"|\w+\(\) : Message\(MsgType\(\)\) \{\}$|\w+\(const [\w:]+& m\) : (FIX::)?Message\(m\) \{\}$"
    r"|\w+\($|: Message\(MsgType\(\)\)$"
    r"|Message\( const FIX::MsgType& msgtype \)$|: FIX::Message\($"
    r"|\{\} ?$|\{ getHeader\(\)\.setField\( FIX::ApplVerID\(\"\d\"\) \); \}$"
    r"|(const )?(Header|Trailer)& get\w+\(\)( const)? \{ return .*; \}$"
)


@dataclass
class Headers:
    numbers: dict = field(default_factory=dict)  # field name -> tag
    types: dict = field(default_factory=dict)  # field name -> DEFINE_x
    values: dict = field(default_factory=dict)  # field name -> [(value, name)], file order
    dictionaries: dict = field(default_factory=dict)  # version key -> Dictionary


def read_headers(root, versions):
    """REQUIRES the folder that holds FixFields.h; the result knows no type or value by version."""
    root = Path(root)
    result = Headers()
    result.numbers = _read_numbers(root / "FixFieldNumbers.h")
    result.types = _read_types(root / "FixFields.h")
    result.values = _read_values(root / "FixValues.h", result.types)
    for version in versions:
        result.dictionaries[version.key] = _read_version(root / version.folder, version, result)
    return result


def _lines(path):
    try:
        text = path.read_text(encoding="ascii")
    except OSError as error:
        raise DictionaryError(
            f"{path}: {error.strerror}: are QuickFIX's headers (libquickfix-dev) installed?"
        ) from None
    for number, line in enumerate(text.splitlines(), 1):
        yield number, line.strip()


def _unknown(path, number, line):
    return DictionaryError(
        f"{path}:{number}: not a line that QuickFIX 1.15.1 has: {line}: compare the headers with "
        f"those of 1.15.1 and teach {Path(__file__).name} the new form"
    )


def _read_table(path, pattern):
    for number, line in _lines(path):
        match = pattern.match(line)
        if match:
            yield number, match
        elif line.startswith(("const ", "DEFINE_")):
            raise _unknown(path, number, line)


def _read_numbers(path):
    return {match[1]: int(match[2]) for _, match in _read_table(path, NUMBER)}


def _read_types(path):
    return {match[2]: match[1] for _, match in _read_table(path, TYPE)}


def _read_values(path, types):
    result = {}
    for number, match in _read_table(path, VALUE):
        name = match[1]
        if name not in types:
            raise _unknown(path, number, match[0])
        value = next(text for text in match.groups()[2:] if text is not None)
        # QuoteCondition has "f ", which no message could carry: lists are split at spaces.
        result.setdefault(name, []).append((value.strip(), match[2]))
    return result


def _read_version(folder, version, headers):
    result = Dictionary(version)
    _read_message_base(folder / "Message.h", version, result, headers)
    names = sorted(path.name for path in folder.glob("*.h"))
    for name in names:
        if name not in ("Message.h", "MessageCracker.h"):
            result.messages.append(_MessageReader(folder / name, headers).read())
    if not result.messages:
        raise DictionaryError(
            f"{folder}: no message headers: are QuickFIX's headers (libquickfix-dev) complete?"
        )
    return result


def _read_message_base(path, version, result, headers):
    reader = _MessageReader(path, headers)
    reader.read_all()
    if reader.begin_string != version.begin_string:
        raise DictionaryError(
            f"{path}: BeginString {reader.begin_string}, expected {version.begin_string}: "
            "is the folder that of another FIX version?"
        )
    result.header = reader.classes["Header"]
    result.trailer = reader.classes["Trailer"]


class _MessageReader:
    """The state between lines: which class is open, and the groups inside it."""

    def __init__(self, path, headers):
        self.path = path
        self.headers = headers
        self.classes = {}  # class name -> members
        self.begin_string = None
        self.msg_type = None
        self.required = []
        self.setters = []
        self.open = []  # member lists from the class to the innermost group
        self.groups = []  # (counter, shape) of the open groups

    def read(self):
        self.read_all()
        name = self.path.stem
        if set(self.classes) != {name} or self.msg_type is None:
            raise DictionaryError(f"{self.path}: not the one message {name} with its MsgType")
        members = self.classes[name]
        by_name = {member.name: member for member in members}
        if self.required != self.setters or not set(self.required) <= set(by_name):
            raise DictionaryError(
                f"{self.path}: the constructor sets {self.setters} and takes {self.required}: "
                "both should be the required fields of the message"
            )
        for each in self.required:
            by_name[each].required = True
        return Message(name, self.msg_type, members=members)

    def read_all(self):
        for number, line in _lines(self.path):
            if not self._take(line) and not SCAFFOLD.match(line):
                raise _unknown(self.path, number, line)

    def _take(self, line):
        if line == "};":
            self._close()
            return True
        for pattern, action in self._ACTIONS:
            match = pattern.match(line)
            if match:
                action(self, match)
                return True
        return False

    def _field(self, match):
        name = match[1]
        if name not in self.headers.numbers or name not in self.headers.types:
            raise DictionaryError(
                f"{self.path}: field {name} has no number or type in FixFieldNumbers.h and "
                "FixFields.h: the headers are of several QuickFIX versions"
            )
        self.open[-1].append(Member(name))

    def _open_class(self, match):
        self.open = [[]]
        self.classes[match[1]] = self.open[0]

    def _open_group(self, match):
        counter = self.open[-1][-1] if self.open[-1] else None
        if counter is None or counter.name != match[1]:
            raise DictionaryError(
                f"{self.path}: group {match[1]} does not stand behind its own counter"
            )
        counter.kind = "group"
        self.open.append(counter.members)
        self.groups.append([counter, None])

    def _shape(self, match):
        self.groups[-1][1] = (match[1], int(match[2]), int(match[3]))

    def _close(self):
        self.open.pop()
        if self.groups:
            counter, shape = self.groups.pop()
            numbers = self.headers.numbers
            first = counter.members[0].name if counter.members else None
            if shape != (counter.name, numbers[counter.name], numbers.get(first)):
                raise DictionaryError(
                    f"{self.path}: group {counter.name} is constructed as {shape}, its fields say "
                    f"another counter or delimiter"
                )

    def _begin_string(self, match):
        self.begin_string = match[1]

    def _msg_type(self, match):
        self.msg_type = match[1]

    def _parameter(self, match):
        self.required.append(match[1])

    def _setter(self, match):
        self.setters.append(match[1])

    _ACTIONS = (
        (FIELD, _field),
        (GROUP_OPEN, _open_group),
        (GROUP_SHAPE, _shape),
        (CLASS_OPEN, _open_class),
        (MSG_TYPE, _msg_type),
        (BEGIN_STRING, _begin_string),
        (PARAMETER, _parameter),
        (SETTER, _setter),
    )
