"""Writes a dictionary in QuickFIX's XML format, one element a line.

`aliases` of a value is an attribute of ours: other names the value has or had. QuickFIX and
millrace-codegen pass over it.
"""

from xml.sax.saxutils import quoteattr

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<!-- {name}: derived from QuickFIX's headers and Millrace's overlay, see docs/dictionaries.md.
     Do not edit: change the overlay. This product includes software developed by
     quickfixengine.org (http://www.quickfixengine.org/). -->
"""


def write_dictionary(dictionary):
    """The whole text of the file."""
    lines = [_tag("fix", dictionary.version.attributes, closes=False)]
    _list(lines, "header", dictionary.header)
    _list(lines, "trailer", dictionary.trailer)
    lines.append("  <messages>")
    for message in dictionary.messages:
        attributes = (
            ("name", message.name),
            ("msgtype", message.msg_type),
            ("msgcat", message.category),
        )
        _block(lines, 2, "message", attributes, message.members)
    lines.append("  </messages>")
    lines.append("  <components>")
    for component in dictionary.components:
        _block(lines, 2, "component", (("name", component.name),), component.members)
    lines.append("  </components>")
    _fields(lines, dictionary.fields)
    lines.append("</fix>")
    return HEAD.format(name=dictionary.version.file) + "\n".join(lines) + "\n"


def _tag(element, attributes, closes):
    text = "".join(f" {name}={quoteattr(value)}" for name, value in attributes)
    return f"<{element}{text}{'/' if closes else ''}>"


def _list(lines, element, members):
    if not members:
        lines.append(f"  <{element}/>")
        return
    _block(lines, 1, element, (), members)


def _block(lines, depth, element, attributes, members):
    indent = "  " * depth
    lines.append(indent + _tag(element, attributes, closes=not members))
    for member in members:
        own = (("name", member.name), ("required", "Y" if member.required else "N"))
        if member.kind == "group":
            _block(lines, depth + 1, "group", own, member.members)
        else:
            lines.append(indent + "  " + _tag(member.kind, own, closes=True))
    if members:
        lines.append(f"{indent}</{element}>")


def _fields(lines, fields):
    lines.append("  <fields>")
    for field in sorted(fields.values(), key=lambda each: each.number):
        own = (("number", str(field.number)), ("name", field.name), ("type", field.type))
        lines.append("    " + _tag("field", own, closes=not field.values))
        for value in field.values:
            attributes = [("enum", value.value), ("description", value.name)]
            if value.aliases:
                attributes.append(("aliases", " ".join(value.aliases)))
            lines.append("      " + _tag("value", attributes, closes=True))
        if field.values:
            lines.append("    </field>")
    lines.append("  </fields>")
