"""The variable-shaped query of the log: one page of statements, in one window of time.

Where there is one key, PostgreSQL knows how many have it, and takes the index of the keys or walks that of the places.
Several keys it takes for independent of each other, and would walk through half of the log for two that never meet. So
there it is told nothing: neither the keys, which come from a subquery, nor that the order is that of an index.
"""

from functools import lru_cache, partial
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    DateTime,
    FromClause,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    Uuid,
    bindparam,
    func,
    literal_column,
    null,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

_INSTANT = DateTime(timezone=True)
_METADATA = MetaData()
_STATEMENT = Table(
    "statement",
    _METADATA,
    Column("tenant", Integer),
    Column("position", BigInteger),
    Column("stored", _INSTANT),
    Column("id", Uuid),
    Column("timestamp", _INSTANT),
    Column("authority", Integer),
    Column("keys", ARRAY(BigInteger)),
    Column("payload", String),
).alias("s")
_VOID = Table(
    "statement_void",
    _METADATA,
    Column("tenant", Integer),
    Column("voided", Uuid),
    Column("position", BigInteger),
)
_REFERENCE = Table(
    "statement_reference",
    _METADATA,
    Column("tenant", Integer),
    Column("referrer", Uuid),
    Column("stored", _INSTANT),
    Column("position", BigInteger),
    Column("authority", Integer),
    Column("keys", ARRAY(BigInteger)),
).alias("r")
_KEYS = bindparam("keys", type_=ARRAY(BigInteger))
_LIMIT = bindparam("limit", type_=Integer)
_ONE = literal_column("1", Integer)
_DIALECT = PGDialect_psycopg()  # type: ignore[no-untyped-call]


@lru_cache(maxsize=64)
def page_query(
    *,
    ascending: bool,
    with_keys: bool,
    with_cursor: bool,
    with_authority: bool = False,
    with_references: bool = False,
    several_keys: bool = False,
) -> str:
    """SQL of one page within one window of stored; rows are as lrs/statement_log/window.py says.

    Parameters: tenant, low (exclusive), high (inclusive), limit; keys, where with_keys; after_stored
    and after_position, where with_cursor; authority, its number, where with_authority. Voided statements are left out,
    but not voiding ones (xAPI Data 2.3.2). with_references: beside them, in no order with them, the places of as many
    that refer to what has the keys; some may be among them. several_keys: there are more than one.
    """
    first = partial(
        _first,
        ascending=ascending,
        with_keys=with_keys,
        with_cursor=with_cursor,
        with_authority=with_authority,
        several_keys=several_keys,
    )
    s, r = _STATEMENT.c, _REFERENCE.c
    rows = select(s.position, s.id, s.stored, s.timestamp, s.payload.cast(String), s.authority)
    direct = first(rows, _STATEMENT, s.id)
    if not (with_keys and with_references):
        return str(direct.compile(dialect=_DIALECT))
    nothing = (null().cast(_INSTANT).label("timestamp"), null().cast(String).label("payload"))
    places = select(r.position, r.referrer, r.stored, *nothing, r.authority)
    both = union_all(
        select(direct.subquery("direct")), select(first(places, _REFERENCE, r.referrer).subquery("referring"))
    )
    return str(both.compile(dialect=_DIALECT))


def _window(table: FromClause) -> tuple[ColumnElement[bool], ...]:
    """What keeps planning to a few chunks: a place alone, (stored, position), says nothing of them."""
    return table.c.stored > bindparam("low", type_=_INSTANT), table.c.stored <= bindparam("high", type_=_INSTANT)


def _one_of(rows: Select[Any]) -> ColumnElement[Any]:
    """A row or null: for EXISTS the planner may read all that was ever voided, once for every chunk."""
    return rows.limit(_ONE).scalar_subquery()


def _first(
    rows: Select[Any],
    table: FromClause,
    identity: ColumnElement[UUID],
    *,
    ascending: bool,
    with_keys: bool,
    with_cursor: bool,
    with_authority: bool,
    several_keys: bool,
) -> Select[Any]:
    """The first rows of a window, behind the cursor where there is one; identity: the column of the statement's id."""
    c = table.c
    targeted, voiding = _VOID.alias("targeted"), _VOID.alias("voiding")
    voided = select(targeted.c.position).where(targeted.c.tenant == c.tenant, targeted.c.voided == identity)
    voids = select(voiding.c.position).where(voiding.c.position == c.position)
    rows = rows.where(
        c.tenant == bindparam("tenant", type_=Integer),
        *_window(table),
        or_(_one_of(voided).is_(None), _one_of(voids).is_not(None)),
    ).limit(_LIMIT)
    if with_keys:
        rows = rows.where(c["keys"].contains(select(_KEYS).scalar_subquery() if several_keys else _KEYS))
    if with_authority:  # a pair of two Agents has the keys of each, so keys alone would tell too much
        rows = rows.where(c.authority == bindparam("authority", type_=Integer))
    place = tuple_(c.stored, c.position)
    if with_cursor:
        cursor = tuple_(bindparam("after_stored", type_=_INSTANT), bindparam("after_position", type_=BigInteger))
        rows = rows.where(place > cursor if ascending else place < cursor)
    order = (func.greatest(c.stored) if several_keys else c.stored, c.position)
    return rows.order_by(*(order if ascending else (one.desc() for one in order)))
