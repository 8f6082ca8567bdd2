"""What a FIX dictionary is made of, and the nine versions that are derived."""

from dataclasses import dataclass, field


class DictionaryError(Exception):
    """What is wrong, where, and what to do: the text is shown as it is."""


@dataclass(frozen=True)
class Version:
    key: str  # as the overlay writes it
    folder: str  # below the folder of QuickFIX's headers
    file: str  # the dictionary's name
    begin_string: str  # of FIX::Message in the folder's Message.h
    attributes: tuple  # of <fix>


def _version(key, folder, file, begin_string, kind, numbers):
    names = ("type", "major", "minor", "servicepack")
    return Version(key, folder, file, begin_string, tuple(zip(names, (kind, *numbers))))


# In the order of a range such as 4.2-5.0. T1.1 is no step after 5.0.2, so it is in no range.
VERSIONS = (
    _version("4.0", "fix40", "FIX40.xml", "FIX.4.0", "FIX", "400"),
    _version("4.1", "fix41", "FIX41.xml", "FIX.4.1", "FIX", "410"),
    _version("4.2", "fix42", "FIX42.xml", "FIX.4.2", "FIX", "420"),
    _version("4.3", "fix43", "FIX43.xml", "FIX.4.3", "FIX", "430"),
    _version("4.4", "fix44", "FIX44.xml", "FIX.4.4", "FIX", "440"),
    _version("5.0", "fix50", "FIX50.xml", "FIXT.1.1", "FIX", "500"),
    _version("5.0.1", "fix50sp1", "FIX50SP1.xml", "FIXT.1.1", "FIX", "501"),
    _version("5.0.2", "fix50sp2", "FIX50SP2.xml", "FIXT.1.1", "FIX", "502"),
    _version("T1.1", "fixt11", "FIXT11.xml", "FIXT.1.1", "FIXT", "110"),
)
TRANSPORT = "T1.1"
KEYS = tuple(version.key for version in VERSIONS)


@dataclass
class Member:
    """A field, a group (named by its counter) or a use of a component."""

    name: str
    kind: str = "field"
    required: bool = False
    members: list = field(default_factory=list)


@dataclass
class Message:
    name: str
    msg_type: str
    category: str = "app"
    members: list = field(default_factory=list)


@dataclass
class Component:
    name: str
    members: list = field(default_factory=list)


@dataclass
class Value:
    value: str
    name: str
    aliases: list = field(default_factory=list)


@dataclass
class Field:
    name: str
    number: int
    type: str
    values: list = field(default_factory=list)


@dataclass
class Dictionary:
    version: Version
    header: list = field(default_factory=list)
    trailer: list = field(default_factory=list)
    messages: list = field(default_factory=list)
    components: list = field(default_factory=list)
    fields: dict = field(default_factory=dict)  # by name

    def sections(self):
        """Every list of members with the name that errors and overlay lines call it by."""
        yield "header", self.header
        for message in self.messages:
            yield message.name, message.members
        yield "trailer", self.trailer

    def find_section(self, path):
        """The members of a message, of a component or, as in NewOrderList/NoOrders, of a group."""
        name, *groups = path.split("/")
        for known, members in [*self.sections(), *((c.name, c.members) for c in self.components)]:
            if known == name:
                found = _descend(members, groups)
                if found is not None:
                    return found
        return None


def _descend(members, groups):
    for name in groups:
        group = next((m for m in members if m.name == name and m.kind == "group"), None)
        if group is None:
            return None
        members = group.members
    return members


def walk(members):
    """Every member, those inside groups behind their group."""
    for member in members:
        yield member
        yield from walk(member.members)
