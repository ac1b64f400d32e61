"""The variable-shaped query of the activity: facts are grouped by their 128-bit names, and only the groups get texts.

What it answers is what docs/analytics.md says in SQL over the view analytics.activity, row by row.
"""

from collections.abc import Collection, Sequence
from functools import lru_cache
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    DateTime,
    Double,
    FromClause,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    Uuid,
    and_,
    bindparam,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

_INSTANT = DateTime(timezone=True)
_METADATA = MetaData()
_FACT = Table(
    "fact",
    _METADATA,
    Column("tenant", Integer),
    Column("at", _INSTANT),
    Column("person", Uuid),
    Column("course", Uuid),
    Column("verb", Uuid),
    Column("event", String),
    Column("score", Double),
    Column("duration", BigInteger),
    Column("voided_position", BigInteger),
)
_IRI = Table("iri", _METADATA, Column("tenant", Integer), Column("id", Uuid), Column("iri", String))
_PERSON = Table(
    "person",
    _METADATA,
    Column("tenant", Integer),
    Column("person", Uuid),
    Column("ifi", String),
    Column("name", String),
)
_NODE = Table(
    "outline_node",
    _METADATA,
    Column("tenant", Integer),
    Column("course", Uuid),
    Column("node", Uuid),
    Column("title", String),
)
_DIALECT = PGDialect_psycopg()  # type: ignore[no-untyped-call]
_TENANT = bindparam("tenant", type_=Integer)
_UNIT = bindparam("unit", type_=String)
_ZONE = bindparam("zone", type_=String)
_MILLION: ColumnElement[int] = literal_column("1000000", Integer)

LABELS = {"course": ("course", "course_title"), "learner": ("learner", "learner_name"), "verb": ("verb",)}
"""The columns that tell of each group: the first identifies it."""

MEASURES = ("statements", "learners", "completions", "scores", "mean_score", "duration_seconds")


@lru_cache(maxsize=128)
def activity_query(groups: Sequence[str], filters: Collection[str], *, hourly: bool = False) -> str:
    """SQL of the activity in buckets (`hourly` or longer); groups and filters are tuples of course, learner, verb.

    Rows: the first instant of the bucket, the zone's wall clock then, LABELS of each group in order, MEASURES; ordered
    by bucket and identifiers. Parameters: tenant, begin (inclusive), end (exclusive), unit, zone, most (rows); and the
    128-bit name for each filter, as by_course and so on.
    """
    fact = _FACT.c
    names = {"course": fact.course, "learner": fact.person, "verb": fact.verb}
    # Cheap, and the same for all of a bucket; the first instant of longer ones is looked up once for each group.
    within = func.date_trunc(_UNIT, fact.at, _ZONE)
    keys = [names[group] for group in groups]
    counted = (
        select(
            within.label("within"),
            *(key.label(f"{group}_id") for group, key in zip(groups, keys, strict=True)),
            func.count().label("statements"),
            func.count(fact.person.distinct()).label("learners"),
            func.count().filter(fact.event == literal_column("'completed'")).label("completions"),
            func.count(fact.score).label("scores"),
            # Scores have six decimals: as integers their sum is exact in any order.
            func.sum((fact.score * _MILLION).cast(BigInteger)).label("millionths"),
            func.sum(fact.duration).label("milliseconds"),
        )
        .where(
            fact.tenant == _TENANT,
            fact.at >= bindparam("begin", type_=_INSTANT),
            fact.at < bindparam("end", type_=_INSTANT),
            fact.voided_position.is_(None),
            *(names[name] == bindparam(f"by_{name}", type_=Uuid) for name in filters),
        )
        .group_by(within, *keys)
        .subquery("counted")
    )
    start = counted.c.within if hourly else func.analytics.bucket(_UNIT, counted.c.within, _ZONE, type_=_INSTANT)
    source: FromClause = counted
    labels: list[ColumnElement[str]] = []
    for group in groups:
        source, texts = _with_texts(source, group, counted.c[f"{group}_id"])
        labels += [text.label(label) for label, text in zip(LABELS[group], texts, strict=True)]
    identifiers = [label.collate("C").nulls_last() for label in labels if label.name in LABELS]
    mean = counted.c.millionths.cast(Numeric) / _MILLION / counted.c.scores
    statement = (
        select(
            start.label("bucket"),
            func.timezone(_ZONE, start).label("wall_clock"),
            *labels,
            counted.c.statements,
            counted.c.learners,
            counted.c.completions,
            counted.c.scores,
            func.trim_scale(func.round(mean, literal_column("6"))).label("mean_score"),
            func.trim_scale(counted.c.milliseconds * literal_column("0.001")).label("duration_seconds"),
        )
        .select_from(source)
        .order_by("bucket", *identifiers)
        .limit(bindparam("most", type_=Integer))
    )
    return str(statement.compile(dialect=_DIALECT))


def _with_texts(
    source: FromClause, group: str, name: ColumnElement[UUID]
) -> tuple[FromClause, tuple[ColumnElement[str], ...]]:
    """`source` joined with what tells of a group, and the columns that do; a group without a name keeps its row."""
    if group == "learner":
        found = source.outerjoin(_PERSON, and_(_PERSON.c.tenant == _TENANT, _PERSON.c.person == name))
        return found, (_PERSON.c.ifi, _PERSON.c.name)
    iri = _IRI.alias(f"{group}_iri")
    found = source.outerjoin(iri, and_(iri.c.tenant == _TENANT, iri.c.id == name))
    if group == "verb":
        return found, (iri.c.iri,)
    on = and_(_NODE.c.tenant == _TENANT, _NODE.c.course == name, _NODE.c.node == name)
    return found.outerjoin(_NODE, on), (iri.c.iri, _NODE.c.title)
