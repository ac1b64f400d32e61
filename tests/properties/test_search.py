"""Searching finds what the specification says: any query over any statements, page by page to the end, equals the
model in search_model.py, which knows nothing of keys, windows or SQL.
"""

import asyncio
import functools
import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count, cycle
from typing import Any
from unittest import mock
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lrs.database import read_pool, write_pool
from lrs.statement_log import search, search_keys
from lrs.statement_log.log import Authority, StatementLog
from lrs.statement_log.references import Left, References
from lrs.statement_log.search import Page, Search
from schemas.statement import read_statements
from schemas.statement_query import StatementQuery
from schemas.verb import VOIDED
from schemas.version import XapiVersion
from tests.properties.search_model import Json, Logged, expected
from tests.services.databases import migrated_database
from tests.services.postgres import PostgresServer

TICK = timedelta(microseconds=1)
IDS = [UUID(int=number, version=4) for number in range(1, 10)]
VERBS = ["http://example.com/did", "http://example.com/Did", "http://example.com/saw"]
ACTIVITIES = ["http://example.com/a", "http://example.com/b", "http://example.com/did"]
REGISTRATIONS = [UUID("9c8f5c6e-0000-4000-8000-00000000000a"), UUID("9c8f5c6e-0000-4000-8000-00000000000b")]
IDENTITIES: list[Json] = [
    {"mbox": "mailto:ann@example.com"},
    {"mbox": "mailto:bob@example.com"},
    {"mbox_sha1sum": "ebd31e95054c018b10727ccffd2ef2ec3a016ee9"},
    {"openid": "http://ann.example.com/"},
    {"account": {"homePage": "http://ann.example.com/", "name": "ann"}},
    {"account": {"homePage": "http://ann.example.com/", "name": "bob"}},
]

_tenants = count(2)


# --- statements and queries --------------------------------------------------------------------------------------


