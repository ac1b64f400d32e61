"""Statements are read again as the tail read them, and found by what they are about, whoever shares their keys."""

from typing import Any
from uuid import UUID

import pytest

from lrs.database import projection_pool
from lrs.statement_log import rereading
from lrs.statement_log.control_events import LAST
from lrs.statement_log.rereading import LogRereader, is_about
from lrs.statement_log.search_keys import RELATED_ACTIVITY, key_of
from schemas.log_event import StatementEvent
from streams.log_tail import LogTail
from tests.acceptance.course_log import TENANT, CourseLog
from tests.integration.log_under_load import START

pytestmark = pytest.mark.anyio

A, B, OTHER = (f"http://course.example/{name}" for name in ("a", "b", "other"))
VOIDED = "http://adlnet.gov/expapi/verbs/voided"


def statement(number: int, target: str, **around: Any) -> dict[str, Any]:
    """One about this activity, with others around it."""
    return {
        "id": str(UUID(int=number)),
        "actor": {"mbox": "mailto:ann@example.com"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/experienced"},
        "object": {"id": target},
        "context": {"contextActivities": around},
    }


STATEMENTS = [
    statement(1, A),
    statement(2, OTHER, parent=[{"id": B}, {"id": A}]),
    statement(3, OTHER, grouping={"id": A}),
    statement(4, OTHER, category=[{"id": A}], other=[{"id": A}]),
    statement(5, OTHER) | {"context": {"extensions": {A: 1}}},
    statement(6, OTHER)
    | {
        "object": {
            "objectType": "SubStatement",
            "actor": {"mbox": "mailto:ann@example.com"},
            "verb": {"id": "http://adlnet.gov/expapi/verbs/experienced"},
            "object": {"id": A},
        }
    },
    {**statement(7, OTHER), "verb": {"id": VOIDED}, "object": {"objectType": "StatementRef", "id": str(UUID(int=1))}},
    {**statement(8, OTHER), "verb": {"id": VOIDED}, "object": {"objectType": "StatementRef", "id": str(UUID(int=9))}},
    statement(9, B),
    statement(10, A, parent=[{"id": A}]),
]


async def test_as_the_tail_read_them(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rereading, "AT_ONCE", 2)
    async with CourseLog.open(database_url) as course_log, projection_pool(database_url) as pool:
        for begin in range(0, len(STATEMENTS), 3):
            await course_log.append(STATEMENTS[begin : begin + 3])
        log = LogRereader(pool)
        async with pool.connection() as connection:
            events, end = await LogTail(connection).read(START, 1000)
        read = [event for event in events if isinstance(event, StatementEvent)]
        assert [event.id.int for event in read] == list(range(1, 11))
        positions = [event.position for event in read]
        assert await log.at(TENANT, positions[::-1]) == read
        assert await log.at(TENANT, positions[6:8]) == read[6:8]
        assert read[6].voids_position == positions[0]
        assert read[8].voided_position == positions[7]
        assert await log.at(TENANT + 1, positions) == []
        assert await log.at(TENANT, []) == []

        async def about(*activities: str, until: int = end.position) -> list[int]:
            found = await log.about(TENANT, activities, until)
            return [read[positions.index(position)].id.int for position in found]

        assert await about(A) == [1, 2, 3, 10]
        assert await about(A, until=positions[2]) == [1, 2, 3]
        assert await about(A, B) == [1, 2, 3, 9, 10]
        assert await about("http://course.example/nowhere") == []
        assert await about() == []


async def test_what_only_shares_a_key_is_not_found(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rereading, "key_of", lambda term, salt: key_of((RELATED_ACTIVITY, A), salt))
    async with CourseLog.open(database_url) as course_log, projection_pool(database_url) as pool:
        await course_log.append([statement(1, A)])
        assert await LogRereader(pool).about(TENANT, [B], LAST) == []
        assert len(await LogRereader(pool).about(TENANT, [A, B], LAST)) == 1


@pytest.mark.parametrize("odd", ['"result": {"score": {"raw": 1e400}},', ""])
def test_what_a_statement_is_about_however_it_is_written(odd: str) -> None:
    text = f'{{{odd} "object": {{"id": "x"}}, "context": {{"contextActivities": {{"parent": {{"id": "{A}"}}}}}}}}'
    assert is_about(text, {A})
    assert not is_about(text, {B})
