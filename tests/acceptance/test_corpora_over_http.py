"""Every real statement posted to a real server: accepted or refused as the tables say, and the read models are
right.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from tests.acceptance.corpora import Sent, statements_of
from tests.acceptance.corpus_refusals import ID_TAKEN, REFUSED, WITHOUT_DATA
from tests.acceptance.naive import LoggedStatement, compute
from tests.acceptance.read_back import differences, read_models
from tests.services.lrs_server import CREDENTIAL, serving

BATCHED = "openedx-generated/events_8k.jsonl.gz"


@pytest.mark.one_database("timescaledb")
def test_every_statement_is_stored_or_refused_as_it_should_be(database_url: str, shared_data: Path) -> None:
    sent = list(statements_of(shared_data / "statements"))
    assert len(sent) > 11_000
    with serving(database_url) as server, httpx.Client(auth=CREDENTIAL, timeout=30) as client:
        statements = f"{server.origin}/xapi/statements"
        answers: dict[tuple[str, int], str] = {}
        position = 0
        for file, of_file in groupby(sent, key=lambda one: one.file):
            for batch in _requests(file, list(of_file)):
                body = batch[0].text if len(batch) == 1 else b"[" + b",".join(one.text for one in batch) + b"]"
                answer = client.post(statements, content=body, headers=_headers(batch[0]))
                position = max(position, int(answer.headers.get("X-LRS-Position", 0)))
                for one in batch:
                    answers[one.file, one.number] = _in_short(answer)
        assert answers == {(one.file, one.number): _expected(one) for one in sent}

        waited = client.get(f"{server.origin}/api/projections", params={"wait_for": position})
        assert waited.json()["position"] >= position
        stored = {one.value["id"]: one for one in sent if "id" in one.value and _expected(one) == "200"}
        for identity, one in list(stored.items())[::40]:
            found = client.get(statements, params={"statementId": identity}, headers=_headers(one)).json()
            sent_by_client = {name: value for name, value in one.value.items() if name not in ("stored", "authority")}
            assert sent_by_client.items() <= found.items()
    assert differences(compute(_logged(database_url), _clock(database_url)), read_models(database_url)) == []


def _requests(file: str, statements: list[Sent]) -> Iterator[list[Sent]]:
    size = 50 if file == BATCHED else 1
    for start in range(0, len(statements), size):
        yield statements[start : start + size]


def _headers(one: Sent) -> dict[str, str]:
    return {"X-Experience-API-Version": one.version.value, "Content-Type": "application/json"}


def _in_short(answer: httpx.Response) -> str:
    """The status and, for a refusal, the paths it names."""
    if answer.status_code != 400:
        return str(answer.status_code)
    return " ".join(["400", *sorted({violation["path"] for violation in answer.json()["violations"]})])


def _expected(one: Sent) -> str:
    name = (one.file, one.number)
    if name in ID_TAKEN:
        return "409"
    refusal = REFUSED.get(name) or WITHOUT_DATA.get(name)
    return "200" if refusal is None else " ".join(["400", *sorted(set(refusal[0].split(" ")))])


def _logged(url: str) -> Iterator[LoggedStatement]:
    with psycopg.connect(url) as connection:
        for row in connection.execute("SELECT position, stored, payload FROM statement"):
            yield LoggedStatement(*row)


def _clock(url: str) -> datetime | None:
    with psycopg.connect(url) as connection:
        row: Any = connection.execute("SELECT max((payload->>'now')::timestamptz) FROM control_event").fetchone()
    clock: datetime | None = row[0]
    return clock
