"""Writes what learners have done: the rows of each touched key, computed again from all live facts of that key."""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection

from projections import attempt, gradebook, media_plays, node_progress
from projections.attempt import Attempt
from projections.day_rows import DayGains
from projections.enrollment import NO_SHARE, Share, share_of
from projections.fact import Deed, Fact
from projections.fact_rows import Key, Touched
from projections.gradebook import Grade
from projections.media_plays import MediaCoverage
from projections.memory import Memory, Pair
from projections.names import Name, named
from projections.node_progress import NodeProgress
from projections.packed_rows import columns, run
from projections.read_model_tables import ATTEMPT, GRADEBOOK, MEDIA_COVERAGE, NODE_PROGRESS, PERSON
from projections.rule_facts import Evidence
from projections.sql import QUERIES

MOST_FACTS = 20_000
"""Of keys that have rows: what is read and folded at once."""

_NODE_KEY = {"courses": "uuid", "persons": "uuid", "nodes": "uuid"}


Folded = tuple[Key, NodeProgress, list[Attempt], Grade | None, MediaCoverage | None]
"""A key, its row, its attempts, its grade and its coverage."""


class _Row(NamedTuple):
    """What is recorded of a key; counts is None where there is no grade."""

    state: str
    fraction: float
    score: float | None
    counts: bool | None
    completed_at: datetime | None
    statements: int


class Gain(NamedTuple):
    """The new row of a key, its grade, what it adds to the learner's sums, and what it added before."""

    row: NodeProgress
    grade: Grade | None
    share: Share
    before: Share


async def write_nodes(
    connection: AsyncConnection, tenant: int, keys: Iterable[Key], touched: Touched, days: DayGains, memory: Memory
) -> dict[Key, Gain]:
    """node_progress, attempt, gradebook and media_coverage of these keys, and what that gives their learners' days;
    answers what the keys that have a row are now.
    """
    wanted = sorted(keys)
    known = await _known(connection, tenant, wanted)
    progress: list[tuple[Any, ...]] = []
    attempts: list[tuple[Any, ...]] = []
    grades: list[tuple[Any, ...]] = []
    media: list[tuple[Any, ...]] = []
    gains: dict[Key, Gain] = {}
    async for key, row, tries, grade, played in _folded(connection, tenant, wanted, known, touched, memory):
        course, _, node = key
        place = memory.outlines[course][node]
        progress.append(key + row)
        if grade is not None:
            attempts += [key + one for one in tries]
            grades.append(key + grade)
            for one in tries:
                days.scored(key[:2], one.submitted_at, one.score)
        if played is not None:
            media.append(key + played)
        score, counts = (None, False) if grade is None else (grade.score, grade.counts)
        share = share_of(row.state, row.fraction, score, counts=counts, required=place.required)
        before = known.get(key)
        was = NO_SHARE if before is None else share_of(*before[:3], counts=bool(before.counts), required=place.required)
        gains[key] = Gain(row, grade, share, was)
    for key, gain in gains.items():
        completed_before = known[key].completed_at if key in known else None
        if gain.row.completed_at != completed_before:
            days.completed(key, completed_before, gain.row.completed_at)
    for key in known.keys() - gains.keys():
        days.completed(key, known[key].completed_at, None)
    graded = [key for key, before in known.items() if before.counts is not None]
    if graded:
        await _drop_old_grades(connection, tenant, graded, attempts, grades, days)
    await NODE_PROGRESS.delete(connection, tenant, [key for key in known if key not in gains])
    await NODE_PROGRESS.upsert(connection, tenant, [row for row in progress if row[:3] in known])
    await NODE_PROGRESS.add(connection, tenant, [row for row in progress if row[:3] not in known])
    await ATTEMPT.upsert(connection, tenant, attempts)
    await GRADEBOOK.upsert(connection, tenant, grades)
    unseen = touched.disturbed.intersection(wanted).difference(row[:3] for row in media)
    await MEDIA_COVERAGE.delete(connection, tenant, sorted(unseen))
    await MEDIA_COVERAGE.upsert(connection, tenant, media)
    return gains


async def _folded(
    connection: AsyncConnection,
    tenant: int,
    keys: Sequence[Key],
    known: Mapping[Key, _Row],
    touched: Touched,
    memory: Memory,
) -> AsyncIterator[Folded]:
    """Those of the keys that have a row now. Where rules are set, nodes come after those that their rules ask for."""
    plain = [key for key in keys if key[0] not in memory.rules]
    judged = [key for key in keys if key[0] in memory.rules]
    completed = await _completed_elsewhere(connection, tenant, judged, memory) if judged else {}
    judged.sort(key=lambda key: memory.rules[key[0]].rank.get(key[2], -1))
    for some in _in_parts([*plain, *judged], known):
        facts = await _facts(connection, tenant, some, known, touched)
        for key in some:
            ordered = node_progress.in_order(facts.pop(key, ()))
            if key[0] in memory.rules:
                found = _as_set(key, ordered, completed, memory)
            else:
                found = _by_default(key, ordered, memory) if ordered else None
            if found is not None:
                yield found


def _in_parts(keys: Sequence[Key], known: Mapping[Key, _Row]) -> Iterator[Sequence[Key]]:
    """The keys in parts whose facts fit into the memory."""
    begin, facts = 0, 0
    for number, key in enumerate(keys):
        facts += known[key].statements if key in known else 0
        if facts >= MOST_FACTS:
            yield keys[begin : number + 1]
            begin, facts = number + 1, 0
    if begin < len(keys):
        yield keys[begin:]


