"""A rebuild that breaks off, wherever that is, is as if it had not begun, or is done; the next goes on where it was."""

from collections.abc import Callable
from typing import Any

import pytest

from projections import checkpoint, exchange_rows
from projections.checkpoint import Moved
from streams.log_tail import LogTail
from streams.rebuild import Rebuild
from tests.integration.test_checkpoint import statement
from tests.integration.test_rebuild import course, do, rebuilding, rebuilt, rows, untold

pytestmark = pytest.mark.anyio

Break = Callable[[pytest.MonkeyPatch], None]


def _in_exchange(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the power went out")

    monkeypatch.setattr(exchange_rows, name, fail)


def _before_checkpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the third batch."""
    move, left = checkpoint.move, [2]
    monkeypatch.setattr(LogTail, "read_on", lambda tail, after: tail.read(after, 20))

    async def fail(*arguments: Any) -> Moved:
        left[0] -= 1
        if left[0] < 0:
            raise RuntimeError("the power went out")
        return await move(*arguments)

    monkeypatch.setattr(checkpoint, "move", fail)


@pytest.mark.parametrize(
    "breaks",
    [
        _before_checkpoint,
        lambda monkeypatch: _in_exchange(monkeypatch, "hold"),
        lambda monkeypatch: monkeypatch.setattr("streams.rebuild.append_control_event", _fails),
        lambda monkeypatch: _in_exchange(monkeypatch, "drop_retired"),
    ],
    ids=["between rows and checkpoint", "before the exchange", "in the exchange", "after the exchange"],
)
async def test_what_breaks_off_is_as_if_it_had_not_begun_or_is_done(
    database_url: str, monkeypatch: pytest.MonkeyPatch, breaks: Break
) -> None:
    async with course(database_url) as log:
        before = rows(database_url)
        breaks(monkeypatch)
        with pytest.raises(RuntimeError, match="power"):
            await rebuilt(database_url)
        monkeypatch.undo()
        assert rows(database_url) == before
        found = await rebuilt(database_url)
        assert found is not None
        assert found.differences == 0
        assert {**rows(database_url), "checkpoint": []} == {**before, "checkpoint": []}
        assert do(database_url, "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'read_models%'") == []
        await log.project()
        assert log.differences() == []


async def _fails(*_: object, **__: object) -> None:
    raise RuntimeError("the power went out")


async def test_it_goes_on_where_it_was_interrupted(database_url: str) -> None:
    told: list[str] = []
    async with course(database_url) as log:
        async with rebuilding(database_url) as rebuild:
            await rebuild.begin(untold)
            await rebuild.build(untold)
            reached = rebuild.at.position
        await log.append([statement(number) for number in range(100, 120)])
        await log.project()
        async with rebuilding(database_url) as rebuild:
            await rebuild.begin(told.append)
            assert (rebuild.at.position, told) == (reached, [f"It goes on behind position {reached}."])
            await rebuild.begin(told.append, fresh=True)
            assert rebuild.at.position == 0
            await rebuild.build(untold)
            found = await rebuild.compare()
            assert found is not None
            assert found.differences == 0
            do(database_url, f"COMMENT ON SCHEMA {Rebuild.schema} IS '{{}}'")
            await rebuild.begin(told.append)
            assert rebuild.at.position == 0
