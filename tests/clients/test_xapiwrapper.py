"""ADL's xAPIWrapper in a browser, in a page of another origin: so it is used, and so it sees what CORS lets it see.

It speaks 1.0.1, and quotes the SHA-1 of a document for itself.
"""

import hashlib
import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from playwright.sync_api import Page

from tests.acceptance.endpoint import VOIDED, Json, new_statement
from tests.clients.content_pages import TOKEN
from tests.clients.served import PAGE_SIZE, Served, ids, statements

LIBRARY = "/xapiwrapper/dist/xapiwrapper.min.js"
ASK = """([method, before, after]) => new Promise((resolve) => {
    const done = (error, xhr, body) => resolve({
        error: error && error.message,
        status: xhr.status,
        etag: xhr.getResponseHeader("ETag"),
        through: xhr.getResponseHeader("X-Experience-API-Consistent-Through"),
        body,
    });
    ADL.XAPIWrapper[method](...before, done, ...after);
})"""
AT_ONCE = "([method, given]) => ADL.XAPIWrapper[method](...given)"


class Wrapper:
    """The library in its page."""

    def __init__(self, page: Page, learner: Json, registration: str) -> None:
        self._page = page
        self.learner = learner
        self.registration = registration

    def ask(self, method: str, *before: Any, after: tuple[Any, ...] = ()) -> Json:
        """What its callback is given; `after` are the arguments that come behind the callback."""
        answer: Json = self._page.evaluate(ASK, [method, before, after])
        return answer

    def good(self, method: str, *before: Any, after: tuple[Any, ...] = ()) -> Any:
        """The body of an answer that must be good."""
        answer = self.ask(method, *before, after=after)
        assert answer["error"] is None, answer
        return answer["body"]

    def at_once(self, method: str, *given: Any) -> Any:
        """What it answers without a callback, having waited."""
        return self._page.evaluate(AT_ONCE, [method, given])


@pytest.fixture
def wrapper(page: Page, content_origin: str, served: Served) -> Wrapper:
    """A page that has loaded the library and was launched with an endpoint, a credential, a learner, a registration."""
    registration, [statement] = statements(1)
    launched = {
        "endpoint": served.url,
        "auth": f"Basic {TOKEN}",
        "actor": json.dumps(statement["actor"]),
        "registration": registration,
    }
    page.goto(f"{content_origin}/lesson?{urlencode(launched, quote_via=quote)}")
    page.add_script_tag(url=content_origin + LIBRARY)
    page.evaluate("ADL.XAPIWrapper.changeConfig({strictCallbacks: true})")
    return Wrapper(page, statement["actor"], registration)


def without_actor(count: int = 1) -> list[Json]:
    """Statements whose learner and registration the launch gives."""
    batch = [new_statement() for _ in range(count)]
    for one in batch:
        del one["actor"]
    return batch


def test_statements(wrapper: Wrapper, served: Served) -> None:
    [statement] = without_actor()
    sent = wrapper.ask("sendStatement", statement)
    assert (sent["error"], sent["status"], sent["body"]) == (None, 200, {"id": statement["id"]})
    stored = served.stored(statement["id"])
    assert (stored["actor"], stored["context"]) == (wrapper.learner, {"registration": wrapper.registration})
    other = {**statement, "verb": {"id": "http://example.com/verbs/other"}}
    assert wrapper.ask("sendStatement", other)["error"] == "Request error: 409"
    assert wrapper.ask("sendStatement", {**other, "id": "7"})["error"] == "Request error: 400"

    batch = without_actor(2 * PAGE_SIZE)
    assert wrapper.good("sendStatements", batch) == ids(batch)
    found = wrapper.ask("getStatements", {"registration": wrapper.registration, "ascending": True}, None)
    assert found["through"] >= stored["stored"]
    pages = [found["body"]]
    while pages[-1]["more"]:
        pages.append(wrapper.good("getStatements", None, pages[-1]["more"]))
    assert [len(one["statements"]) for one in pages] == [PAGE_SIZE, PAGE_SIZE, 1]
    assert [one for each in pages for one in ids(each["statements"])] == [statement["id"], *ids(batch)]

    undo = new_statement(verb={"id": VOIDED}, object={"objectType": "StatementRef", "id": statement["id"]})
    wrapper.good("sendStatement", undo)
    assert wrapper.at_once("getStatements", {"statementId": statement["id"]}) is None
    assert wrapper.at_once("getStatements", {"voidedStatementId": statement["id"]})["id"] == statement["id"]


