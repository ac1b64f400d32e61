"""The variable-shaped query of the log: one page of statements, in one window of time."""

from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
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
    Column("stored", _INSTANT),
    Column("position", BigInteger),
    Column("keys", ARRAY(BigInteger)),
).alias("r")
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
    s, r = _STATEMENT.c, _REFERENCE.c
    keys = bindparam("keys", type_=ARRAY(BigInteger))
    statement = _in_window(ascending=ascending, with_cursor=with_cursor)
    if with_authority:  # a pair of two Agents has the keys of each, so keys alone would tell too much
        statement = statement.where(s.authority == bindparam("authority", type_=Integer))
    direct = statement.where(s["keys"].contains(keys)) if with_keys else statement
    if not (with_keys and with_references):
        return str(direct.compile(dialect=_DIALECT))
    referring = (
        statement.join(_REFERENCE, and_(r.stored == s.stored, r.position == s.position))
        .where(r.tenant == bindparam("tenant", type_=Integer), r["keys"].contains(keys), ~s["keys"].contains(keys))
        .where(
            r.stored > bindparam("low", type_=_INSTANT),
            r.stored <= bindparam("high", type_=_INSTANT),
        )
    )
    both = union_all(direct.subquery().select(), referring.subquery().select()).subquery()
    place = (both.c.stored, both.c.position)
    order = place if ascending else [one.desc() for one in place]
    return str(select(both).order_by(*order).limit(_LIMIT).compile(dialect=_DIALECT))


def _in_window(*, ascending: bool, with_cursor: bool) -> Select[Any]:
    """The first rows of a window, behind the cursor where there is one."""
    s = _STATEMENT.c
    targeted, voiding = _VOID.alias("targeted"), _VOID.alias("voiding")
    statement = (
        select(s.position, s.id, s.stored, s.timestamp, s.payload.cast(String), _AUTHORITY.c.agent)
        .join(_AUTHORITY, _AUTHORITY.c.authority == s.authority)
        .where(
            s.tenant == bindparam("tenant", type_=Integer),
            s.stored > bindparam("low", type_=_INSTANT),
            s.stored <= bindparam("high", type_=_INSTANT),
            or_(
                ~exists().where(and_(targeted.c.tenant == s.tenant, targeted.c.voided == s.id)),
                exists().where(voiding.c.position == s.position),
            ),
        )
        .limit(_LIMIT)
    )
    place = tuple_(s.stored, s.position)
    if with_cursor:
        cursor = tuple_(bindparam("after_stored", type_=_INSTANT), bindparam("after_position", type_=BigInteger))
        statement = statement.where(place > cursor if ascending else place < cursor)
    if ascending:
        return statement.order_by(s.stored, s.position)
    return statement.order_by(s.stored.desc(), s.position.desc())
