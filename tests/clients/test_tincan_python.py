"""tincan for Python: `True` with a capital, a `?` after every path, every state saved twice.

It neither tells the ETag of a document nor sends a precondition of its own accord: who uses it sets one by hand.
"""

import hashlib
import json
from typing import Any
from uuid import uuid4

import pytest
from tincan import (
    Activity,
    ActivityProfileDocument,
    Agent,
    AgentProfileDocument,
    LRSResponse,
    RemoteLRS,
    StateDocument,
    Statement,
    StatementRef,
    Verb,
)

from tests.acceptance.endpoint import VOIDED, Json
from tests.acceptance.mixed_bodies import attachment
from tests.clients.served import PAGE_SIZE, Served, ids, statements
from tests.services.lrs_server import CREDENTIAL


@pytest.fixture
def lrs(served: Served) -> Any:
    """The client, which speaks 1.0.3."""
    key, secret = CREDENTIAL
    return RemoteLRS(endpoint=served.url, username=key, password=secret)


def good(response: LRSResponse) -> Any:
    """What it makes of an answer that must be good."""
    assert response.success, response.data
    return response.content


def refused(response: LRSResponse) -> int:
    """The status of an answer that must be a problem."""
    assert not response.success
    status: int = response.response.status
    assert json.loads(response.data)["status"] == status
    return status


def given(statement: Json) -> Statement:
    """A statement as it takes it."""
    return Statement.from_json(json.dumps(statement))


def their_ids(found: list[Statement]) -> list[str]:
    """The ids of what it made of an answer."""
    return [str(one.id) for one in found]


def test_one_statement(lrs: RemoteLRS, served: Served) -> None:
    _, [statement] = statements(1, result={"duration": "PT16559.14S", "score": {"scaled": 0.5}})
    good(lrs.save_statement(given(statement)))
    found = good(lrs.retrieve_statement(statement["id"]))
    assert str(found.id) == statement["id"]
    assert found.actor.mbox == statement["actor"]["mbox"]
    assert found.result.score.scaled == 0.5
    assert found.stored.isoformat() == served.stored(statement["id"])["stored"].replace("Z", "+00:00")
    good(lrs.save_statement(given(statement)))
    other = given({**statement, "result": {"completion": True}})
    assert refused(lrs.save_statement(other)) == 409


def test_an_id_that_the_server_makes(lrs: RemoteLRS, served: Served) -> None:
    _, [statement] = statements(1)
    del statement["id"]
    saved = good(lrs.save_statement(given(statement)))
    assert served.endpoint.is_there(str(saved.id))


def test_a_batch_and_more_to_the_end(lrs: RemoteLRS, served: Served) -> None:
    registration, batch = statements(2 * PAGE_SIZE + 1)
    saved = good(lrs.save_statements([given(one) for one in batch]))
    assert their_ids(saved) == ids(batch)
    page = good(lrs.query_statements({"registration": registration, "ascending": True}))
    pages = [their_ids(page.statements)]
    while page.more:
        page = good(lrs.more_statements(page))
        pages.append(their_ids(page.statements))
    assert [len(one) for one in pages] == [PAGE_SIZE, PAGE_SIZE, 1]
    assert [one for each in pages for one in each] == ids(batch)
    assert served.endpoint.found(registration=registration, ascending="true") == ids(batch)


def test_queries(lrs: RemoteLRS) -> None:
    registration, [one] = statements(1)
    course = {"id": f"http://example.com/course/{registration}"}
    context = {"registration": registration, "contextActivities": {"grouping": [course]}}
    _, [other] = statements(1, actor=one["actor"], verb={"id": "http://example.com/verbs/other"}, context=context)
    good(lrs.save_statements([given(one), given(other)]))
    stored = good(lrs.retrieve_statement(other["id"])).stored.isoformat()
    agent = Agent(mbox=one["actor"]["mbox"])

    def found(**query: Any) -> list[str]:
        return their_ids(good(lrs.query_statements(query)).statements)

    assert found(agent=agent) == [other["id"], one["id"]]
    assert found(agent=agent, related_agents=True, ascending=True) == [one["id"], other["id"]]
    assert found(agent=agent, verb=Verb(id="http://example.com/verbs/other")) == [other["id"]]
    assert found(activity=Activity(id=course["id"]), related_activities=False) == []
    assert found(activity=Activity(id=course["id"]), related_activities=True) == [other["id"]]
    assert found(agent=agent, until=stored, limit=1) == [other["id"]]
    assert found(agent=agent, since=stored) == []