def some(chance: int, strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A value of the strategy once in `chance` times, else None."""
    return st.integers(1, chance).flatmap(lambda drawn: strategy if drawn == 1 else st.none())


identities = st.sampled_from(IDENTITIES)
agents = st.builds(lambda identity, name: {**identity, **name}, identities, st.sampled_from([{}, {"name": "A"}]))
typed_agents = agents.map(lambda agent: {"objectType": "Agent", **agent})
members = st.lists(agents, max_size=2)
groups = st.builds(
    lambda identity, inside: {"objectType": "Group", **(identity or {}), **({"member": inside} if inside else {})},
    some(2, identities),
    members,
).filter(lambda group: len(group) > 1)
actors = agents | typed_agents | groups
activities = st.sampled_from(ACTIVITIES).map(lambda iri: {"id": iri})
references = st.sampled_from(IDS).map(lambda one: {"objectType": "StatementRef", "id": str(one)})
spelled_registrations = st.builds(
    lambda one, spell: spell(str(one)), st.sampled_from(REGISTRATIONS), st.sampled_from([str.upper, str.lower])
)
context_activities = st.dictionaries(
    st.sampled_from(["parent", "grouping", "category", "other"]),
    activities | st.lists(activities, max_size=2),
    max_size=2,
)


def without_none(value: Json) -> Json:
    """The properties that have a value."""
    return {name: inner for name, inner in value.items() if inner is not None}


contexts = st.fixed_dictionaries(
    {
        "registration": some(2, spelled_registrations),
        "instructor": some(3, actors),
        "team": some(3, groups),
        "contextActivities": some(2, context_activities),
        "statement": some(4, references),
        "contextAgents": some(
            4, st.lists(agents.map(lambda one: {"objectType": "contextAgent", "agent": one}), max_size=2)
        ),
        "contextGroups": some(
            4, st.lists(groups.map(lambda one: {"objectType": "contextGroup", "group": one}), max_size=2)
        ),
    }
).map(without_none)


def bodies(objects: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    """What a statement and a SubStatement have in common."""
    return st.fixed_dictionaries(
        {
            "actor": actors,
            "verb": st.sampled_from(VERBS).map(lambda iri: {"id": iri}),
            "object": objects,
            "context": some(2, contexts),
        }
    ).map(without_none)


plain_objects = activities | typed_agents | groups | references
sub_statements = bodies(plain_objects).map(lambda body: {"objectType": "SubStatement", **body})
voidings = st.fixed_dictionaries({"actor": actors, "verb": st.just({"id": VOIDED}), "object": references})
statements = st.one_of(
    bodies(activities), bodies(activities), bodies(plain_objects), bodies(sub_statements), bodies(references), voidings
)


@dataclass(frozen=True)
class Asked:
    """A query, but for its times: they are given as (place in the log, ticks beside it)."""

    filters: Json
    since: tuple[int, int] | None
    until: tuple[int, int] | None
    ascending: bool
    page_size: int


moments = some(4, st.tuples(st.integers(0, len(IDS) - 1), st.integers(-1, 1)))
asked = st.builds(
    Asked,
    filters=st.fixed_dictionaries(
        {
            "agent": some(2, agents | identities.map(lambda one: {"objectType": "Group", **one})),
            "verb": some(3, st.sampled_from([*VERBS, VOIDED])),
            "activity": some(3, st.sampled_from(ACTIVITIES)),
            "registration": some(5, st.sampled_from(REGISTRATIONS)),
            "related_agents": st.booleans(),
            "related_activities": st.booleans(),
        }
    ),
    since=moments,
    until=moments,
    ascending=st.booleans(),
    page_size=st.integers(1, 4),
)


# --- the log -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stage:
    """How the log is set up so that the hard cases come up in a small log: short windows, keys that collide."""

    first_window: timedelta
    keys_collide: bool
    authorities: tuple[Json, Json]
    cuts: list[int]
    """Where one batch ends and the next begins, of the other authority."""


stages = st.builds(
    Stage,
    first_window=st.sampled_from([search.FIRST_WINDOW, TICK, timedelta(milliseconds=1)]),
    keys_collide=st.booleans(),
    authorities=st.tuples(identities, identities),
    cuts=st.lists(st.integers(1, len(IDS) - 1), max_size=4, unique=True).map(sorted),
)


def coarse_hash(role: str, text: str, _salt: bytes) -> bytes:
    """Three keys for everything."""
    return (len(role + text) % 3).to_bytes(8, "big")


@functools.cache
def _prepared(url: str) -> None:
    """Months and chunks are there before the first example."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT make_statement_partitions(1)")


async def run(url: str, stage: Stage, written: list[Json], questions: list[Asked]) -> None:
    """A tenant of its own for one log; every question gets the answer of the model."""
    _prepared(url)
    tenant = next(_tenants)
    async with write_pool(url, size=1) as write, read_pool(url, size=1) as read:
        logs, searching = StatementLog(write, read), Search(read)
        authorities = [await _authority(read, tenant, one) for one in stage.authorities]
        salt = await logs.salt(tenant)
        ends = [*(cut for cut in stage.cuts if cut < len(written)), len(written)]
        for authority, begin, end in zip(cycle(authorities), [0, *ends], ends, strict=False):
            batch = written[begin:end]
            await logs.append(tenant, authority, read_statements(json.dumps(batch).encode(), XapiVersion.V2_0_0))
        async with read.connection() as connection:
            cursor = await connection.execute(
                "SELECT s.id, s.stored, s.position, a.agent FROM statement s JOIN authority a USING (authority)"
                " WHERE s.tenant = %s ORDER BY s.stored, s.position",
                [tenant],
            )
            rows = await cursor.fetchall()
        await _settled(References(write))
        values = {UUID(one["id"]): one for one in written}
        log = {one: Logged(one, stored, at, values[one], json.loads(agent)) for one, stored, at, agent in rows}
        assert len(log) == len(written)
        order = [one.stored for one in log.values()]
        for question in questions:
            query = _query(question, order)
            pages = await _pages(searching, tenant, salt, query, question.page_size)
            found = [one.id for page in pages for one in page.statements]
            assert found == expected(log, query), query
            assert [len(page.statements) for page in pages[:-1]] == [question.page_size] * (len(pages) - 1)
            assert pages[-1].statements or len(pages) == 1


