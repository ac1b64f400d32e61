"""The variable-shaped query of the log: one page of statements, in one window of time."""

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
    and_,
    bindparam,
    exists,
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
_AUTHORITY = Table("authority", _METADATA, Column("authority", Integer), Column("agent", String))
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
_DIALECT = PGDialect_psycopg()  # type: ignore[no-untyped-call]


@lru_cache(maxsize=64)
def page_query(
    *,
    ascending: bool,
    with_keys: bool,
    with_cursor: bool,
    with_authority: bool = False,
    with_references: bool = False,
) -> str:
    """SQL of one page within one window of stored; rows are the fields of RecordedStatement.

    Parameters: tenant, low (exclusive), high (inclusive), limit; keys, where with_keys; after_stored
    and after_position, where with_cursor; authority, its number, where with_authority. Voided statements are left out,
    but not voiding ones (xAPI Data 2.3.2). with_references: also those that refer to what has the keys.
    """
    first = partial(
        _first, ascending=ascending, with_keys=with_keys, with_cursor=with_cursor, with_authority=with_authority
    )
    s, r = _STATEMENT.c, _REFERENCE.c
    rows = select(s.position, s.id, s.stored, s.timestamp, s.payload.cast(String), _AUTHORITY.c.agent).join(
        _AUTHORITY, _AUTHORITY.c.authority == s.authority
    )
    direct = first(rows, _STATEMENT, s.id)
    if not (with_keys and with_references):
        return str(direct.compile(dialect=_DIALECT))
    found = first(select(r.stored, r.position), _REFERENCE, r.referrer).subquery("found")
    same = and_(found.c.stored == s.stored, found.c.position == s.position)
    referring = rows.join(found, same).where(*_window(_STATEMENT), ~s["keys"].contains(_KEYS))
    both = union_all(direct.subquery().select(), referring).subquery("both")
    place = (both.c.stored, both.c.position)
    order = place if ascending else [one.desc() for one in place]
    return str(select(both).order_by(*order).limit(_LIMIT).compile(dialect=_DIALECT))


def _window(table: FromClause) -> tuple[ColumnElement[bool], ...]:
    """Told to every table of its own: planning looks through no join."""
    return table.c.stored > bindparam("low", type_=_INSTANT), table.c.stored <= bindparam("high", type_=_INSTANT)


def _first(
    rows: Select[Any],
    table: FromClause,
    identity: ColumnElement[UUID],
    *,
    ascending: bool,
    with_keys: bool,
    with_cursor: bool,
    with_authority: bool,
) -> Select[Any]:
    """The first rows of a window, behind the cursor where there is one; identity: the column of the statement's id."""
    c = table.c
    targeted, voiding = _VOID.alias("targeted"), _VOID.alias("voiding")
    rows = rows.where(
        c.tenant == bindparam("tenant", type_=Integer),
        *_window(table),
        or_(
            ~exists().where(and_(targeted.c.tenant == c.tenant, targeted.c.voided == identity)),
            exists().where(voiding.c.position == c.position),
        ),
    ).limit(_LIMIT)
    if with_keys:
        rows = rows.where(c["keys"].contains(_KEYS))
    if with_authority:  # a pair of two Agents has the keys of each, so keys alone would tell too much
        rows = rows.where(c.authority == bindparam("authority", type_=Integer))
    place = tuple_(c.stored, c.position)
    if with_cursor:
        cursor = tuple_(bindparam("after_stored", type_=_INSTANT), bindparam("after_position", type_=BigInteger))
        rows = rows.where(place > cursor if ascending else place < cursor)
    if ascending:
        return rows.order_by(c.stored, c.position)
    return rows.order_by(c.stored.desc(), c.position.desc())
