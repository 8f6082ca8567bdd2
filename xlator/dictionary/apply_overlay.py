"""Lays the overlay's facts over what the headers say. A fact that changes nothing is refused: it
is either wrong or already in the headers, and nobody could tell which."""

from components import cut_components
from model import TRANSPORT, DictionaryError, Field, Value, walk

# What the headers call CHECKSUM is a text of three digits to every FIX version.
PLAIN_TYPES = {"CHECKSUM": "STRING"}
MSG_TYPE = "MsgType"


def complete(headers, overlay):
    """The nine dictionaries. Changes headers.dictionaries in place and returns them in order."""
    names = _value_names(headers, overlay)
    result = list(headers.dictionaries.values())
    for dictionary in result:
        _apply_admin(dictionary, overlay)
        _apply_order(dictionary, overlay)
        _define_fields(dictionary, headers, overlay)
        _apply_types(dictionary, overlay)
        _apply_values(dictionary, headers, overlay, names)
        _name_message_types(dictionary, names)
        cut_components(dictionary, overlay)
        _apply_required(dictionary, overlay)
        dictionary.messages.sort(key=lambda each: (len(each.msg_type), each.msg_type))
    return result


def _value_names(headers, overlay):
    """(field, value) -> Value. The headers list names oldest first: the newest one is taken."""
    result = {}
    for field, values in headers.values.items():
        for value, name in values:
            known = result.setdefault((field, value), Value(value, name))
            if known.name != name:
                known.aliases.insert(0, known.name)
                known.name = name
    for fact in overlay.of("name"):
        field, value, name = fact.arguments
        known = result.get((field, value))
        if known is None:
            raise fact.where.error(f"QuickFIX's headers have no value {value} of {field}")
        if known.name == name:
            raise fact.where.error(f"{name} is the name of {field} {value} without this line")
        if name not in known.aliases:
            raise fact.where.error(
                f"{field} {value} is never called {name}: one of {' '.join(known.aliases)}"
            )
        known.aliases.remove(name)
        known.aliases.insert(0, known.name)
        known.name = name
    return result


def _apply_admin(dictionary, overlay):
    messages = {message.name: message for message in dictionary.messages}
    for fact in overlay.of("admin", dictionary.version.key):
        _known(messages, fact.subject, "message", fact, dictionary).category = "admin"


def _known(table, name, what, fact, dictionary):
    if name not in table:
        raise fact.where.error(
            f"QuickFIX's headers have no {what} {name} in version {dictionary.version.key}: "
            f"correct the name or the versions"
        )
    return table[name]


def _lists(dictionary):
    """(path, members) of every section and of every group in it."""
    for name, members in dictionary.sections():
        yield from _inner_lists(name, members)


def _inner_lists(path, members):
    yield path, members
    for member in members:
        if member.kind == "group":
            yield from _inner_lists(f"{path}/{member.name}", member.members)


def _apply_order(dictionary, overlay):
    facts = overlay.of("order", dictionary.version.key)
    by_path = {}
    for fact in facts:
        by_path.setdefault(fact.arguments[0], []).append(fact)
    used = set()
    for path, members in _lists(dictionary):
        moves = {fact.arguments[1]: fact for fact in by_path.get("*", ())}
        moves.update({fact.arguments[1]: fact for fact in by_path.get(path, ())})
        used |= _move(members, moves)
    for fact in facts:
        if fact not in used:
            raise fact.where.error(
                f"in version {dictionary.version.key} this line moves nothing: the section, the "
                "counter or the field before it does not exist, or the order is so already"
            )


def _move(members, moves):
    """Takes the groups that have a place out and puts each behind its field."""
    before = [member.name for member in members]
    here = [m for m in members if m.name in moves and moves[m.name].arguments[2] in before]
    for member in here:
        members.remove(member)
    waiting = list(here)
    while waiting:
        names = {member.name: at for at, member in enumerate(members)}
        ready = next((m for m in waiting if moves[m.name].arguments[2] in names), None)
        if ready is None:
            fact = moves[waiting[0].name]
            raise fact.where.error("these order lines wait for each other: break the circle")
        members.insert(names[moves[ready.name].arguments[2]] + 1, ready)
        waiting.remove(ready)
    if [member.name for member in members] == before:
        return set()
    return {moves[member.name] for member in here}


