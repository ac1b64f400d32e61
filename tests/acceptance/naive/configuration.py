"""The rule of this file: what is set is what the control events say, the later one going before the earlier.

Section 7 of docs/rules.md. Everything stays as the plain JSON that it was set with.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .reading import instant


@dataclass(frozen=True)
class LoggedEvent:
    """A control event that sets something. `recorded` is UTC."""

    position: int
    recorded: datetime
    kind: str
    payload: dict[str, Any]


@dataclass
class Settings:
    """What is set of one course. nodes: of the outline, in depth-first order, with `parent` and `order` added."""

    outline: dict[str, Any] | None = None
    nodes: dict[str, dict[str, Any]] = field(default_factory=dict)
    policy: dict[str, Any] | None = None
    rules: dict[str, dict[str, Any]] = field(default_factory=dict)
    type_rules: dict[str, dict[str, Any]] = field(default_factory=dict)
    due: dict[tuple[str, str | None], datetime] = field(default_factory=dict)
    completions: dict[tuple[str, str], tuple[bool, datetime]] = field(default_factory=dict)
    grades: dict[tuple[str, str], tuple[float | None, bool, datetime]] = field(default_factory=dict)

    def rule(self, course: str, node: str, default: str) -> dict[str, Any] | None:
        """The rule in force; None for the default one."""
        outline = (self.outline or {}) if node == course else self.nodes.get(node, {})
        return self.rules.get(node) or outline.get("rule") or self.type_rules.get(default)

    def pass_mark(self, node: str) -> float:
        mark = self.nodes.get(node, {}).get("pass_mark")
        return float(mark if mark is not None else (self.policy or {}).get("pass_mark", 0.6))

    def due_at(self, node: str, person: str) -> datetime | None:
        for whom in (person, None):
            if (node, whom) in self.due:
                return self.due[node, whom]
        return instant(self.nodes.get(node, {}).get("due_at"))

    def needs(self, node: str, course: str) -> set[str]:
        """What the rule of a node asks for, whether it can ever have it or not."""
        found = self.rule(course, node, "")
        return asked_by(found["when"]) if found else set()

    def waits(self, node: str, course: str) -> set[str]:
        """What the rule of a node asks for, but for what itself asks, in the end, for the node."""

        def leads_back(start: str) -> bool:
            seen: set[str] = set()
            waiting = [start]
            while waiting:
                one = waiting.pop()
                if one == node:
                    return True
                if one not in seen:
                    seen.add(one)
                    waiting += self.needs(one, course)
            return False

        return {one for one in self.needs(node, course) if not leads_back(one)}

    def by_policy(self, person: str) -> bool:
        """Whether more is set than section 8 of the read models computes the course row from."""
        weighed = any(node.get(name) is not None for node in self.nodes.values() for name in WEIGHED)
        due = any(whom in (None, person) for _, whom in self.due)
        return self.policy is not None or weighed or due or any(whom == person for whom, _ in self.grades)


WEIGHED = ("weight", "category", "due_at")


def asked_by(part: dict[str, Any]) -> set[str]:
    if part["rule"] == "prerequisite":
        return {part["node"]}
    inner = part.get("of", [])
    return set().union(*(asked_by(one) for one in (inner if isinstance(inner, list) else [inner])))


def settings_of(events: Iterable[LoggedEvent]) -> dict[str, Settings]:
    """What is set of each course; of persons, for whom they count."""
    events = sorted(events, key=lambda one: one.position)
    person_of = persons_of(events)
    found: dict[str, Settings] = {}
    for event in last_of_each(events, person_of):
        said = event.payload
        settings = found.setdefault(said["course"], Settings())
        match event.kind:
            case "outline.set":
                settings.outline = said["outline"]
                settings.nodes = {}
                if settings.outline is not None:
                    place(settings.outline["nodes"], said["course"], settings.nodes)
            case "policy.set":
                settings.policy = said["policy"]
            case "rule.set" if said.get("node") is not None:
                put(settings.rules, said["node"], said["rule"])
            case "rule.set":
                put(settings.type_rules, said["content_type"], said["rule"])
            case "due.set":
                put(settings.due, (said["node"], said.get("person")), instant(said["due_at"]))
            case "completion.overridden":
                value = None if said["completed"] is None else (said["completed"], event.recorded)
                put(settings.completions, (said["person"], said["node"]), value)
            case "grade.overridden":
                score, excused = said.get("score"), said.get("excused", False)
                grade = None if score is None and not excused else (score, excused, event.recorded)
                put(settings.grades, (said["person"], said["node"]), grade)
    return found


def last_of_each(events: list[LoggedEvent], person_of: dict[str, str]) -> list[LoggedEvent]:
    """The events of courses, persons' by whom they count for. Of several identifiers each has its own last word: where
    that takes something away, what another has stays.
    """
    kept: dict[Any, LoggedEvent] = {}
    for event in events:
        said = event.payload
        if "course" not in said or event.kind == "mapping.set":
            continue
        person = said.get("person")
        if person is None:
            kept[event.position] = event
            continue
        key = event.kind, said["course"], said["node"], person
        kept.pop(key, None)
        if takes_away(event):
            continue
        payload = said | {"person": person_of.get(person, person)}
        kept[key] = LoggedEvent(event.position, event.recorded, event.kind, payload)
    return sorted(kept.values(), key=lambda one: one.position)


def takes_away(event: LoggedEvent) -> bool:
    said = event.payload
    if event.kind == "grade.overridden":
        return said.get("score") is None and not said.get("excused", False)
    return said["due_at" if event.kind == "due.set" else "completed"] is None


def persons_of(events: Iterable[LoggedEvent]) -> dict[str, str]:
    """Of each identifier that counts for another, for whose it does in the end."""
    into: dict[str, str] = {}

    def end(person: str) -> str:
        while person in into:
            person = into[person]
        return person

    for event in sorted(events, key=lambda one: one.position):
        if event.kind == "person.unmerged":
            into.pop(event.payload["person"], None)
        if event.kind == "person.merged":
            before = into.pop(event.payload["person"], None)
            if end(event.payload["into"]) != event.payload["person"]:
                into[event.payload["person"]] = event.payload["into"]
            elif before is not None:  # a ring counts for nothing
                into[event.payload["person"]] = before
    return {person: end(person) for person in into}


@dataclass
class Places:
    """What is set of where statements belong: mappings by activity; by node, the courses whose outline has it."""

    mappings: dict[str, dict[str, Any]] = field(default_factory=dict)
    outlines: dict[str, set[str]] = field(default_factory=dict)
    persons: dict[str, str] = field(default_factory=dict)


def places_of(events: Iterable[LoggedEvent]) -> Places:
    events = sorted(events, key=lambda one: one.position)
    places = Places(persons=persons_of(events))
    for event in events:
        if event.kind == "mapping.set":
            said = event.payload
            put(places.mappings, said["activity"], None if said["course"] is None else said)
    for course, settings in settings_of(events).items():
        if settings.outline is not None:
            for node in (course, *settings.nodes):
                places.outlines.setdefault(node, set()).add(course)
    return places


def put(where: dict[Any, Any], key: Any, value: Any) -> None:
    where.pop(key, None)
    if value is not None:
        where[key] = value


def place(nodes: list[dict[str, Any]], parent: str, found: dict[str, dict[str, Any]]) -> None:
    for order, node in enumerate(nodes):
        found[node["id"]] = node | {"parent": parent, "order": order}
        place(node.get("children", []), node["id"], found)
