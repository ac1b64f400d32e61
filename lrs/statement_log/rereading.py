"""Reads statements of the log again: those at given positions, and those about given activities.

The rule of this file: what is held in memory at once is positions, and the payloads of a few hundred statements. Keys
can be collided on purpose (lrs/statement_log/search_keys.py), so what they find is compared in full.
"""

from collections.abc import Collection, Sequence

import msgspec

from lrs.database import Pool
from lrs.statement_log.search_keys import RELATED_ACTIVITY, key_of
from lrs.statement_log.sql import QUERIES
from schemas.log_event import StatementEvent

AT_ONCE = 500
"""Statements whose payloads are held while one looks what they are about."""


class LogRereader:
    """Over a pool that lends it a connection while it reads."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def at(self, tenant: int, positions: Sequence[int]) -> list[StatementEvent]:
        """The statements at these positions, in order; what retention has dropped is not among them."""
        if not positions:
            return []
        asked = {"tenant": tenant, "positions": list(positions)}
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(QUERIES.statements_again.sql, asked)).fetchall()
        return [StatementEvent(*row) for row in rows]

    async def about(self, tenant: int, activities: Collection[str], until: int) -> list[int]:
        """Positions up to `until`, in order, of statements whose object is one of these activities, or that have one
        of them in contextActivities as parent or grouping.
        """
        found: list[int] = []
        if not activities:
            return found
        wanted = frozenset(activities)
        async with self._pool.connection() as connection, connection.transaction():
            salt = await (await connection.execute(QUERIES.tenant_salt.sql, {"tenant": tenant})).fetchone()
            assert salt is not None
            keys = sorted(key_of((RELATED_ACTIVITY, activity), salt[0]) for activity in wanted)
            async with connection.cursor("about") as cursor:
                await cursor.execute(
                    QUERIES.statements_with_a_key.sql, {"tenant": tenant, "keys": keys, "until": until}
                )
                while rows := await cursor.fetchmany(AT_ONCE):
                    found += [position for position, payload in rows if is_about(payload, wanted)]
        return sorted(found)


class _Named(msgspec.Struct, gc=False):
    id: str = ""
    objectType: str = "Activity"  # noqa: N815


class _Around(msgspec.Struct):
    parent: list[_Named] | _Named = []
    grouping: list[_Named] | _Named = []


class _Context(msgspec.Struct):
    contextActivities: _Around = msgspec.field(default_factory=_Around)  # noqa: N815


class _Statement(msgspec.Struct):
    object: _Named
    context: _Context = msgspec.field(default_factory=_Context)


_decode = msgspec.json.Decoder(_Statement).decode


def is_about(payload: str, activities: Collection[str]) -> bool:
    """Whether the object of a statement is one of these activities, or one of them is its parent or grouping."""
    statement = _decode(payload)
    if statement.object.objectType == "Activity" and statement.object.id in activities:
        return True
    around = statement.context.contextActivities
    return any(
        one.id in activities
        for group in (around.parent, around.grouping)
        for one in ((group,) if isinstance(group, _Named) else group)
    )
