"""Whatever arrives together is written together, and nobody pays for a neighbour."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.statement_log import coalescing
from lrs.statement_log.coalescing import Coalescer, Key
from lrs.statement_log.new_row import Row
from schemas.errors import Overloaded, StatementConflict

POISON = b"cannot be stored"


def row(number: int, content: str = "a", tenant: int = 1) -> Row:
    return Row(tenant, UUID(int=number), content.encode(), None, 1, frozenset(), content.encode(), None)


class Table:
    """What the database is to the coalescer: all or nothing, one round trip after another takes a moment."""

    def __init__(self) -> None:
        self.rows: dict[Key, tuple[int, bytes]] = {}
        self.groups: list[int] = []
        self.away = False
        self.outage: type[psycopg.Error] = psycopg.OperationalError
        self.open = asyncio.Event()
        self.open.set()

    async def write(self, rows: Sequence[Row]) -> list[int | None]:
        self.groups.append(len(rows))
        await self.open.wait()
        await asyncio.sleep(0)
        keys = [(one.tenant, one.id) for one in rows]
        assert len(set(keys)) == len(keys)
        if self.away:
            raise self.outage("away")
        if any(one.payload == POISON for one in rows):
            raise psycopg.DataError(POISON.decode())
        for key, one in zip(keys, rows, strict=True):
            if key in self.rows and self.rows[key][1] != one.digest:
                raise StatementConflict(one.id)
        positions: list[int | None] = []
        for key, one in zip(keys, rows, strict=True):
            if key in self.rows:
                positions.append(None)
            else:
                positions.append(len(self.rows) + 1)
                self.rows[key] = len(self.rows) + 1, one.digest
        return positions

    async def conflicts(self, rows: Sequence[Row]) -> set[Key]:
        await asyncio.sleep(0)
        known = {(one.tenant, one.id): one.digest for one in rows}
        return {key for key, digest in known.items() if key in self.rows and self.rows[key][1] != digest}


def run(requests: list[list[Row]], writers: int = 2) -> tuple[Table, list[list[int] | BaseException]]:
    """All requests at once; what each was told."""

    async def all_at_once() -> tuple[Table, list[list[int] | BaseException]]:
        table = Table()
        coalescer = Coalescer(table.write, table.conflicts, writers)
        told = await asyncio.gather(*(coalescer.store(one) for one in requests), return_exceptions=True)
        return table, told

    return asyncio.run(all_at_once())


_rows = st.builds(
    row,
    st.integers(0, 12),
    st.sampled_from(["a", "a", "a", "b", POISON.decode()]),
    st.integers(1, 2),
)
_requests = st.lists(
    st.lists(_rows, min_size=1, max_size=4, unique_by=lambda one: (one.tenant, one.id)), min_size=1, max_size=25
)


@given(requests=_requests, writers=st.integers(1, 3))
def test_every_request_is_stored_whole_or_not_at_all(requests: list[list[Row]], writers: int) -> None:
    table, told = run(requests, writers)
    positions = []
    for request, verdict in zip(requests, told, strict=True):
        if isinstance(verdict, list):
            positions += verdict
            assert all(table.rows[one.tenant, one.id][1] == one.digest for one in request)
        elif isinstance(verdict, StatementConflict):
            differing = [
                one for one in request if table.rows.get((one.tenant, one.id), (0, one.digest))[1] != one.digest
            ]
            assert verdict.statement_id in [one.id for one in differing]
        else:
            assert isinstance(verdict, psycopg.DataError)
            assert any(one.payload == POISON for one in request)
    assert sorted(positions) == sorted(position for position, _ in table.rows.values())
    accepted = {
        (one.tenant, one.id)
        for request, verdict in zip(requests, told, strict=True)
        for one in request
        if isinstance(verdict, list)
    }
    assert accepted == set(table.rows)


def test_what_waits_while_one_is_written_goes_together() -> None:
    table, told = run([[row(number)] for number in range(50)], writers=1)
    assert told == [[number + 1] for number in range(50)]
    assert len(table.groups) <= 2


def test_no_group_is_larger_than_it_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coalescing, "MOST_ROWS", 7)
    monkeypatch.setattr(coalescing, "MOST_BYTES", 40)
    requests = [[row(10 * number + one, "a" * (number + 1)) for one in range(3)] for number in range(8)]
    table, told = run([*requests, [row(1000 + one) for one in range(9)]])
    assert not any(isinstance(one, BaseException) for one in told)
    assert sorted(table.groups)[-1] == 9  # alone larger than a group may be
    assert sum(table.groups) == 33


@pytest.mark.parametrize(
    "error", [psycopg.OperationalError, psycopg.InterfaceError, psycopg.errors.ReadOnlySqlTransaction]
)
def test_an_outage_is_told_to_all_and_over_for_the_next(error: type[psycopg.Error]) -> None:
    async def outage() -> None:
        table = Table()
        table.outage = error
        coalescer = Coalescer(table.write, table.conflicts, 1)
        table.away = True
        told = await asyncio.gather(*(coalescer.store([row(one)]) for one in range(9)), return_exceptions=True)
        assert {type(one) for one in told} == {error}
        assert len(table.groups) <= 2  # not one after the other
        table.away = False
        assert await coalescer.store([row(1)]) == [1]

    asyncio.run(outage())


def test_a_full_queue_turns_requests_away_and_then_takes_them_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coalescing, "WAITING_ROWS", 3)

    async def flood() -> None:
        table = Table()
        table.open.clear()
        coalescer = Coalescer(table.write, table.conflicts, 1)
        first = asyncio.create_task(coalescer.store([row(0)]))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        waiting = [asyncio.create_task(coalescer.store([row(one)])) for one in range(1, 4)]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await coalescer.store([row(4)])
        table.open.set()
        assert await first == [1]
        assert sorted(one[0] for one in await asyncio.gather(*waiting)) == [2, 3, 4]
        assert await coalescer.store([row(number) for number in range(4, 9)]) != []  # alone it may be larger
        assert UUID(int=4) in {key[1] for key in table.rows}

    asyncio.run(flood())


def test_whoever_leaves_holds_nobody_up() -> None:
    async def leave() -> None:
        table = Table()
        table.open.clear()
        coalescer = Coalescer(table.write, table.conflicts, 1)
        tasks = [asyncio.create_task(coalescer.store([row(one)])) for one in range(4)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        tasks[0].cancel()
        tasks[2].cancel()
        table.open.set()
        told = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(one) for one in told] == [asyncio.CancelledError, list, asyncio.CancelledError, list]

    asyncio.run(leave())