def test_queries(wrapper: Wrapper) -> None:
    one, other = without_actor(2)
    one["object"] = {"id": f"http://example.com/{wrapper.registration}"}
    wrapper.good("sendStatements", [one, other])
    stored = wrapper.at_once("getStatements", {"statementId": other["id"]})["stored"]

    def found(**query: Any) -> list[str]:
        return ids(wrapper.at_once("getStatements", query)["statements"])

    learner = json.dumps(wrapper.learner)
    assert found(agent=learner, format="exact") == [other["id"], one["id"]]
    assert found(agent=learner, limit=1) == [other["id"]]
    assert found(activity=one["object"]["id"]) == [one["id"]]
    assert found(activity=one["object"]["id"], verb="http://example.com/verbs/other") == []
    assert found(agent=learner, since="2026-01-01") == [other["id"], one["id"]]
    assert found(agent=learner, until="2026-01-01") == []
    assert found(agent=learner, since=stored[:-4] + "Z", related_agents=True)  # it knows milliseconds only


def test_agents_and_activities(wrapper: Wrapper) -> None:
    [statement] = without_actor()
    definition = {"name": {"en-US": "Lesson one"}}
    statement["object"] = {"id": f"http://example.com/{wrapper.registration}", "definition": definition}
    wrapper.good("sendStatement", statement)
    assert wrapper.good("getAgents", wrapper.learner)["mbox"] == [wrapper.learner["mbox"]]
    assert wrapper.good("getActivities", statement["object"]["id"])["definition"] == definition


@pytest.mark.parametrize("number", [1, 3])
def test_attachments(wrapper: Wrapper, served: Served, number: int) -> None:
    contents = [f"attachment {place} of {number}, ä作\r\n" for place in range(number)]
    kind = {"usageType": "http://example.com/usage", "display": {"en": "A text"}, "contentType": "text/plain"}
    [statement] = without_actor()
    sent = [{"type": {**kind}, "value": content} for content in contents]  # it writes into each type
    wrapper.good("sendStatement", statement, after=(sent,))
    assert sorted(served.contents(statement["id"])) == [one.encode() for one in contents]


@pytest.mark.parametrize(
    ("noun", "resource", "owner", "name"),
    [
        ("State", "activities/state", "activityId agent", "stateId"),
        ("AgentProfile", "agents/profile", "agent", "profileId"),
        ("ActivityProfile", "activities/profile", "activityId", "profileId"),
    ],
)
def test_documents(wrapper: Wrapper, served: Served, noun: str, resource: str, owner: str, name: str) -> None:
    values = {"activityId": f"http://example.com/{wrapper.registration}", "agent": wrapper.learner}
    owners = [values[one] for one in owner.split()]
    more = [wrapper.registration] if noun == "State" else []
    where: dict[str, Any] = {one: values[one] for one in owner.split()} | {name: "resume"}
    where |= {"registration": wrapper.registration} if more else {}

    def send(content: Any, match: str | None = None, none_match: str | None = None) -> Json:
        return wrapper.ask(f"send{noun}", *owners, "resume", *more, content, match, none_match)

    def get(identity: str | None = "resume") -> Json:
        return wrapper.ask(f"get{noun}", *owners, identity, *more, None)

    def delete(match: str) -> Json:
        return wrapper.ask(f"delete{noun}", *owners, "resume", *more, match, None)

    assert get()["status"] == 404
    assert send("page ä", none_match="*")["status"] == 204
    assert send("page 0", none_match="*")["error"] == "Request error: 412"
    first = hashlib.sha1("page ä".encode()).hexdigest()
    kept = get()
    assert (kept["body"], kept["etag"]) == ("page ä", f'"{first}"')
    assert send([1, 2], match=first)["status"] == 204
    assert send([3], match=first)["error"] == "Request error: 412"
    assert delete(first)["error"] == "Request error: 412"
    assert served.document(resource, **where).json() == [1, 2]
    second = hashlib.sha1(b"[1,2]").hexdigest()
    assert delete(second)["status"] == 204
    assert send({"page": 1}, none_match="*")["status"] == 204
    tag = get()["etag"].strip('"')
    assert send({"more": "ä"}, match=tag)["status"] == 204
    assert get()["body"] == {"page": 1, "more": "ä"}
    if noun != "AgentProfile":  # whose list it asks for with the profileId undefined
        assert get(None)["body"] == ["resume"]
