"""What of the activity cannot be answered is refused by the parameter that asks for it, with a way out."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from lrs.analytics import activity
from tests.integration.activity_caller import Caller, basic, calling
from tests.integration.activity_facts import VERBS, MadeFact, write, write_texts

MORNING = datetime(2024, 3, 31, 1, tzinfo=UTC)


@pytest.fixture
def caller(database_url: str) -> Iterator[Caller]:
    write_texts(database_url)
    with calling(database_url) as caller:
        yield caller


def test_whoever_has_no_credential_sees_nothing(caller: Caller) -> None:
    params = {"from": "2024-03-31", "to": "2024-04-01"}
    assert caller.get(params, authorization=basic("no:body")).status_code == 401


def test_what_cannot_be_answered_is_refused_by_name(caller: Caller) -> None:
    for params, name in (
        ({"from": "2024-03-31", "to": "2024-03-31"}, "to"),
        ({"from": "2024-03-31", "to": "2024-03-30T23:00:00Z", "tz": "Europe/Berlin"}, "to"),
        ({"from": "2024-04-01", "to": "2024-03-31"}, "to"),
        ({"from": "2024-03-31", "to": "2024-04-01", "tz": "Europe/Ulm"}, "tz"),
        ({"from": "2024-03-31"}, "to"),
    ):
        answer = caller.get(params)
        assert answer.status_code == 400
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert [fault["path"] for fault in answer.json()["violations"]] == [name]


def test_a_zone_that_only_python_knows_is_refused(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lrs.analytics.activity_parameters._zones", lambda: {"Europe/Atlantis"})
    answer = caller.get({"from": "2024-03-31", "to": "2024-04-01", "tz": "Europe/Atlantis"})
    assert answer.status_code == 400
    (fault,) = answer.json()["violations"]
    assert (fault["path"], fault["rule"]) == ("tz", "must be a time zone that the database knows")


@pytest.mark.parametrize(("group_by", "name"), [("none", "bucket"), ("verb", "group_by")])
def test_an_answer_that_is_too_long_says_how_to_ask_for_less(
    caller: Caller, database_url: str, monkeypatch: pytest.MonkeyPatch, group_by: str, name: str
) -> None:
    hours = [MORNING + timedelta(hours=hour) for hour in range(5)]
    write(database_url, [MadeFact(at, None, None, VERBS[0], None, None, False, 1) for at in hours])
    params = {"from": "2024-03-31", "to": "2024-04-01", "bucket": "hour", "group_by": group_by}
    monkeypatch.setattr(activity, "MOST_ROWS", 5)
    assert len(caller.rows(params)) == 5
    monkeypatch.setattr(activity, "MOST_ROWS", 4)
    answer = caller.get(params)
    assert answer.status_code == 400
    (fault,) = answer.json()["violations"]
    assert fault["path"] == name
    assert fault["rule"].startswith("makes more than 4 rows: ask for a shorter range")


def test_a_query_that_takes_too_long_says_how_to_ask_for_less(caller: Caller, database_url: str) -> None:
    write(database_url, [MadeFact(MORNING, None, None, VERBS[0], None, None, False, 1)])
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(  # what the database does at its statement_timeout
            "CREATE OR REPLACE FUNCTION analytics.bucket(unit text, at timestamptz, zone text) RETURNS timestamptz"
            " LANGUAGE plpgsql AS 'BEGIN RAISE query_canceled; END'"
        )
    answer = caller.get({"from": "2024-03-31", "to": "2024-04-02"})
    assert answer.status_code == 400
    (fault,) = answer.json()["violations"]
    assert fault["path"] == "from"
    assert "takes too long to count: ask for a shorter range" in fault["rule"]
