"""Follows what is set: takes in the configuring events of a batch, and finds what has to be computed again for them.

The rule of this file: the configuration that a memory holds is that of the memory's position. One that holds none gets
it from the log's control events up to there.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from psycopg import AsyncConnection

from projections.course_configuration import Configuration, apply, take_in
from projections.course_rules import CourseRules
from projections.fact_rows import Key
from projections.memory import Memory, Pair
from projections.names import Name, named
from projections.packed_rows import array, columns, run
from projections.placement_as_set import NO_MOVES, Moves, Places
from projections.read_model_tables import IRI
from projections.settings_of_persons import settings_for_everyone
from projections.sql import QUERIES
from schemas.course_configuration import (
    KINDS,
    CompletionOverridden,
    ConfigurationEvent,
    DueDateSet,
    GradeOverridden,
    MappingSet,
    OutlineSet,
    PersonMerged,
    PersonUnmerged,
    PolicySet,
    RuleSet,
    read_recorded_event,
)
from schemas.log_event import ControlEvent, LogEvent

_NODE = {"courses": "uuid", "nodes": "uuid"}


@dataclass(slots=True)
class Reset:
    """What is set anew by a batch.

    outlines: courses with another outline; whole: courses of which every row is computed again; graded: courses whose
    grades are; nodes, types: nodes and content types of courses; keys; pairs: learners whose sums are summed up again;
    persons: of whom something is set now, or was. moves: the facts that belong elsewhere.
    """

    courses: set[Name] = field(default_factory=set)
    outlines: set[Name] = field(default_factory=set)
    whole: set[Name] = field(default_factory=set)
    graded: set[Name] = field(default_factory=set)
    nodes: set[tuple[Name, Name]] = field(default_factory=set)
    types: set[tuple[Name, str]] = field(default_factory=set)
    keys: set[Key] = field(default_factory=set)
    pairs: set[Pair] = field(default_factory=set)
    persons: set[Name] = field(default_factory=set)
    moves: Moves = NO_MOVES

    def note(self, event: ConfigurationEvent) -> None:
        """What this event concerns, but for persons."""
        if isinstance(event, MappingSet | PersonMerged | PersonUnmerged):
            return
        course = named(event.course)
        self.courses.add(course)
        match event:
            case OutlineSet():
                self.outlines.add(course)
                self.whole.add(course)
                self.graded.add(course)
            case PolicySet():
                self.whole.add(course)
                self.graded.add(course)
            case RuleSet(node=None):
                self.types.add((course, str(event.content_type)))
            case RuleSet():
                self.nodes.add((course, named(str(event.node))))
            case DueDateSet(person=None):
                self.nodes.add((course, named(event.node)))
                self.graded.add(course)

    def speak(self, course: str, persons: Iterable[str], node: str) -> None:
        """Something is set of a person, or was: by these identifiers."""
        names = {named(person) for person in persons}
        self.courses.add(named(course))
        self.persons |= names
        self.keys.update((named(course), name, named(node)) for name in names)
        self.pairs.update((named(course), name) for name in names)


async def take_in_events(
    connection: AsyncConnection, tenant: int, begin: int, events: Sequence[LogEvent], memory: Memory
) -> Reset:
    """Brings the memory's configuration from `begin` to the end of this batch."""
    if memory.configuration is None:
        await _recall(connection, tenant, begin, memory)
    reset = Reset()
    texts: set[str] = set()
    changed: list[ConfigurationEvent] = []
    for recorded in events:
        if isinstance(recorded, ControlEvent) and recorded.kind in KINDS:
            event = read_recorded_event(recorded.kind, recorded.payload)
            assert memory.configuration is not None
            take_in(memory.configuration, recorded, event)
            reset.note(event)
            changed.append(event)
            if not isinstance(event, MappingSet | PersonMerged | PersonUnmerged):
                texts.add(event.course)
    if changed:
        reset.moves = _follow(memory, changed)
        texts |= _speak_of_persons(memory, changed, reset)
    _compile(memory, texts)
    await IRI.insert(connection, tenant, [(named(course), course) for course in sorted(texts)])
    return reset


async def _recall(connection: AsyncConnection, tenant: int, begin: int, memory: Memory) -> None:
    memory.configuration = known = Configuration()
    asked = {"tenant": tenant, "until": begin, "kinds": list(KINDS)}
    for row in await (await connection.execute(QUERIES.configuring_events.sql, asked)).fetchall():
        apply(known, ControlEvent(*row))
    memory.places = Places()
    memory.places.follow(known, (), known.courses, merges=True)
    _compile(memory, known.courses)


