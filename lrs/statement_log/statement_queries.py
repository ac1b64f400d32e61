"""The variable-shaped query of the log: one page of statements, in one window of time."""

from functools import lru_cache

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Integer,
    MetaData,
    String,
    Table,
    Uuid,
    and_,
    bindparam,
    exists,
    or_,
    select,
    tuple_,
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
_DIALECT = PGDialect_psycopg()  # type: ignore[no-untyped-call]


@lru_cache(maxsize=64)
def page_query(*, ascending: bool, with_keys: bool, with_cursor: bool) -> str:
    """SQL of one page within one window of stored; rows are the fields of RecordedStatement.

    Parameters: tenant, low (exclusive), high (inclusive), limit; keys, where with_keys; after_stored
    and after_position, where with_cursor. Voided statements are left out, but not voiding ones (xAPI Data 2.3.2).
    """
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
        .limit(bindparam("limit", type_=Integer))
    )
    if with_keys:
        statement = statement.where(s["keys"].contains(bindparam("keys", type_=ARRAY(BigInteger))))
    place = tuple_(s.stored, s.position)
    if with_cursor:
        cursor = tuple_(bindparam("after_stored", type_=_INSTANT), bindparam("after_position", type_=BigInteger))
        statement = statement.where(place > cursor if ascending else place < cursor)
    if ascending:
        statement = statement.order_by(s.stored, s.position)
    else:
        statement = statement.order_by(s.stored.desc(), s.position.desc())
    return str(statement.compile(dialect=_DIALECT))
