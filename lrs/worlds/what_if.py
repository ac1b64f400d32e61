"""A course as it is, and as it would be: both as worlds, compared learner by learner."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from msgspec import Struct
from psycopg import AsyncConnection

from lrs.database import Pool
from lrs.worlds.world import Building, Said, World
from lrs.worlds.worlds import find, hold
from projections import course_view_queries, side_schema
from projections.course_view import Course
from projections.course_view_queries import read_course
from projections.what_if_queries import ChangedLearner, changed_learners
from schemas.errors import NotFound


class WhatIf(Struct, frozen=True):
    """What would change in a course as of a position: for how many learners, and for whom. behind: of the next page."""

    course: Course
    position: int
    changed: int
    learners: Sequence[ChangedLearner]
    behind: UUID | None


@dataclass(frozen=True, slots=True)
class Question:
    """A course at a position, and what would be set there."""

    tenant: int
    course: UUID
    position: int
    said: tuple[Said, ...]

    @property
    def worlds(self) -> tuple[World, World]:
        """As it is, and as it would be."""
        return World(self.tenant, self.course, self.position), World(self.tenant, self.course, self.position, self.said)


async def _course(connection: AsyncConnection, worlds: Sequence[World]) -> Course:
    """Which course it is, wherever there is one. Raises NotFound."""
    for world in worlds[:-1]:
        await side_schema.search(connection, world.name)
        with suppress(NotFound):
            return await read_course(connection, world.tenant, world.course)
    await side_schema.search(connection, worlds[-1].name)
    return await read_course(connection, worlds[-1].tenant, worlds[-1].course)


async def compare(
    pool: Pool, question: Question, seconds: float, *, behind: UUID | None = None, limit: int
) -> WhatIf | Building:
    """What would change, a page of learners by id; or how far it is where it is not known within so many seconds.

    Raises NotFound, QueryRefused and NotReadYet.
    """
    worlds = question.worlds
    waits = await asyncio.gather(*(find(pool, world, seconds) for world in worlds))
    waiting = [one for one in waits if one is not None]
    if waiting:
        return Building(sum(one.done for one in waiting), sum(one.of for one in waiting))
    async with pool.connection() as connection, connection.transaction():
        await connection.execute(course_view_queries.QUERIES.begin_reading.sql)
        for world in worlds:
            await hold(connection, world)
        course = await _course(connection, worlds)
        schemas = worlds[0].name, worlds[1].name
        count, learners, after = await changed_learners(
            connection, question.tenant, question.course, schemas, behind=behind, limit=limit
        )
    return WhatIf(course, question.position, count, learners, after)
