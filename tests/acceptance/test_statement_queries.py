"""A query of the statements resource finds what its filters say, page by page to the end.

Clauses are those of xAPI 1.0.3 Communication 2.1.
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx
import pytest

from tests.acceptance.conftest import PAGE_SIZE
from tests.acceptance.endpoint import THROUGH, VERB, Endpoint, Json, in_one_registration, instant, new_statement

TICK = timedelta(microseconds=1)


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
