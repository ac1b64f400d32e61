"""@xapi/xapi for JavaScript, in both versions of the standard and by both of its ways to send."""

import hashlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.acceptance.endpoint import Json
from tests.acceptance.mixed_bodies import attachment
from tests.clients.node_process import NodeProcess, running
from tests.clients.served import PAGE_SIZE, Served, binary, ids, in_base64, statements
from tests.services.lrs_server import CREDENTIAL
from tests.services.missing import or_go_without

pytestmark = pytest.mark.one_database("embedded")

DOCUMENTS = [
    ("State", "state", "activities/state", ("activityId", "agent", "stateId", "registration")),
    ("AgentProfile", "profile", "agents/profile", ("agent", "profileId")),
    ("ActivityProfile", "profile", "activities/profile", ("activityId", "profileId")),
]


class Xapi:
    """The client: a method of the library by its name, what it takes by theirs."""

    def __init__(self, process: NodeProcess, version: str) -> None:
        self._process = process
        self.version = version

    def ask(self, method: str, **given: Any) -> Json:
        """Status, headers and data, or status and problem."""
        answer: Json = self._process.call(method, given)
        return answer

    def data(self, method: str, **given: Any) -> Any:
        """What it makes of an answer that must be good."""
        answer = self.ask(method, **given)
        assert answer["status"] in (200, 204), answer
        return answer["data"]

    def refusal(self, method: str, **given: Any) -> int:
        """The status of an answer that must be a problem."""
        answer = self.ask(method, **given)
        assert answer["data"]["status"] == answer["status"] >= 400
        status: int = answer["status"]
        return status


@pytest.fixture(scope="module", params=[("1.0.3", "axios"), ("2.0.0", "fetch")], ids=" ".join)
def xapi(served_on_each: Served, request: pytest.FixtureRequest) -> Iterator[Xapi]:
    """One process for the module."""
    version, adapter = request.param
    with or_go_without(), running("xapi.js", served_on_each.url, *CREDENTIAL, version, adapter) as process:
        yield Xapi(process, version)


def test_it_sees_which_versions_are_spoken(xapi: Xapi) -> None:
    assert xapi.data("getAbout") == {"version": ["1.0.3", "2.0.0"]}


def test_one_statement(xapi: Xapi, served_on_each: Served) -> None:
    _, [statement] = statements(1)
    identity = statement["id"]
    assert xapi.data("sendStatement", statement=statement) == [identity]
    got = xapi.ask("getStatement", statementId=identity)
    assert got["headers"]["x-experience-api-version"] == xapi.version
    assert {name: got["data"][name] for name in statement} == statement
    assert got["data"] == served_on_each.stored(identity)
    assert xapi.data("sendStatement", statement=statement) == [identity]
    other = {**statement, "result": {"completion": True}}
    assert xapi.refusal("sendStatement", statement=other) == 409
    assert xapi.refusal("sendStatement", statement={**statement, "extra": 1}) == 400


def test_a_batch_and_more_to_the_end(xapi: Xapi, served_on_each: Served) -> None:
    registration, batch = statements(2 * PAGE_SIZE + 1)
    assert xapi.data("sendStatements", statements=batch) == ids(batch)
    page = xapi.data("getStatements", registration=registration, ascending=True)
    pages = [page["statements"]]
    while page["more"]:
        page = xapi.data("getMoreStatements", more=page["more"])
        pages.append(page["statements"])
    assert [len(one) for one in pages] == [PAGE_SIZE, PAGE_SIZE, 1]
    assert [one for each in pages for one in ids(each)] == ids(batch)
    assert served_on_each.endpoint.found(registration=registration, ascending="true") == ids(batch)