def test_voiding(lrs: RemoteLRS, served: Served) -> None:
    _, [statement] = statements(1)
    good(lrs.save_statement(given(statement)))
    undo = Statement(
        id=str(uuid4()),
        actor=Agent(mbox="mailto:teacher@example.com"),
        verb=Verb(id=VOIDED),
        object=StatementRef(id=statement["id"]),
    )
    good(lrs.save_statement(undo))
    assert refused(lrs.retrieve_statement(statement["id"])) == 404
    assert str(good(lrs.retrieve_voided_statement(statement["id"])).id) == statement["id"]
    assert not served.endpoint.is_there(statement["id"])


def test_an_attachment_that_is_elsewhere(lrs: RemoteLRS, served: Served) -> None:
    """It has no way to send a content."""
    described = attachment(b"elsewhere", fileUrl="http://example.com/file.txt")
    _, [statement] = statements(1, attachments=[described])
    good(lrs.save_statement(given(statement)))
    (found,) = good(lrs.retrieve_statement(statement["id"])).attachments
    assert (found.sha2, found.fileurl) == (described["sha2"], described["fileUrl"])
    assert served.stored(statement["id"])["attachments"] == [described]


def test_states(lrs: RemoteLRS, served: Served) -> None:
    _, [statement] = statements(1)
    activity, agent = Activity(id=statement["object"]["id"]), Agent(mbox=statement["actor"]["mbox"])

    def state(text: str, **changes: Any) -> StateDocument:
        content = bytearray(text.encode())
        return StateDocument(id="resume", activity=activity, agent=agent, content=content, **changes)

    def kept() -> str:
        where = {"activityId": activity.id, "agent": statement["actor"], "stateId": "resume"}
        there = served.document("activities/state", **where)
        assert good(lrs.retrieve_state(activity, agent, "resume")).content == there.content
        return there.text

    assert lrs.retrieve_state(activity, agent, "resume").response.status == 404
    assert lrs.save_state(state('{"page":"one"}', content_type="application/json")).success
    assert kept() == '{"page":"one"}'
    assert lrs.save_state(state("page 2")).success
    assert kept() == "page 2"
    assert refused(lrs.save_state(state("page 3", etag=tag_of('{"page":"one"}')))) == 412
    # What it saves the second time no longer has the tag that it names.
    assert refused(lrs.save_state(state("page 3", etag=tag_of("page 2")))) == 412
    assert kept() == "page 3"
    assert good(lrs.retrieve_state_ids(activity, agent)) == ["resume"]
    assert refused(lrs.delete_state(state("", etag=tag_of("page 2")))) == 412
    assert lrs.delete_state(state("", etag=tag_of("page 3"))).success
    assert lrs.save_state(state("page 1")).success
    assert lrs.clear_state(activity, agent).success
    assert good(lrs.retrieve_state_ids(activity, agent)) == []


@pytest.mark.parametrize("of_agent", [True, False])
def test_profiles(lrs: RemoteLRS, served: Served, of_agent: bool) -> None:
    _, [statement] = statements(1)
    where: dict[str, Any]
    if of_agent:
        resource, where = "agents/profile", {"agent": statement["actor"]}
        document = AgentProfileDocument(id="settings", agent=Agent(mbox=statement["actor"]["mbox"]))
        save, delete, list_ids = lrs.save_agent_profile, lrs.delete_agent_profile, lrs.retrieve_agent_profile_ids
    else:
        resource, where = "activities/profile", {"activityId": statement["object"]["id"]}
        document = ActivityProfileDocument(id="settings", activity=Activity(id=statement["object"]["id"]))
        save, delete = lrs.save_activity_profile, lrs.delete_activity_profile
        list_ids = lrs.retrieve_activity_profile_ids
    document.content = bytearray(b"first")
    answer = save(document)
    assert refused(answer) == 400  # Communication 3.1: a PUT of a profile has a precondition
    assert "If-None-Match" in answer.data
    assert served.put_document(resource, b"first", **where, profileId="settings").status_code == 204

    document.content = bytearray(b"second")
    assert refused(save(document)) == 409
    document.etag = tag_of("first")
    assert save(document).success
    assert served.document(resource, **where, profileId="settings").text == "second"
    assert refused(save(document)) == 412
    assert refused(delete(document)) == 412
    assert good(list_ids(document.agent if of_agent else document.activity)) == ["settings"]
    document.etag = tag_of("second")
    assert delete(document).success
    assert served.document(resource, **where, profileId="settings").status_code == 404


def tag_of(text: str) -> str:
    """The ETag that the server gives a document, reckoned."""
    return f'"{hashlib.sha1(text.encode()).hexdigest()}"'