async def _authority(read: Any, tenant: int, agent: Json) -> Authority:
    text = json.dumps(agent)
    async with read.connection() as connection:
        values = {"tenant": tenant, "name": f"tenant {tenant}", "agent": text}
        await connection.execute("INSERT INTO tenant VALUES (%(tenant)s, %(name)s) ON CONFLICT DO NOTHING", values)
        cursor = await connection.execute(
            "INSERT INTO authority (tenant, agent) VALUES (%(tenant)s, %(agent)s)"
            " ON CONFLICT (tenant, agent) DO UPDATE SET agent = excluded.agent RETURNING authority",
            values,
        )
        row = await cursor.fetchone()
    return Authority(row[0], text, agent)


async def _settled(references: References) -> None:
    """Other databases of the server may hold it up."""
    while True:
        if await references.settle() is Left.NOTHING:
            return
        await asyncio.sleep(0.01)


def _query(question: Asked, order: list[datetime]) -> StatementQuery:
    times: Json = {
        name: order[place[0] % len(order)] + place[1] * TICK
        for name, place in (("since", question.since), ("until", question.until))
        if place is not None
    }
    return StatementQuery(**question.filters, **times, ascending=question.ascending)


async def _pages(searching: Search, tenant: int, salt: bytes, query: StatementQuery, size: int) -> list[Page]:
    pages = [await searching.page(tenant, salt, query, None, size)]
    while (cursor := pages[-1].next) is not None:
        pages.append(await searching.page(tenant, salt, query, cursor, size))
    return pages


@pytest.fixture(scope="module")
def url(embedded_server: PostgresServer) -> Iterator[str]:
    """One database for all examples: each has a tenant of its own, and must see nothing of the others."""
    with migrated_database(embedded_server) as made:
        yield made


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(
    stage=stages,
    written=st.lists(statements, min_size=1, max_size=len(IDS)),
    questions=st.lists(asked, min_size=5, max_size=12),
)
def test_every_query_finds_what_the_specification_says(
    url: str, stage: Stage, written: list[Json], questions: list[Asked]
) -> None:
    with_ids = [{"id": str(identity), **one} for identity, one in zip(IDS, written, strict=False)]
    with ExitStack() as patches:
        patches.enter_context(mock.patch.object(search, "FIRST_WINDOW", stage.first_window))
        if stage.keys_collide:
            patches.enter_context(mock.patch.object(search_keys, "_hash", coarse_hash))
        asyncio.run(run(url, stage, with_ids, questions))


def test_a_statement_is_found_by_what_it_refers_to(url: str) -> None:
    """Also through several, whichever came first, and where the target is voided."""
    target: Json = {"actor": IDENTITIES[0], "verb": {"id": VERBS[0]}, "object": {"id": ACTIVITIES[0]}}
    pointing: Json = {"actor": IDENTITIES[1], "verb": {"id": VERBS[2]}}
    written: list[Json] = [
        {"id": str(IDS[2]), **pointing, "object": {"objectType": "StatementRef", "id": str(IDS[1])}},
        {"id": str(IDS[1]), **pointing, "object": {"objectType": "StatementRef", "id": str(IDS[0])}},
        {"id": str(IDS[0]), **target},
        {
            **pointing,
            "id": str(IDS[3]),
            "verb": {"id": VOIDED},
            "object": {"objectType": "StatementRef", "id": str(IDS[0])},
        },
    ]
    stage = Stage(search.FIRST_WINDOW, keys_collide=False, authorities=(IDENTITIES[5], IDENTITIES[5]), cuts=[2])
    unset: Json = {"agent": None, "verb": None, "activity": None, "registration": None}
    flags: Json = {"related_agents": False, "related_activities": False}
    wanted: list[Json] = [{"verb": VERBS[0]}, {"agent": IDENTITIES[0]}, {"activity": ACTIVITIES[0]}]
    questions = [Asked({**unset, **flags, **one}, None, None, ascending=True, page_size=4) for one in wanted]
    asyncio.run(run(url, stage, written, questions))
