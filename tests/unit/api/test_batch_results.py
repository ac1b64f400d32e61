"""What is not known to be stored is told as such, with the id to send it again; where nothing is, it is an error."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import msgspec
import psycopg
import pytest
from fastapi import Request

from lrs.access.credentials import Credential
from lrs.api.batch_results import TOGETHER, Results, store_each
from lrs.settings import Settings
from lrs.statement_log.log import Authority
from schemas.errors import Overloaded, StatementConflict
from schemas.statement import NewStatement
from schemas.version import XapiVersion
from tests.unit.schemas.statement_parts import statement


class Log:
    """Stores each statement once; `faults` are by how many were asked for before."""

    def __init__(self, **faults: Exception) -> None:
        self.stored: dict[UUID, bytes] = {}
        self.asked = 0
        self.together = 0
        self._going = 0
        self._faults = {int(name.removeprefix("at_")): error for name, error in faults.items()}

    async def append(
        self, _tenant: int, _authority: Authority, batch: Sequence[NewStatement], **_options: bool
    ) -> list[int]:
        """As the log does."""
        (one,) = batch
        place, self.asked = self.asked, self.asked + 1
        self._going += 1
        self.together = max(self.together, self._going)
        await asyncio.sleep(0)
        self._going -= 1
        if place in self._faults:
            raise self._faults[place]
        if one.id in self.stored:
            if self.stored[one.id] != one.digest:
                raise StatementConflict(one.id)
            return []
        self.stored[one.id] = one.digest
        return [len(self.stored)]


def sent(log: Log, batch: list[Any]) -> Results:
    """What became of a batch."""
    body = msgspec.json.encode(batch)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    here: Any = SimpleNamespace(log=log, settings=Settings())
    who = Credential("key", 1, Authority(1, "{}", {}))
    request = Request({"type": "http", "headers": []}, receive)
    return asyncio.run(store_each(request, XapiVersion.V1_0_3, who, here))


def outcomes(results: Results) -> list[str]:
    return [one.outcome for one in results.each]


@pytest.mark.parametrize("error", [Overloaded(), psycopg.OperationalError("gone"), psycopg.InterfaceError("gone")])
def test_where_the_database_takes_nothing_it_is_an_error(error: Exception) -> None:
    log = Log(at_0=error, at_1=error)
    with pytest.raises(type(error)):
        sent(log, [statement(), {"id": "x"}, statement()])


def test_what_is_not_known_to_be_stored_is_sent_again() -> None:
    batch = [statement() for _ in range(2 * TOGETHER + 5)]
    log = Log(**{f"at_{TOGETHER + 1}": Overloaded()})
    results = sent(log, batch)
    assert (
        outcomes(results)
        == ["stored"] * (TOGETHER + 1) + ["unavailable"] + ["stored"] * (TOGETHER - 2) + ["unavailable"] * 5
    )
    assert log.asked == 2 * TOGETHER
    assert log.together == TOGETHER
    assert (results.status, set(results.headers())) == (207, {"Retry-After"})
    again = sent(log, [{"id": str(one.id), **value} for one, value in zip(results.each, batch, strict=True)])
    assert outcomes(again) == ["known" if one.outcome == "stored" else "stored" for one in results.each]
    assert (again.status, again.headers()) == (200, {})


def test_where_the_database_takes_something_everyone_is_told() -> None:
    results = sent(Log(at_0=Overloaded()), [statement() for _ in range(3)])
    assert outcomes(results) == ["unavailable", "stored", "stored"]
    assert results.positions == [1, 2]


def test_what_the_database_cannot_take_is_refused_alone() -> None:
    results = sent(Log(at_1=psycopg.DataError("no such number")), [statement() for _ in range(3)])
    assert outcomes(results) == ["stored", "refused", "stored"]
    assert results.each[1].violations[0].found == "no such number"


def test_an_error_of_ours_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        sent(Log(at_1=ZeroDivisionError()), [statement() for _ in range(3)])


def test_what_is_settled_is_not_asked_for_again() -> None:
    one = statement(id=str(UUID(int=1)))
    log = Log()
    results = sent(log, [one, {**one, "result": {}}] * 50)
    assert outcomes(results) == ["stored", "conflict"] + ["known", "conflict"] * 49
    assert log.asked == 1