def _follow(memory: Memory, changed: Sequence[ConfigurationEvent]) -> Moves:
    """Brings what the memory knows of places and persons to its configuration."""
    assert memory.configuration is not None
    return memory.places.follow(
        memory.configuration,
        sorted({event.activity for event in changed if isinstance(event, MappingSet)}),
        sorted({event.course for event in changed if isinstance(event, OutlineSet)}),
        merges=any(isinstance(event, PersonMerged | PersonUnmerged) for event in changed),
    )


def _speak_of_persons(memory: Memory, changed: Sequence[ConfigurationEvent], reset: Reset) -> set[str]:
    """Notes the keys of which something else is set now, by this person or another; answers their courses."""
    assert memory.configuration is not None
    recounted = {one.own: one for one in reset.moves.persons}
    spoken = {
        (event.course, event.person, event.node)
        for event in changed
        if isinstance(event, DueDateSet | CompletionOverridden | GradeOverridden)
    }
    for course, settings in memory.configuration.courses.items() if recounted else ():
        said = (*settings.completions, *settings.grades, *((person, node) for node, person in settings.due))
        spoken.update((course, person, node) for person, node in said if person in recounted)
    for course, person, node in spoken:
        if person is not None:
            one = recounted.get(person)
            persons = (memory.places.end(person),) if one is None else (one.old, one.new)
            reset.speak(course, (person, *persons), node)
    return {course for course, person, _ in spoken if person is not None}


def _compile(memory: Memory, courses: Iterable[str]) -> None:
    assert memory.configuration is not None
    for course in courses:
        memory.rules[named(course)] = CourseRules(course, settings_for_everyone(memory.configuration, course))


async def keys_of(connection: AsyncConnection, tenant: int, reset: Reset, memory: Memory) -> set[Key]:
    """The keys that have another rule, due date or policy now, or another word said of them.

    The outlines of these courses are in the memory.
    """
    nodes = set(reset.nodes)
    for course, type_ in reset.types:
        nodes.update((course, place.node) for place in memory.outlines[course].values() if place.rule == type_)
    for course in reset.whole:
        nodes.update((course, node) for node in memory.outlines[course])
    return reset.keys | await rows_on(connection, tenant, nodes, memory)


async def rows_on(
    connection: AsyncConnection, tenant: int, nodes: Iterable[tuple[Name, Name]], memory: Memory
) -> set[Key]:
    """The keys of these nodes that have a row, or of which an override speaks."""
    wanted = set(nodes)
    keys: set[Key] = set()
    if wanted:
        asked = columns(_NODE, sorted(wanted))
        keys.update(await run(connection, QUERIES.rows_on_nodes.sql, {"tenant": tenant, **asked}))
    for course in {course for course, _ in wanted} & memory.rules.keys():
        spoken = memory.rules[course].overridden
        keys.update((course, person, node) for person, node in spoken if (course, node) in wanted)
    return keys


def with_followers(keys: set[Key], memory: Memory) -> set[Key]:
    """These keys, and those whose rules ask for what they say."""
    waiting = [key for key in keys if key[0] in memory.rules]
    found = set(keys)
    while waiting:
        course, person, node = waiting.pop()
        for follower in memory.rules[course].followers.get(node, ()):
            key = course, person, follower
            if key not in found:
                found.add(key)
                waiting.append(key)
    return found


async def graded_anew(connection: AsyncConnection, tenant: int, courses: set[Name], memory: Memory) -> set[Pair]:
    """The learners of these courses, of which something is set, whose grade in the course is computed by that."""
    whole = {course for course in courses if memory.rules[course].by_policy}
    pairs = {(course, person) for course in courses - whole for person in memory.rules[course].graded_apart}
    return pairs | await learners_of(connection, tenant, whole)


async def learners_of(connection: AsyncConnection, tenant: int, courses: Iterable[Name]) -> set[Pair]:
    """Every learner of these courses."""
    wanted = sorted(courses)
    if not wanted:
        return set()
    asked = {"tenant": tenant, "courses": array("uuid", wanted)}
    return set(await run(connection, QUERIES.learners_of_courses.sql, asked))
