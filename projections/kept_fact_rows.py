"""Facts whose statements retention has dropped: a rebuild takes them from the live tables, as if derived anew.

The rule of this file: a fact at or below log_begin() is read from the live tables whether its statement is still there
or not, and none above it is. Whoever asks for facts by their positions knows that their statements are gone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection, sql

from projections.fact import Derived, Fact
from projections.packed_rows import run
from projections.read_model_tables import FACT
from projections.side_schema import LIVE
from schemas.log_event import StatementEvent

_COLUMNS = sql.SQL(", ").join(sql.SQL("f.{}").format(sql.Identifier(column)) for column in FACT.columns)
_WITH_TEXTS = sql.SQL(
    "SELECT f.tenant, {columns}, p.ifi, t.claims, v.iri, c.iri, a.iri FROM {facts} f"
    " JOIN {live}.iri v ON v.tenant = f.tenant AND v.id = f.verb"
    " LEFT JOIN {live}.iri c ON c.tenant = f.tenant AND c.id = f.course"
    " LEFT JOIN {live}.iri a ON a.tenant = f.tenant AND a.id = f.activity"
    " LEFT JOIN {live}.person p ON p.tenant = f.tenant AND p.person = f.person"
    " LEFT JOIN {live}.claim t ON t.tenant = f.tenant AND t.claim = f.claim"
    " ORDER BY f.position"
)
_UP_TO = sql.SQL(
    "{live}.tenant CROSS JOIN LATERAL ("
    " SELECT * FROM {live}.fact WHERE tenant = tenant.tenant AND position > %(after)s AND position <= %(until)s"
    " ORDER BY position LIMIT %(limit)s)"
)
_AT = sql.SQL("(SELECT * FROM {live}.fact WHERE tenant = %(tenant)s AND position = ANY (%(positions)s::bigint[]))")


def _query(facts: sql.SQL) -> str:
    live = sql.Identifier(LIVE)
    return _WITH_TEXTS.format(columns=_COLUMNS, live=live, facts=facts.format(live=live)).as_string()


_KEPT, _KEPT_AT = _query(_UP_TO) + " LIMIT %(limit)s", _query(_AT)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_ID, _VERB = Fact._fields.index("id"), Fact._fields.index("verb")


@dataclass(frozen=True, slots=True)
class KeptFact(StatementEvent):
    """A statement of which only its fact is left."""

    derived: Derived


async def log_begin(connection: AsyncConnection) -> int:
    """Up to which position statements were dropped; 0 where none were."""
    row = await (await connection.execute("SELECT log_begin()")).fetchone()
    assert row is not None
    return int(row[0])


async def read_kept(connection: AsyncConnection, after: int, until: int, limit: int) -> list[KeptFact]:
    """The first `limit` with after < position ≤ until, in order."""
    asked = {"after": after, "until": until, "limit": limit}
    return [_kept(*row) for row in await run(connection, _KEPT, asked)]


async def read_kept_at(connection: AsyncConnection, tenant: int, positions: Sequence[int]) -> list[KeptFact]:
    """Those at these positions, in order."""
    asked = {"tenant": tenant, "positions": list(positions)}
    return [_kept(*row) for row in await run(connection, _KEPT_AT, asked)]


def _kept(tenant: int, *row: Any) -> KeptFact:
    *values, ifi, claims, verb_iri, course_iri, activity_iri = row
    values[_ID], values[_VERB] = UUID(bytes=values[_ID]), UUID(bytes=values[_VERB])
    fact = Fact(*values)
    named = ((fact.verb.bytes, verb_iri), (fact.course, course_iri), (fact.activity, activity_iri))
    iris = tuple((name, iri) for name, iri in named if name is not None and iri is not None)
    derived = Derived(fact, iris, ifi, claims, ())
    return KeptFact(fact.position, tenant, fact.id, _LONG_AGO, None, "", None, None, derived)