def _define_fields(dictionary, headers, overlay):
    used = {member.name for _, members in dictionary.sections() for member in walk(members)}
    for fact in overlay.of("define", dictionary.version.key):
        if fact.subject in used:
            raise fact.where.error(
                f"a message of version {dictionary.version.key} uses {fact.subject}: "
                "it is defined without this line"
            )
        _known(headers.numbers, fact.subject, "field", fact, dictionary)
        used.add(fact.subject)
    numbers = {}
    for name in sorted(used, key=lambda each: (headers.numbers[each], each)):
        number, kind = headers.numbers[name], headers.types[name]
        if number in numbers:
            raise DictionaryError(
                f"version {dictionary.version.key} has {numbers[number]} and {name} for tag "
                f"{number}: QuickFIX's headers or the overlay's define lines are wrong"
            )
        numbers[number] = name
        dictionary.fields[name] = Field(name, number, PLAIN_TYPES.get(kind, kind))


def _apply_types(dictionary, overlay):
    for fact in overlay.of("type", dictionary.version.key):
        field = _known(dictionary.fields, fact.subject, "field", fact, dictionary)
        if field.type == fact.arguments[0]:
            raise fact.where.error(
                f"{field.name} is {field.type} in version {dictionary.version.key} without it"
            )
        field.type = fact.arguments[0]


def _apply_values(dictionary, headers, overlay, names):
    facts = {fact.subject: fact for fact in overlay.of("values", dictionary.version.key)}
    for subject, fact in facts.items():
        _known(dictionary.fields, subject, "field", fact, dictionary)
    for field in dictionary.fields.values():
        known = list(dict.fromkeys(value for value, _ in headers.values.get(field.name, ())))
        chosen = [names[field.name, value] for value in known]
        if field.name in facts:
            chosen = _choose(field, facts[field.name], chosen)
            if [each.value for each in chosen] == known:
                raise facts[field.name].where.error(
                    f"{field.name} has just these values in version {dictionary.version.key} "
                    "without this line"
                )
        field.values = [Value(each.value, each.name, each.aliases) for each in chosen]


def _choose(field, fact, chosen):
    """`only` keeps the listed ones, `but` the others; a value with a name is a new one."""
    mode, listed = fact.arguments
    known = {each.value: each for each in chosen}
    wanted = dict(listed)
    for value, name in listed:
        if bool(name) == (value in known):
            raise fact.where.error(
                f"value {value} of {field.name} is {'already' if name else 'not'} in QuickFIX's "
                f"headers: {'leave the name out' if name else f'say its name: {value}=NAME'}"
            )
    new = [Value(value, name) for value, name in listed if name]
    if mode == "and":
        if len(new) != len(listed):
            raise fact.where.error("`all and` is followed by new values: VALUE=NAME")
        return chosen + new
    if mode == "but":
        if new:
            raise fact.where.error("`all but` is followed by values of the headers, without names")
        return [each for each in chosen if each.value not in wanted]
    return [each for each in chosen if each.value in wanted] + new


def _name_message_types(dictionary, names):
    """Below 5.0 MsgType has the version's messages, under their names there. The transport carries
    the messages of every version, so it keeps all; 5.0 and later have the transport's as well."""
    own = {message.msg_type: message.name for message in dictionary.messages}
    field = dictionary.fields.get(MSG_TYPE)
    if field is None:
        return
    if dictionary.header and dictionary.version.key != TRANSPORT:
        field.values = [each for each in field.values if each.value in own]
    for each in field.values:
        name = own.pop(each.value, each.name)
        each.aliases = [alias for alias in [each.name, *each.aliases] if alias != name]
        each.name = name
    if own:
        raise DictionaryError(
            f"version {dictionary.version.key}: MsgType has no value for {sorted(own)}: "
            "FixValues.h is older than the message headers"
        )


def _apply_required(dictionary, overlay):
    for fact in overlay.of("required", dictionary.version.key):
        path, name = fact.arguments
        members = dictionary.find_section(path)
        member = next((each for each in members or () if each.name == name), None)
        if member is None:
            raise fact.where.error(
                f"version {dictionary.version.key} has no {name} directly in {path}: what stands "
                "in a component is named there, not where the component is used"
            )
        if member.required:
            raise fact.where.error(
                f"{name} in {path} is required in version {dictionary.version.key} without it"
            )
        member.required = True
