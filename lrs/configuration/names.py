"""What an id of the read models stands for: the IRI or identifier whose name it is.

The rule of this file: whatever statements or the configuration have told of has an id. An id of nothing that is known
is not found.
"""

from collections.abc import Iterable, Iterator
from uuid import UUID

from lrs.configuration.store import QUERIES
from lrs.database import Pool
from projections.course_configuration import Configuration, CourseSettings
from projections.fact import name_of
from projections.outline_node import rule_of
from schemas.errors import NotFound


class Names:
    """Those of one tenant, beside what is set there."""

    def __init__(self, pool: Pool, tenant: int, configuration: Configuration) -> None:
        self._pool = pool
        self._tenant = tenant
        self._configuration = configuration

    async def course(self, id: UUID) -> str:
        """The IRI of a course that statements are about, or of which something is set. Raises NotFound."""
        heard = await self._first(QUERIES.heard_node.sql, course=id, node=id)
        return _found(heard, id, self._configuration.courses, "course")

    async def node(self, course: str, id: UUID) -> str:
        """The IRI of a course's node. Raises NotFound."""
        heard = await self._first(QUERIES.heard_node.sql, course=name_of(course), node=id)
        return _found(heard, id, _nodes(course, self._configuration.course(course)), "node")

    async def person(self, id: UUID) -> str:
        """The identifier of a person. Raises NotFound."""
        heard = await self._first(QUERIES.heard_person.sql, person=id)
        return _found(heard, id, _persons(self._configuration), "person")

    async def activity(self, id: UUID) -> str:
        """The IRI of an activity. Raises NotFound."""
        heard = await self._first(QUERIES.heard_iri.sql, id=id)
        return _found(heard, id, self._configuration.mappings, "activity")

    async def default_rule(self, course: str, node: str) -> str:
        """The name of a node's default rule: by the outline, as far as it says what the node is, else by statements."""
        row = await self._row(QUERIES.heard_node.sql, course=name_of(course), node=name_of(node))
        _, type_, kind = row or (node, None, "unit")
        said = self._configuration.course(course).nodes.get(node)
        return rule_of(said.type or type_, said.kind, node) if said is not None else rule_of(type_, kind, node)

    async def _first(self, sql: str, **values: UUID) -> str | None:
        row = await self._row(sql, **values)
        return None if row is None else str(row[0])

    async def _row(self, sql: str, **values: UUID) -> tuple[str, ...] | None:
        async with self._pool.connection() as connection:
            return await (await connection.execute(sql, {"tenant": self._tenant, **values})).fetchone()


def _found(heard: str | None, id: UUID, configured: Iterable[str], kind: str) -> str:
    text = heard or next((one for one in configured if name_of(one) == id), None)
    if text is None:
        raise NotFound(f"There is no {kind} {id} here.")
    return text


def _nodes(course: str, settings: CourseSettings) -> Iterator[str]:
    yield course
    yield from settings.nodes
    yield from settings.rules
    yield from (node for node, _ in settings.due)
    yield from (node for _, node in (*settings.completions, *settings.grades))


def _persons(configuration: Configuration) -> Iterator[str]:
    for settings in configuration.courses.values():
        yield from (person for _, person in settings.due if person is not None)
        yield from (person for person, _ in (*settings.completions, *settings.grades))
    for person, into in configuration.merges.items():
        yield from (person, into.value)
