"""Finds the standard components again: where the overlay names a run of fields, every equal run
becomes a use of one component."""

from dataclasses import dataclass, field

from model import Component, Member


@dataclass
class _Pattern:
    name: str
    fact: object
    run: list  # members of the exemplar, flat
    shape: tuple
    required: set = field(default_factory=set)  # names that some use requires
    use_count: int = 0

    def fits(self, path):
        only = self.fact.arguments[3]
        return not only or path in only


def _shape(members):
    return tuple((member.name, member.kind, _shape(member.members)) for member in members)


def cut_components(dictionary, overlay):
    """REQUIRES flat members whose order is restored and that have no overlay requirements yet."""
    facts = overlay.of("component", dictionary.version.key)
    patterns = [_exemplar(dictionary, fact) for fact in facts]
    _check_unique(dictionary, patterns)
    cutter = _Cutter(patterns)
    for name, members in dictionary.sections():
        cutter.note(members, name, None)
    for pattern in patterns:
        _check_uses(dictionary, pattern)
    for name, members in dictionary.sections():
        members[:] = cutter.cut(members, name, None)
    dictionary.components = sorted(
        (Component(each.name, cutter.define(each)) for each in patterns), key=lambda c: c.name
    )


def _check_uses(dictionary, pattern):
    sections = pattern.fact.arguments[3]
    if pattern.use_count < max(1, len(sections)):
        raise pattern.fact.where.error(
            f"component {pattern.name} is used {pattern.use_count} times in version "
            f"{dictionary.version.key}: its `only` names a section that has no such run"
        )


def _exemplar(dictionary, fact):
    path, first, last, _ = fact.arguments
    members = dictionary.find_section(path)
    if members is None:
        raise fact.where.error(f"version {dictionary.version.key} has no section {path}")
    names = [member.name for member in members]
    if first not in names or last not in names or names.index(first) > names.index(last):
        raise fact.where.error(
            f"{path} of version {dictionary.version.key} has no run from {first} to {last}"
        )
    run = members[names.index(first) : names.index(last) + 1]
    return _Pattern(fact.subject, fact, run, _shape(run))


def _check_unique(dictionary, patterns):
    seen = {}
    for pattern in patterns:
        sections = pattern.fact.arguments[3] or ("",)
        for section in sections:
            other = seen.setdefault((pattern.shape, section), pattern)
            if other is not pattern:
                raise pattern.fact.where.error(
                    f"components {other.name} and {pattern.name} are the same fields in version "
                    f"{dictionary.version.key}: say with `only` where each of them is meant"
                )


class _Cutter:
    def __init__(self, patterns):
        self.by_first = {}
        for pattern in patterns:
            self.by_first.setdefault(pattern.shape[0][0], []).append(pattern)
        for same in self.by_first.values():
            same.sort(key=lambda each: (-len(each.shape), not each.fact.arguments[3]))

    def _match(self, members, at, path, outer):
        for pattern in self.by_first.get(members[at].name, ()):
            run = members[at : at + len(pattern.shape)]
            if outer is not None and pattern.shape == outer.shape:
                continue
            if pattern.fits(path) and _shape(run) == pattern.shape:
                return pattern, run
        return None, members[at : at + 1]

    def _steps(self, members, path, outer):
        at = 0
        while at < len(members):
            pattern, run = self._match(members, at, path, outer)
            yield pattern, run
            at += len(run)

    def note(self, members, path, outer):
        """Which components are used, and which of their members the messages require."""
        for pattern, run in self._steps(members, path, outer):
            if pattern is not None:
                pattern.use_count += 1
                pattern.required |= {member.name for member in run if member.required}
                self.note(run, path, pattern)
            elif run[0].kind == "group":
                self.note(run[0].members, f"{path}/{run[0].name}", None)

    def cut(self, members, path, outer):
        result = []
        for pattern, run in self._steps(members, path, outer):
            if pattern is None:
                result.append(self._copy(run[0], path))
                continue
            required = {member.name for member in run if member.required}
            if required and required != pattern.required:
                raise pattern.fact.where.error(
                    f"{path} requires {sorted(required)} of component {pattern.name}, another "
                    f"message {sorted(pattern.required)}: these are not the component's bounds"
                )
            result.append(Member(pattern.name, "component", bool(required)))
        return result

    def _copy(self, member, path):
        inner = self.cut(member.members, f"{path}/{member.name}", None)
        return Member(member.name, member.kind, member.required, inner)

    def define(self, pattern):
        run = [
            Member(each.name, each.kind, each.name in pattern.required, each.members)
            for each in pattern.run
        ]
        return self.cut(run, pattern.fact.arguments[0], pattern)