def test_queries(xapi: Xapi) -> None:
    registration, [one] = statements(1)
    grouping = {"id": f"http://example.com/course/{registration}"}
    _, [other] = statements(1, actor=one["actor"], verb={"id": "http://example.com/verbs/other"})
    other["context"]["contextActivities"] = {"grouping": [grouping]}
    xapi.data("sendStatements", statements=[one, other])
    stored = xapi.data("getStatement", statementId=other["id"])["stored"]

    def found(**given: Any) -> list[str]:
        return ids(xapi.data("getStatements", **given)["statements"])

    assert found(agent=one["actor"]) == [other["id"], one["id"]]
    assert found(agent=one["actor"], verb="http://example.com/verbs/other") == [other["id"]]
    assert found(agent=one["actor"], limit=1) == [other["id"]]
    assert found(activity=one["object"]["id"]) == [one["id"]]
    assert found(activity=grouping["id"]) == []
    assert found(activity=grouping["id"], related_activities=True) == [other["id"]]
    assert found(agent=one["actor"], since=stored) == []
    assert found(agent=one["actor"], until=stored) == [other["id"], one["id"]]
    (short,) = xapi.data("getStatements", registration=registration, format="ids")["statements"]
    assert short["actor"] == {"objectType": "Agent", "mbox": one["actor"]["mbox"]}
    assert short["object"]["id"] == one["object"]["id"]


def test_agents_and_activities(xapi: Xapi) -> None:
    _, [statement] = statements(1)
    definition = {"name": {"en": "Lesson one"}, "type": "http://adlnet.gov/expapi/activities/lesson"}
    statement["object"]["definition"] = definition
    xapi.data("sendStatement", statement=statement)
    person = xapi.data("getAgent", agent=statement["actor"])
    assert (person["objectType"], person["mbox"]) == ("Person", [statement["actor"]["mbox"]])
    assert person["name"] == [statement["actor"]["name"]]
    assert xapi.data("getActivity", activityId=statement["object"]["id"]) == statement["object"]


def test_voiding(xapi: Xapi, served_on_each: Served) -> None:
    registration, batch = statements(3)
    xapi.data("sendStatements", statements=batch)
    wrong, kept, also_wrong = ids(batch)
    actor = batch[0]["actor"]
    (undo,) = xapi.data("voidStatement", actor=actor, statementId=wrong)
    assert served_on_each.stored(undo)["object"] == {"objectType": "StatementRef", "id": wrong}
    assert xapi.refusal("getStatement", statementId=wrong) == 404
    assert xapi.data("getVoidedStatement", voidedStatementId=wrong)["id"] == wrong
    xapi.data("voidStatements", actor=actor, statementIds=[also_wrong])
    assert not served_on_each.endpoint.is_there(also_wrong)
    assert xapi.refusal("getVoidedStatement", voidedStatementId=kept) == 404
    in_force = ids(xapi.data("getStatements", registration=registration)["statements"])
    assert in_force.count(kept) == 1
    assert not {wrong, also_wrong} & {*in_force}


@pytest.mark.parametrize(("noun", "body", "resource", "names"), DOCUMENTS, ids=[noun for noun, *_ in DOCUMENTS])
def test_documents(
    xapi: Xapi, served_on_each: Served, noun: str, body: str, resource: str, names: tuple[str, ...]
) -> None:
    registration, [statement] = statements(1)
    values: dict[str, Any] = {
        "activityId": statement["object"]["id"],
        "agent": statement["actor"],
        "stateId": "bookmark ä",
        "profileId": "preferences ä",
        "registration": registration,
    }
    where = {name: values[name] for name in names}

    def tag() -> str:
        got = xapi.ask(f"get{noun}", **where)
        assert got["data"] == content
        there = served_on_each.document(resource, **where)
        assert there.json() == content
        assert got["headers"]["etag"] == f'"{hashlib.sha1(there.content).hexdigest()}"'
        etag: str = got["headers"]["etag"]
        return etag

    content: Json = {"page": 1, "name": "作"}
    assert xapi.refusal(f"get{noun}", **where) == 404
    new = {"etag": "*", "matchHeader": "If-None-Match"}
    assert xapi.data(f"set{noun}", **where, **{body: content}, **new) in ("", None)
    assert xapi.refusal(f"set{noun}", **where, **{body: {"page": 0}}, **new) == 412
    first = tag()

    seen = {"etag": first, "matchHeader": "If-Match"}
    content = {"page": 2}
    xapi.data(f"set{noun}", **where, **{body: content}, **seen)
    assert xapi.refusal(f"set{noun}", **where, **{body: {"page": 3}}, **seen) == 412
    assert xapi.refusal(f"create{noun}", **where, **{body: {"page": 3}}, **seen) == 412
    assert xapi.refusal(f"delete{noun}", **where, etag=first) == 412
    second = tag()

    content = {"page": 2, "more": [True]}
    xapi.data(f"create{noun}", **where, **{body: {"more": [True]}}, etag=second, matchHeader="If-Match")
    third = tag()
    listed = {name: value for name, value in where.items() if name not in ("stateId", "profileId")}
    assert xapi.data(f"get{noun}s", **listed) == [values[names[-2 if noun == "State" else -1]]]

    xapi.data(f"delete{noun}", **where, etag=third)
    assert xapi.refusal(f"get{noun}", **where) == 404
    assert xapi.data(f"get{noun}s", **listed) == []