def _by_default(key: Key, ordered: Sequence[Deed | Fact], memory: Memory) -> Folded:
    """By docs/read-models.md alone."""
    course, _, node = key
    place = memory.outlines[course][node]
    played, watched = media_plays.fold(ordered) or (None, None)
    row = node_progress.fold(ordered, place.rule, course_node=node == course, watched=watched)
    tries = attempt.fold(ordered)
    return key, row, tries, gradebook.fold(tries, course_node=node == course, required=place.required), played


def _as_set(
    key: Key, ordered: Sequence[Deed | Fact], completed: dict[Pair, dict[str, Evidence]], memory: Memory
) -> Folded | None:
    """By docs/rules.md. completed: what the learners have completed of what rules ask for, as far as is known yet."""
    course, person, node = key
    place = memory.outlines[course].get(node)
    if place is None:
        return None
    rules = memory.rules[course]
    row = rules.progress(person, place, ordered, completed.get((course, person), {}), memory.clock)
    if row is None:
        return None
    if row.completed_at is not None and node in rules.followers:
        completed[course, person][place.iri] = Evidence(row.completed_at, row.satisfied_by)
    tries = attempt.fold(ordered)
    graded = rules.learner(person, memory.clock).grade(place, tries, is_course=node == course)
    grade = None if graded is None else Grade(*(getattr(graded, name) for name in Grade._fields))
    played, _ = media_plays.fold(ordered) or (None, None)
    return key, row, tries, grade, played


async def _completed_elsewhere(
    connection: AsyncConnection, tenant: int, keys: Sequence[Key], memory: Memory
) -> dict[Pair, dict[str, Evidence]]:
    """When these learners completed what the rules of these keys ask for, where that is none of these keys itself."""
    completed: dict[Pair, dict[str, Evidence]] = defaultdict(dict)
    asked: dict[Key, str] = {}
    for course, person, node in keys:
        place = memory.outlines[course].get(node)
        for iri in memory.rules[course].wait.get(place.iri, ()) if place is not None else ():
            asked[course, person, named(iri)] = iri
    elsewhere = sorted(asked.keys() - set(keys))
    if elsewhere:
        values = {"tenant": tenant, **columns(_NODE_KEY, elsewhere)}
        for number, at, statement in await run(connection, QUERIES.completions_of_keys.sql, values):
            key = elsewhere[number - 1]
            by = None if statement is None else UUID(bytes=statement)
            completed[key[:2]][asked[key]] = Evidence(at, by)
    return completed


async def _known(connection: AsyncConnection, tenant: int, keys: Sequence[Key]) -> dict[Key, _Row]:
    """What is recorded of the keys that have rows."""
    asked = columns(_NODE_KEY, keys)
    rows = await run(connection, QUERIES.rows_of_keys.sql, {"tenant": tenant, **asked})
    return {keys[number - 1]: _Row(*row) for number, *row in rows}


async def _facts(
    connection: AsyncConnection, tenant: int, keys: Sequence[Key], known: Collection[Key], touched: Touched
) -> dict[Key, list[Deed | Fact]]:
    """All live facts of the keys. A key without a row had none before this batch: they are at hand."""
    facts: dict[Key, list[Deed | Fact]] = defaultdict(list)
    stored: list[Key] = []
    for key in keys:
        if key in known or key in touched.disturbed:
            stored.append(key)
        elif key in touched.fresh:
            facts[key] += touched.fresh[key]
    if stored:
        asked = columns(_NODE_KEY, stored)
        for number, identity, at, verb, *deed in await run(
            connection, QUERIES.facts_of_keys.sql, {"tenant": tenant, **asked}
        ):
            facts[stored[number - 1]].append(Deed(UUID(bytes=identity), at, _verb(verb), *deed))
    return facts


@lru_cache(maxsize=10_000)
def _verb(name: Name) -> UUID:
    return UUID(bytes=name)


async def _drop_old_grades(
    connection: AsyncConnection,
    tenant: int,
    graded: Sequence[Key],
    attempts: Iterable[tuple[Any, ...]],
    grades: Iterable[tuple[Any, ...]],
    days: DayGains,
) -> None:
    asked = columns(_NODE_KEY, graded)
    recorded = await run(connection, QUERIES.attempts_of_keys.sql, {"tenant": tenant, **asked})
    current = {row[:4] for row in attempts}
    await ATTEMPT.delete(connection, tenant, [row[:4] for row in recorded if row[:4] not in current])
    for row in recorded:
        days.scored(row[:2], row[4], row[5], times=-1)
    still = {row[:3] for row in grades}
    await GRADEBOOK.delete(connection, tenant, [key for key in graded if key not in still])


async def write_names(connection: AsyncConnection, tenant: int, touched: Touched, memory: Memory) -> None:
    """person of whoever gained or lost a fact; one without any live fact goes, unless an override speaks of them."""
    names = memory.names
    asked = sorted(touched.renamed | {person for person in touched.seen if person not in names})
    rows: list[tuple[Name, str, str | None]] = []
    for person, (at, statement_id, name) in touched.named.items():
        if person in names and person not in touched.renamed:
            seen = names[person]
            if seen is None or (at, statement_id) > seen[:2]:
                names[person] = at, statement_id, name
                if seen is None or seen[2] != name:
                    rows.append((person, touched.seen[person], name))
    if asked:
        found = columns({"persons": "uuid"}, [(person,) for person in asked])
        for person in asked:
            names.pop(person, None)
        for person, ifi, name, at, statement_id in await run(
            connection, QUERIES.names_of_persons.sql, {"tenant": tenant, **found}
        ):
            names[person] = None if name is None else (at, UUID(bytes=statement_id), name)
            rows.append((person, ifi, name))
        for person in asked:
            if person not in names and (identifier := memory.spoken_of(person)) is not None:
                names[person] = None
                rows.append((person, identifier, None))
        await PERSON.delete(connection, tenant, [(person,) for person in asked if person not in names])
    await PERSON.upsert(connection, tenant, rows)
