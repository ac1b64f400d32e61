"""The statements resource on the wire: what is sent is stored once and comes back as the standard says.

Clauses are those of xAPI 1.0.3 Communication 2.1; queries are in test_statement_queries.py, what is refused is in
test_statements_refused.py and test_statement_bodies.py.
"""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from uuid import uuid4

import pytest

from tests.acceptance.endpoint import (
    THROUGH,
    VERSION,
    Endpoint,
    in_one_registration,
    instant,
    new_statement,
    voiding,
)

AUTHORITY = {
    "objectType": "Agent",
    "account": {"homePage": "https://live-lrs.invalid/credential", "name": "test-key"},
}


# --- storing -----------------------------------------------------------------------------------------------------


def test_post_one(endpoint: Endpoint) -> None:
    statement = new_statement()
    answer = endpoint.send(statement)
    assert answer.status_code == 200
    assert answer.json() == [statement["id"]]
    assert answer.headers["X-LRS-Stored"] == "1"
    assert int(answer.headers["X-LRS-Position"]) > 0
    assert endpoint.is_there(statement["id"])


def test_post_a_batch_and_again(endpoint: Endpoint) -> None:
    batch = [new_statement() for _ in range(3)]
    first = endpoint.send(batch)
    assert first.json() == [one["id"] for one in batch]
    assert first.headers["X-LRS-Stored"] == "3"
    again = endpoint.send([*batch, new_statement()])
    assert again.status_code == 200
    assert again.headers["X-LRS-Stored"] == "1"
    assert int(again.headers["X-LRS-Position"]) > int(first.headers["X-LRS-Position"])
    known = endpoint.send(batch)
    assert known.json() == first.json()
    assert known.headers["X-LRS-Stored"] == "0"
    assert "X-LRS-Position" not in known.headers


def test_ids_that_the_server_makes(endpoint: Endpoint) -> None:
    batch = [new_statement() for _ in range(3)]
    for one in batch:
        del one["id"]
    ids = endpoint.post(batch)
    assert len(set(ids)) == 3
    for identity in ids:
        assert endpoint.get(statementId=identity).json()["id"] == identity


def test_an_empty_array(endpoint: Endpoint) -> None:
    answer = endpoint.send([])
    assert (answer.status_code, answer.json()) == (200, [])
    assert answer.headers["X-LRS-Stored"] == "0"


def test_put(endpoint: Endpoint) -> None:
    statement = new_statement()
    first = endpoint.put(statement)
    assert (first.status_code, first.content) == (204, b"")
    stored = endpoint.get(statementId=statement["id"]).json()
    again = endpoint.put(statement)
    assert (again.status_code, again.headers["X-LRS-Stored"]) == (204, "0")
    other = endpoint.put({**statement, "result": {"success": True}})
    assert other.status_code == 409
    assert [one["found"] for one in other.json()["violations"]] == [statement["id"]]
    assert endpoint.get(statementId=statement["id"]).json() == stored


def test_put_gives_a_statement_the_id_of_the_request(endpoint: Endpoint) -> None:
    statement = new_statement()
    identity = statement.pop("id")
    assert endpoint.put(statement, identity).status_code == 204
    assert endpoint.get(statementId=identity).json()["id"] == identity


def test_a_conflict_in_a_batch_stores_nothing(endpoint: Endpoint) -> None:
    known = new_statement()
    endpoint.post(known)
    fresh = [new_statement(), new_statement()]
    answer = endpoint.send([fresh[0], {**known, "verb": {"id": "http://example.com/other"}}, fresh[1]])
    assert answer.status_code == 409
    assert not any(endpoint.is_there(one["id"]) for one in fresh)


# --- one statement -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("version", "given"), [("1.0.3", "1.0.0"), ("1.0", "1.0.0"), ("2.0.0", "2.0.0")])
def test_what_the_server_adds(endpoint: Endpoint, version: str, given: str) -> None:
    """Data 2.4.1, 2.4.7–2.4.10."""
    statement = new_statement(stored="2001-01-01T00:00:00Z", authority={"mbox": "mailto:impostor@example.com"})
    before = datetime.now(UTC) - timedelta(seconds=5)
    (identity,) = endpoint.post(statement, version=version)
    answer = endpoint.ask("GET", params={"statementId": identity}, version=version)
    assert answer.headers[VERSION] == {"1.0": "1.0.3"}.get(version, version)
    assert answer.headers["Content-Type"] == "application/json"
    found = answer.json()
    assert set(found) == {*statement, "timestamp", "version"}
    assert {name: found[name] for name in ("id", "actor", "verb", "object")} == {
        name: statement[name] for name in ("id", "actor", "verb", "object")
    }
    assert found["authority"] == AUTHORITY
    assert found["version"] == given
    assert found["timestamp"] == found["stored"]
    assert before < instant(found["stored"]) < datetime.now(UTC) + timedelta(seconds=5)
    assert parsedate_to_datetime(answer.headers["Last-Modified"]) == instant(found["stored"]).replace(microsecond=0)


