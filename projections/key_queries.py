"""Reads what one learner did on one node, and what is known of the two: all that explaining the key needs."""

from collections import defaultdict
from pathlib import Path
from typing import Any
from uuid import UUID

import aiosql
from psycopg import AsyncConnection

from projections.attempt import Attempt
from projections.fact import Fact
from projections.key_context import KeyFact, KeyNode
from projections.rule_facts import Evidence
from schemas.errors import NotFound

QUERIES: Any = aiosql.from_path(Path(__file__).with_name("key_queries.sql"), "psycopg", mandatory_parameters=False)


class KeyReader:
    """What is known of one learner in one course, in the snapshot of a connection."""

    def __init__(self, connection: AsyncConnection, tenant: int, course: UUID, person: UUID) -> None:
        self._connection = connection
        self._key = {"tenant": tenant, "course": course, "person": person}

    async def nodes(self) -> list[KeyNode]:
        """The nodes of the course that count for anything, or on which the learner did something."""
        return [KeyNode(*row) for row in await self._rows(QUERIES.nodes.sql, node=None)]

    async def node(self, node: UUID) -> KeyNode:
        """One node of the course; raises NotFound."""
        rows = await self._rows(QUERIES.nodes.sql, node=node)
        if not rows:
            raise NotFound(f"There is no node {node} in the course {self._key['course']}.")
        return KeyNode(*rows[0])

    async def facts(self, node: UUID) -> list[KeyFact]:
        """The live facts of the learner on a node, in any order."""
        rows = await self._rows(QUERIES.facts.sql, node=node)
        return [KeyFact(_fact(*row[:-1]), row[-1]) for row in rows]

    async def voided(self, node: UUID) -> int:
        """How many statements of the learner about a node were voided."""
        ((count,),) = await self._rows(QUERIES.voided.sql, node=node)
        return int(count)

    async def attempts(self) -> dict[UUID, list[Attempt]]:
        """Every attempt of the learner in the course, by node."""
        found: dict[UUID, list[Attempt]] = defaultdict(list)
        for node, *row in await self._rows(QUERIES.attempts.sql):
            found[node].append(Attempt(*row))
        return found

    async def completed(self) -> dict[str, Evidence]:
        """When the learner completed which nodes of the course."""
        rows = await self._rows(QUERIES.completed.sql)
        return {iri: Evidence(at, statement) for iri, at, statement in rows}

    async def _rows(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        return await (await self._connection.execute(sql, {**self._key, **values})).fetchall()


def _fact(
    position: int, id: UUID, at: Any, verb: UUID, event: str, placement: str, attempt: str | None, *told: Any
) -> Fact:
    """As rules read it; who did what where is the key's."""
    raw, low, high, scaled, score, suspect, success, completion, duration, progress, media = told
    return Fact(
        position=position,
        id=id,
        at=at,
        person=None,
        course=None,
        activity=None,
        verb=verb,
        event=event,
        placement=placement,
        registration=None,
        attempt=attempt,
        raw=raw,
        min=low,
        max=high,
        scaled=scaled,
        score=score,
        score_suspect=suspect,
        success=success,
        completion=completion,
        duration=duration,
        progress=progress,
        media=media,
        claim=None,
        actor_name=None,
        voided_position=None,
    )
