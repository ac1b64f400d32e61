"""TinCanJS, which speaks 1.0.2 and reckons the ETag of a document for itself; in node, and once in a browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.acceptance.endpoint import Json
from tests.acceptance.mixed_bodies import attachment, store
from tests.clients.node_process import NodeProcess, running
from tests.clients.served import PAGE_SIZE, Served, binary, ids, in_base64, statements
from tests.services.lrs_server import CREDENTIAL
from tests.services.missing import or_go_without

JSON = "application/json"
LIBRARY = "/tincanjs/build/tincan-min.js"
SEND_AND_READ = """([endpoint, username, password, statement, contents]) => new Promise((resolve) => {
    const lrs = new TinCan.LRS({ endpoint, username, password, allowFail: false });
    const sent = new TinCan.Statement(statement);
    contents.forEach((content, place) => sent.attachments[place].setContent(new Uint8Array(content).buffer));
    const bytes = ({ content }) => [...new Uint8Array(content)];
    const read = (error, found) => resolve(error || found.attachments.map(bytes));
    const look = (error) => error
        ? resolve(error)
        : lrs.retrieveStatement(statement.id, { params: { attachments: true }, callback: read });
    lrs.saveStatement(sent, { callback: look });
})"""


@pytest.fixture(scope="module")
def tincan(served: Served) -> Iterator[NodeProcess]:
    """One process for the module."""
    with or_go_without(), running("tincan.js", served.url, *CREDENTIAL) as process:
        yield process


def good(answer: Json) -> Json:
    """What its callback is given, when no error is."""
    assert answer["error"] is None, answer
    result: Json = answer["result"]
    return result


def test_it_sees_which_versions_are_spoken(tincan: NodeProcess) -> None:
    assert good(tincan.call("about", {}))["version"] == ["1.0.3", "2.0.0"]


def test_one_statement(tincan: NodeProcess, served: Served) -> None:
    _, [statement] = statements(1)
    assert good(tincan.call("saveStatement", statement))["status"] == 204
    found = good(tincan.call("retrieveStatement", statement["id"], {}))
    assert [found[name] for name in ("id", "actor", "context")] == [statement[n] for n in ("id", "actor", "context")]
    assert found["stored"] == served.stored(statement["id"])["stored"]
    assert good(tincan.call("saveStatement", statement))["status"] == 204
    other = {**statement, "result": {"success": True}}
    assert tincan.call("saveStatement", other)["error"] == 409


def test_a_batch_and_more_to_the_end(tincan: NodeProcess, served: Served) -> None:
    registration, batch = statements(2 * PAGE_SIZE + 1)
    assert good(tincan.call("saveStatements", batch))["status"] == 200
    page = good(tincan.call("queryStatements", {"params": {"registration": registration, "ascending": True}}))
    pages = [ids(page["statements"])]
    while page["more"]:
        page = good(tincan.call("moreStatements", {"url": page["more"]}))
        pages.append(ids(page["statements"]))
    assert [len(one) for one in pages] == [PAGE_SIZE, PAGE_SIZE, 1]
    assert [one for each in pages for one in each] == ids(batch)
    assert served.endpoint.found(registration=registration, ascending="true") == ids(batch)


def test_queries(tincan: NodeProcess) -> None:
    registration, [one] = statements(1)
    course = {"id": f"http://example.com/course/{registration}"}
    context = {**one["context"], "contextActivities": {"parent": [course]}}
    _, [other] = statements(1, actor=one["actor"], verb={"id": "http://example.com/verbs/other"}, context=context)
    good(tincan.call("saveStatements", [one, other]))

    def found(**query: object) -> list[str]:
        return ids(good(tincan.call("queryStatements", {"params": query}))["statements"])

    assert found(agent=one["actor"]) == [other["id"], one["id"]]
    assert found(agent=one["actor"], verb=other["verb"]) == [other["id"]]
    assert found(activity=one["object"]) == [one["id"]]
    assert found(activity=course) == []
    assert found(activity=course, related_activities=True) == [other["id"]]
    assert found(agent=one["actor"], related_agents=True, format="canonical", limit=1) == [other["id"]]


def test_voiding(tincan: NodeProcess, served: Served) -> None:
    _, [statement] = statements(1)
    good(tincan.call("saveStatement", statement))
    undo = tincan.call("voidStatement", statement["id"], statement["actor"])
    assert good(undo)["status"] == 204
    assert served.stored(undo["id"])["object"]["id"] == statement["id"]
    assert tincan.call("retrieveStatement", statement["id"], {})["error"] == 404
    assert good(tincan.call("retrieveVoidedStatement", statement["id"], {}))["id"] == statement["id"]


def test_states(tincan: NodeProcess, served: Served) -> None:
    registration, [statement] = statements(1)
    where = {"activity": statement["object"], "agent": statement["actor"], "registration": registration}
    assert tincan.call("retrieveState", "resume", where) == {"error": None, "result": None}
    good(tincan.call("saveState", "resume", {"page": "ä"}, {**where, "contentType": JSON}))
    kept = good(tincan.call("retrieveState", "resume", where))
    assert (kept["contents"], kept["contentType"]) == ({"page": "ä"}, JSON)

    own = '"' + tincan.call("sha1", '{"page":"ä"}') + '"'
    assert kept["etag"] == own
    good(tincan.call("saveState", "resume", {"page": 2}, {**where, "contentType": JSON, "lastSHA1": own}))
    lost = tincan.call("saveState", "resume", {"page": 3}, {**where, "contentType": JSON, "lastSHA1": own})
    assert lost["error"] == 412
    there = served.document(
        "activities/state",
        activityId=statement["object"]["id"],
        agent=statement["actor"],
        stateId="resume",
        registration=registration,
    )
    assert there.json() == {"page": 2}
    good(tincan.call("saveState", "resume", {"more": 1}, {**where, "contentType": JSON, "method": "POST"}))
    assert good(tincan.call("retrieveState", "resume", where))["contents"] == {"page": 2, "more": 1}

    good(tincan.call("saveState", "raw", "a|b|ü", where))
    raw = good(tincan.call("retrieveState", "raw", where))
    assert (raw["contents"], raw["contentType"]) == ("a|b|ü", "application/octet-stream")
    assert sorted(tincan.call("retrieveStateIds", where)["result"]) == ["raw", "resume"]
    good(tincan.call("dropState", "raw", where))
    good(tincan.call("dropState", None, where))
    assert tincan.call("retrieveStateIds", where)["result"] == []


@pytest.mark.parametrize(
    ("noun", "owner", "resource", "name"),
    [
        ("AgentProfile", "agent", "agents/profile", "agent"),
        ("ActivityProfile", "activity", "activities/profile", "activityId"),
    ],
)
def test_profiles(tincan: NodeProcess, served: Served, noun: str, owner: str, resource: str, name: str) -> None:
    _, [statement] = statements(1)
    where = {owner: statement["actor"] if owner == "agent" else statement["object"]}

    def save(content: Json, **options: object) -> Json:
        answer: Json = tincan.call(f"save{noun}", "settings", content, {**where, "contentType": JSON, **options})
        return answer

    good(save({"font": 1}))
    kept = good(tincan.call(f"retrieve{noun}", "settings", where))
    assert kept["contents"] == {"font": 1}
    assert kept["etag"] == '"' + tincan.call("sha1", '{"font":1}') + '"'
    assert save({"font": 0})["error"] == 412
    good(save({"font": 2}, lastSHA1=kept["etag"]))
    assert save({"font": 3}, lastSHA1=kept["etag"])["error"] == 412
    owned = statement["actor"] if owner == "agent" else statement["object"]["id"]
    assert served.document(resource, **{name: owned}, profileId="settings").json() == {"font": 2}
    assert tincan.call(f"retrieve{noun}Ids", where)["result"] == ["settings"]
    good(tincan.call(f"drop{noun}", "settings", where))
    assert tincan.call(f"retrieve{noun}", "settings", where) == {"error": None, "result": None}


def with_contents(*contents: bytes) -> Json:
    """A statement as its script takes it: with the contents of its attachments."""
    _, [statement] = statements(1)
    statement["attachments"] = [{**attachment(one), "content": in_base64(one)} for one in contents]
    return statement


def test_an_attachment(tincan: NodeProcess, served: Served) -> None:
    content = "two lines,\r\näöü 作".encode()
    statement = with_contents(content)
    good(tincan.call("saveStatement", statement))
    assert served.contents(statement["id"]) == [content]
    found = good(tincan.call("retrieveStatement", statement["id"], {"params": {"attachments": True}}))
    assert found["contents"] == [in_base64(content)]
    query = {"registration": statement["context"]["registration"], "attachments": True}
    page = good(tincan.call("queryStatements", {"params": query}))
    assert [one["contents"] for one in page["statements"]] == [[in_base64(content)]]


def test_several_attachments(tincan: NodeProcess, served: Served) -> None:
    """What it sends lacks the line break between two contents."""
    contents = [f"TinCanJS, content {number}".encode() for number in range(3)]
    batch = [with_contents(*contents[:2]), with_contents(contents[2])]
    good(tincan.call("saveStatements", batch))
    assert sorted(served.contents(batch[0]["id"])) == contents[:2]
    found = good(tincan.call("retrieveStatement", batch[0]["id"], {"params": {"attachments": True}}))
    assert found["contents"] == [in_base64(one) for one in contents[:2]]
    assert served.contents(batch[1]["id"]) == [contents[2]]


def test_it_reads_attachments_that_are_no_text(tincan: NodeProcess, served: Served) -> None:
    """It spoils what it sends, which is refused; but it reads what others sent."""
    content = binary()
    statement = with_contents(content)
    assert tincan.call("saveStatement", statement)["error"] == 400
    assert not served.endpoint.is_there(statement["id"])
    described = {**statement, "attachments": [attachment(content)]}
    store(served.endpoint, described, content)
    found = good(tincan.call("retrieveStatement", statement["id"], {"params": {"attachments": True}}))
    assert found["contents"] == [in_base64(content)]


def test_in_a_browser_it_sends_them_too(page: Page, content_origin: str, served: Served) -> None:
    contents = [binary(), binary()]
    _, [statement] = statements(1, attachments=[attachment(one) for one in contents])
    page.goto(f"{content_origin}/lesson")
    page.add_script_tag(url=content_origin + LIBRARY)
    given = [served.url, *CREDENTIAL, statement, [[*one] for one in contents]]
    assert page.evaluate(SEND_AND_READ, given) == [[*one] for one in contents]
    assert sorted(served.contents(statement["id"])) == sorted(contents)