def test_a_document_of_another_type(xapi: Xapi, served_on_each: Served) -> None:
    _, [statement] = statements(1)
    where = {"activityId": statement["object"]["id"], "agent": statement["actor"], "stateId": "suspend_data"}
    xapi.data("setState", **where, state="2a1b|ü", contentType="text/plain")
    got = xapi.ask("getState", **where)
    assert (got["data"], got["headers"]["content-type"]) == ("2a1b|ü", "text/plain")
    assert xapi.data("deleteStates", activityId=where["activityId"], agent=where["agent"]) in ("", None)
    assert xapi.refusal("getState", **where) == 404


# --- attachments, which it can send by fetch alone: axios, outside a browser, changes the type of what it is given ---


@pytest.fixture(scope="module", params=["1.0.3", "2.0.0"])
def sender(served_on_each: Served, request: pytest.FixtureRequest) -> Iterator[Xapi]:
    """One process for the module."""
    with or_go_without(), running("xapi.js", served_on_each.url, *CREDENTIAL, request.param, "fetch") as process:
        yield Xapi(process, request.param)


def test_an_attachment(sender: Xapi, served_on_each: Served) -> None:
    content = "one line, äöü 作".encode()
    _, [statement] = statements(1, attachments=[attachment(content)])
    sent = sender.data("sendStatement", statement=statement, attachments=[in_base64(content)])
    assert sent == [statement["id"]]
    got, text = sender.data("getStatement", statementId=statement["id"], attachments=True)
    assert {name: got[name] for name in statement} == statement
    assert text == content.decode()
    assert served_on_each.contents(statement["id"]) == [content]
    page, text = sender.data("getStatements", registration=statement["context"]["registration"], attachments=True)
    assert (ids(page["statements"]), text) == ([statement["id"]], content.decode())


def test_several_attachments(sender: Xapi, served_on_each: Served) -> None:
    """What it sends lacks the line break between two contents."""
    contents = [f"content {number} of {sender.version}".encode() for number in range(4)]
    described = [attachment(one) for one in contents]
    batch = [statements(1, attachments=some)[1][0] for some in (described[:1], described[1:])]
    sent = sender.data("sendStatements", statements=batch, attachments=[in_base64(one) for one in contents])
    assert sent == ids(batch)
    assert served_on_each.contents(batch[0]["id"]) == contents[:1]
    assert sorted(served_on_each.contents(batch[1]["id"])) == contents[1:]
    _, *texts = sender.data("getStatement", statementId=batch[1]["id"], attachments=True)
    assert sorted(texts) == [one.decode() for one in contents[1:]]


def test_an_attachment_that_is_no_text(sender: Xapi, served_on_each: Served) -> None:
    content = binary()
    _, [statement] = statements(1, attachments=[attachment(content)])
    sender.data("sendStatement", statement=statement, attachments=[in_base64(content)])
    assert served_on_each.contents(statement["id"]) == [content]
    assert sender.refusal("sendStatement", statement=statement, attachments=[in_base64(b"another")]) == 400