def test_what_a_client_sends_comes_back_as_it_came(endpoint: Endpoint) -> None:
    exact = (
        '{"id":"%s","actor":{"mbox":"mailto:ann@example.com","name":"Ännchen 作 \\u2028\\ud83d\\ude00"},'
        '"verb":{"id":"http://example.com/path/../x","display":{"und":""}},'
        '"object":{"id":"http://example.com/%%C3%%A4?ä=1"},"timestamp":"2031-02-03T04:05:06.1234567+01:00",'
        '"version":"1.0.9","context":{"contextActivities":{"parent":[{"id":"http://example.com/p"}]},"extensions":'
        '{"http://example.com/n":[1.10,1e400,123456789012345678901234567890,0.1000000000000000055,-0.0]}}'
    ) % (identity := uuid4())
    assert endpoint.send((exact + "}").encode()).status_code == 200
    found = endpoint.get(statementId=str(identity))
    assert found.text.startswith(exact)
    assert found.json()["timestamp"] == "2031-02-03T04:05:06.1234567+01:00"
    assert found.json()["version"] == "1.0.9"


def test_head(endpoint: Endpoint) -> None:
    (identity,) = endpoint.post(new_statement())
    for params in ({"statementId": identity}, {"limit": 1}):
        got, asked = endpoint.ask("GET", params=params), endpoint.ask("HEAD", params=params)
        assert (asked.status_code, asked.content) == (200, b"")
        varying = {"date", "x-request-id", THROUGH.lower()}
        assert {k: v for k, v in asked.headers.items() if k not in varying} == {
            k: v for k, v in got.headers.items() if k not in varying
        }
    unknown = endpoint.ask("HEAD", params={"statementId": str(uuid4())})
    assert (unknown.status_code, unknown.content) == (404, b"")


def test_an_unknown_id(endpoint: Endpoint) -> None:
    assert endpoint.get(statementId=str(uuid4())).status_code == 404
    assert endpoint.get(voidedStatementId=str(uuid4())).status_code == 404


def test_an_id_in_capitals_is_the_same_id(endpoint: Endpoint) -> None:
    (identity,) = endpoint.post(new_statement())
    assert endpoint.is_there(identity.upper())


# --- voiding (Data 2.3.2) ----------------------------------------------------------------------------------------


def test_voiding(endpoint: Endpoint) -> None:
    registration, (kept, gone) = in_one_registration(2)
    endpoint.post([kept, gone])
    assert endpoint.get(voidedStatementId=gone["id"]).status_code == 404
    (word,) = endpoint.post(voiding(gone["id"]))
    assert endpoint.get(statementId=gone["id"]).status_code == 404
    answer = endpoint.get(voidedStatementId=gone["id"])
    assert (answer.status_code, answer.json()["id"]) == (200, gone["id"])
    assert "Last-Modified" in answer.headers
    assert endpoint.found(registration=registration) == [word, kept["id"]]  # what refers to it is found, not itself
    assert endpoint.is_there(word)
    assert endpoint.get(voidedStatementId=word).status_code == 404


def test_a_voiding_statement_cannot_be_voided(endpoint: Endpoint) -> None:
    (gone,) = endpoint.post(new_statement())
    (word,) = endpoint.post(voiding(gone))
    (vain,) = endpoint.post(voiding(word))
    assert endpoint.is_there(word)
    assert endpoint.is_there(vain)
    assert not endpoint.is_there(gone)


def test_voiding_what_comes_later(endpoint: Endpoint) -> None:
    late = new_statement()
    endpoint.post(voiding(late["id"]))
    endpoint.post(late)
    assert not endpoint.is_there(late["id"])
    assert endpoint.get(voidedStatementId=late["id"]).status_code == 200
