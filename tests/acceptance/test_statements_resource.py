"""The statements resource on the wire: what is sent is stored once and comes back as the standard says.

Clauses are those of xAPI 1.0.3 Communication 2.1; what is refused is in test_statements_refused.py.
"""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tests.acceptance.conftest import PAGE_SIZE
from tests.acceptance.endpoint import THROUGH, VERB, VERSION, Endpoint, Json, new_statement, voiding

AUTHORITY = {
    "objectType": "Agent",
    "account": {"homePage": "https://live-lrs.invalid/credential", "name": "test-key"},
}
TICK = timedelta(microseconds=1)


def instant(text: str) -> datetime:
    """A timestamp of an answer: with a zone."""
    moment = datetime.fromisoformat(text)
    assert moment.tzinfo is not None
    return moment


def in_one_registration(count: int, **changes: Any) -> tuple[str, list[Json]]:
    """A registration of its own and statements that have it, which a test finds again among all others."""
    registration = str(uuid4())
    return registration, [new_statement(context={"registration": registration}, **changes) for _ in range(count)]


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
        varying = {"date", THROUGH.lower()}
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


# --- many statements ---------------------------------------------------------------------------------------------


def test_filters(endpoint: Endpoint) -> None:
    registration = str(uuid4())
    bob = {"account": {"homePage": "http://example.com/", "name": f"bob {uuid4()}"}}
    parent = f"http://example.com/parent/{uuid4()}"
    context = {"registration": registration.upper(), "contextActivities": {"parent": {"id": parent}}, "instructor": bob}
    by_ann = new_statement(context=context)
    by_bob = new_statement(actor=bob, verb={"id": parent}, object={"id": parent})
    about_bob = new_statement(object={"objectType": "Agent", **bob})
    of_a_group = new_statement(actor={"objectType": "Group", "member": [bob]})
    ids = endpoint.post([by_ann, by_bob, about_bob, of_a_group])[::-1]
    agent = httpx.Response(200, json=bob).text
    assert endpoint.found(agent=agent) == ids[:3]
    assert endpoint.found(agent=agent, related_agents="true") == ids
    assert endpoint.found(agent=agent, verb=parent) == [by_bob["id"]]
    assert endpoint.found(verb=parent) == [by_bob["id"]]
    assert endpoint.found(activity=parent) == [by_bob["id"]]
    assert endpoint.found(activity=parent, related_activities="true") == [by_bob["id"], by_ann["id"]]
    assert endpoint.found(registration=registration) == [by_ann["id"]]
    assert endpoint.found(registration=registration, agent=agent) == []
    assert endpoint.found(registration=registration, agent=agent, related_agents="true") == [by_ann["id"]]
    assert endpoint.found(registration=str(uuid4())) == []


@pytest.mark.parametrize("ascending", ["true", "false"])
@pytest.mark.parametrize("limit", [None, 0, 1, 3, PAGE_SIZE, 1000])
def test_more_followed_to_the_end(endpoint: Endpoint, ascending: str, limit: int | None) -> None:
    registration, batch = in_one_registration(2 * PAGE_SIZE)
    ids = endpoint.post(batch)
    params: Json = {"registration": registration, "ascending": ascending}
    if limit is not None:
        params["limit"] = limit
    first = endpoint.get(**params).json()
    assert len(first["statements"]) == min(limit or PAGE_SIZE, PAGE_SIZE)
    assert endpoint.found(**params) == (ids if ascending == "true" else ids[::-1])


def test_newest_first_without_a_filter(endpoint: Endpoint) -> None:
    ids = endpoint.post([new_statement(), new_statement()])
    page = endpoint.get(limit=1).json()
    assert [one["id"] for one in page["statements"]] == ids[1:]
    assert [one["id"] for one in endpoint.ask("GET", page["more"]).json()["statements"]] == ids[:1]


def test_more_while_others_write(endpoint: Endpoint) -> None:
    """What was there at the start is found once; ascending, what came since is found too."""
    registration, batch = in_one_registration(6)
    ids = endpoint.post(batch)
    for ascending, expected in (("false", ids[::-1]), ("true", ids)):
        page = endpoint.get(registration=registration, limit=2, ascending=ascending).json()
        found = [one["id"] for one in page["statements"]]
        while page["more"]:
            endpoint.post(new_statement())
            page = endpoint.ask("GET", page["more"]).json()
            found += [one["id"] for one in page["statements"]]
        assert found == expected


def test_since_and_until(endpoint: Endpoint) -> None:
    """since is exclusive, until inclusive, and both look at stored (2.1.3)."""
    registration, batch = in_one_registration(3, timestamp="2011-11-11T11:11:11Z")
    ids = endpoint.post(batch)
    stored = [instant(endpoint.get(statementId=one).json()["stored"]) for one in ids]
    assert stored == sorted(stored)

    def found(**times: datetime) -> list[str]:
        asked = {name: moment.isoformat() for name, moment in times.items()}
        return endpoint.found(registration=registration, ascending="true", **asked)

    assert found(since=stored[0]) == [one for one, at in zip(ids, stored, strict=True) if at > stored[0]]
    assert found(since=stored[0] - TICK) == ids
    assert found(until=stored[1]) == [one for one, at in zip(ids, stored, strict=True) if at <= stored[1]]
    assert found(until=stored[0] - TICK) == []
    assert found(since=stored[0] - TICK, until=stored[2]) == ids
    assert found(since=stored[2], until=stored[0]) == []
    assert found(since=datetime(9999, 1, 1, tzinfo=UTC)) == []
    assert found(until=datetime(9999, 1, 1, tzinfo=UTC)) == ids
    assert found(since=datetime(1, 1, 2, tzinfo=UTC)) == ids
    assert found(until=datetime(1, 1, 2, tzinfo=UTC)) == []
    offset = stored[0].astimezone(datetime.fromisoformat("2020-01-01T00:00:00-05:30").tzinfo)
    assert found(until=offset) == found(until=stored[0])


def test_the_log_is_whole_up_to_what_the_header_says(endpoint: Endpoint) -> None:
    """Reads soon say more than the newest statement: nothing is being written."""
    (identity,) = endpoint.post(new_statement())
    stored = instant(endpoint.get(statementId=identity).json()["stored"])
    for _ in range(200):
        answer = endpoint.get(limit=1)
        if instant(answer.headers[THROUGH]) > stored:
            break
    else:
        pytest.fail(f"the log is whole only up to {answer.headers[THROUGH]}")
    assert instant(answer.headers[THROUGH]) < datetime.now(UTC) + timedelta(seconds=5)


def test_a_verb_and_its_id(endpoint: Endpoint) -> None:
    """Filters compare IRIs as strings (Data 3.1)."""
    (identity,) = endpoint.post(new_statement(verb={"id": f"{VERB}/Ä/../{UUID(int=1)}"}))
    assert endpoint.found(verb=f"{VERB}/Ä/../{UUID(int=1)}", limit=1)[:1] == [identity]
    assert endpoint.found(verb=f"{VERB}/{UUID(int=1)}") == []
