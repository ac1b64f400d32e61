"""Where a statement belongs, and whose it is, once it is known what is set. docs/rules.md, section 9.

The rule of this file: what is derived from a statement alone goes in, what holds of it by the configuration comes out;
where nothing is set that concerns it, that is the same.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from projections.course_configuration import Configuration, Said
from projections.fact import Derived, is_scoring
from projections.names import Name, named
from projections.payload import cut_up, parse
from projections.placement import THE_COURSE, Claim, Mapped, Placement, members, place
from projections.shared_parts import REMEMBERED, Matter, claims_of, placed_matter
from projections.vocabulary import TRACKED
from schemas.course_configuration import MappingSet


class Recount(NamedTuple):
    """An identifier that counts for another person than before."""

    own: str
    old: str
    new: str


class Moves(NamedTuple):
    """What the events of a batch move. nodes: with the course that they are placed in now, None for none."""

    activities: Collection[str]
    persons: Collection[Recount]
    nodes: Collection[tuple[Name, Name | None]]


NO_MOVES = Moves((), (), ())


class Places:
    """What is set of places and persons of one tenant.

    ends: identifiers that count for another, and for which; merged: by person, the identifiers that count for it.
    """

    def __init__(self) -> None:
        self.ends: dict[str, str] = {}
        self.merged: dict[Name, list[str]] = {}
        self.is_plain = True
        self._mappings: Mapping[str, Said[MappingSet]] = {}
        self._nodes: dict[str, frozenset[Name]] = {}
        self._courses: dict[Name, set[Name]] = {}
        self._matters: dict[tuple[bytes, bytes], Matter] = {}

    def end(self, identifier: str) -> str:
        """The identifier of the person that this one counts for."""
        return self.ends.get(identifier, identifier)

    def course_of(self, node: Name) -> Name | None:
        """The course whose outline that was set has this node, where it is the only one."""
        courses = self._courses.get(node, ())
        return next(iter(courses)) if len(courses) == 1 else None

    def follow(
        self, configuration: Configuration, activities: Collection[str], outlines: Collection[str], *, merges: bool
    ) -> Moves:
        """Take over what is set now; what is said to have changed: mappings, outlines of courses, and merges."""
        self._mappings = configuration.mappings
        self._matters = {}
        moves = Moves(
            activities,
            self._follow_merges(configuration) if merges else (),
            list(dict(move for course in outlines for move in self._follow_outline(configuration, course)).items()),
        )
        self.is_plain = not (self._mappings or self.ends or self._courses)
        return moves

    def _follow_merges(self, configuration: Configuration) -> list[Recount]:
        old, self.ends = self.ends, {own: configuration.person(own) for own in configuration.merges}
        self.merged = {}
        for own, end in sorted(self.ends.items()):
            self.merged.setdefault(named(end), []).append(own)
        found = (Recount(own, old.get(own, own), self.end(own)) for own in sorted(old.keys() | self.ends.keys()))
        return [one for one in found if one.old != one.new]

    def _follow_outline(self, configuration: Configuration, course: str) -> list[tuple[Name, Name | None]]:
        settings = configuration.course(course)
        told = () if settings.outline is None else (course, *settings.nodes)
        old, new = self._nodes.pop(course, frozenset()), frozenset(map(named, told))
        if new:
            self._nodes[course] = new
        moves: list[tuple[Name, Name | None]] = []
        for node in sorted(old ^ new):
            before = self.course_of(node)
            courses = self._courses.setdefault(node, set())
            courses ^= {named(course)}
            if not courses:
                del self._courses[node]
            if before != (after := self.course_of(node)):
                moves.append((node, after))
        return moves

    def placed(self, one: Derived, payload: str) -> Derived:
        """What holds of a statement, whose text is `payload`, by what is set."""
        if one.ifi in self.ends:
            end = self.ends[one.ifi]
            fact = one.fact._replace(person=named(end), merged_from=one.fact.person)
            one = one._replace(fact=fact, ifi=end)
        if not self._mappings.keys().isdisjoint(one.about):
            return self._mapped(one, payload)
        fact = one.fact
        if fact.placement == "unassigned" and fact.claim is not None and fact.activity is not None:
            course = self.course_of(fact.activity)
            if course is not None:
                return one._replace(fact=fact._replace(course=course, placement="outline"))
        return one

    def _mapped(self, one: Derived, payload: str) -> Derived:
        fact, matter = one.fact, self._matter(one.about, payload)
        claim = claims = None
        if matter.placement.node is not None and fact.person is not None:
            scoring = is_scoring(fact.event, fact.score)
            claim, claims = claims_of(matter, tracked=fact.event in TRACKED, scoring=scoring)
        fact = fact._replace(
            course=matter.course, activity=matter.activity, placement=matter.placement.step, claim=claim
        )
        return one._replace(fact=fact, iris=(one.iris[0], *matter.iris), claims=claims)

    def _matter(self, about: Sequence[str], payload: str) -> Matter:
        """Worked out once for statements whose object and surroundings have the same text."""
        try:
            cut = cut_up(payload)
        except msgspec.ValidationError:
            statement = parse(payload)
            around = statement.get("context", {}).get("contextActivities", {})
            return _mapped_matter(about, statement["object"], around, self._mappings)
        key = bytes(cut.object), bytes(cut.context.context_activities)
        if key not in self._matters:
            if len(self._matters) >= REMEMBERED:
                self._matters.clear()
            self._matters[key] = _mapped_matter(about, parse(key[0]), parse(key[1]), self._mappings)
        return self._matters[key]


def _mapped_matter(
    about: Sequence[str], target: Mapping[str, Any], around: Mapping[str, Any], mappings: Mapping[str, Said[MappingSet]]
) -> Matter:
    said = {iri: mappings[iri].value for iri in about if iri in mappings}
    course = next(iter(said.values())).course
    assert course is not None
    own = {iri: one for iri, one in said.items() if one.course == course}

    def renamed(activity: Mapping[str, Any]) -> Mapping[str, Any]:
        one = own.get(activity["id"])
        return activity if one is None or one.node is None else {**activity, "id": one.node}

    modules: dict[str, str | None] = {}
    for iri, one in own.items():
        modules.setdefault(one.node or iri, one.module)
    mapped = Mapped(course, modules, frozenset(one.node for one in own.values() if one.node is not None))
    above = {name: [renamed(one) for one in members(around, name)] for name in ("parent", "grouping")}
    return placed_matter(target, around, _in_modules(place(renamed(target), above, mapped), mapped))


def _in_modules(placed: Placement, mapped: Mapped) -> Placement:
    """What is mapped claims the module that it stands in as its parent, and that the module is one of the course."""
    claims: dict[str, Claim] = {claim.iri: claim for claim in placed.claims}
    for claim in placed.claims:
        module = mapped.modules.get(claim.iri)
        if module is not None and module != claim.iri:
            parent = THE_COURSE if module == mapped.course else module
            claims[claim.iri] = claim._replace(parent=parent)
            claims.setdefault(parent, Claim(parent, "module", None, None, THE_COURSE))
    return placed._replace(claims=tuple(claims.values()))
