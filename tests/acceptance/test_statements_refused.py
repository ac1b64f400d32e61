"""Whoever asks the statements resource wrongly is refused with a 4xx that names the place, and nothing is stored.

Bodies that are refused are in test_statement_bodies.py.
"""

import base64

import pytest

from tests.acceptance.endpoint import Endpoint, Json, new_statement, paths
from tests.services.lrs_server import CREDENTIAL

pytestmark = pytest.mark.one_database("embedded")

ID = "5f0c4e57-6d1b-4a52-8f0c-7e1c0f2a3b41"  # nothing has it
KEY, SECRET = CREDENTIAL

# --- who asks, and in which version ------------------------------------------------------------------------------


def basic(text: bytes) -> str:
    """The header of HTTP Basic."""
    return "Basic " + base64.b64encode(text).decode()


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT"])
@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Basic",
        "Basic ????",
        "Bearer abc",
        basic(b"no colon"),
        basic(f"{KEY}:wrong".encode()),
        basic(f"{KEY}:".encode()),
        basic(f"nobody:{SECRET}".encode()),
        basic(f"{KEY.upper()}:{SECRET}".encode()),
        basic(b"\xff:\xff"),
        basic(b"a\0b:c"),
    ],
)
def test_nobody_is_let_in_without_a_credential(endpoint: Endpoint, method: str, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    statement = new_statement()
    options: Json = {"headers": headers, "auth": None, "params": {"statementId": statement["id"]}}
    if method == "POST":
        del options["params"]
    ask = endpoint.ask(method, **options) if method in ("GET", "HEAD") else endpoint.send(statement, method, **options)
    assert ask.status_code == 401
    assert ask.headers["WWW-Authenticate"].startswith("Basic ")
    assert not endpoint.is_there(statement["id"])


@pytest.mark.parametrize("version", [None, "", "1", "0.9", "0.95", "1.1.0", "2.1.0", "3.0.0", "1.0.3, 2.0.0", "x"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_a_version_that_is_not_spoken(endpoint: Endpoint, method: str, version: str | None) -> None:
    statement = new_statement()
    params = None if method == "POST" else {"statementId": statement["id"]}
    if method == "GET":
        answer = endpoint.ask("GET", params=params, version=version)
    else:
        answer = endpoint.send(statement, method, params=params, version=version)
    assert paths(answer) == ["X-Experience-API-Version"]
    assert not endpoint.is_there(statement["id"])


@pytest.mark.parametrize("method", ["DELETE", "PATCH"])
def test_other_methods(endpoint: Endpoint, method: str) -> None:
    answer = endpoint.ask(method)
    assert answer.status_code == 405
    assert answer.headers["Allow"]


# --- parameters --------------------------------------------------------------------------------------------------

AGENT = '{"mbox":"mailto:ann@example.com"}'
REFUSED_QUERIES = [
    ("nonsense=1", ["nonsense"]),
    ("Verb=http://example.com/v", ["Verb"]),
    ("statementid=" + ID, ["statementid"]),
    ("Limit=1&ASCENDING=true", ["Limit", "ASCENDING"]),
    ("verb=http://example.com/v&verb=http://example.com/v", ["verb"]),
    ("statementId=1", ["statementId"]),
    ("statementId=", ["statementId"]),
    ("voidedStatementId=%00", ["voidedStatementId"]),
    (f"statementId={ID}&voidedStatementId={ID}", ["voidedStatementId"]),
    (f"statementId={ID}&limit=1&verb=http://example.com/v", ["limit", "verb"]),
    (f"voidedStatementId={ID}&since=2020-01-01T00:00:00Z", ["since"]),
    ("agent=ann", ["agent"]),
    ("agent={}", ["agent"]),
    ("agent=" + AGENT[:-1], ["agent"]),
    (f"agent=[{AGENT}]", ["agent"]),
    ('agent={"objectType":"Group","member":[]}', ["agent"]),
    ('agent={"mbox":"mailto:ann@example.com","mbox":"mailto:bob@example.com"}', ["agent"]),
    ('agent={"account":{"homePage":"http://example.com/","name":"%5Cu0000"}}', ["agent"]),
    ('agent={"mbox":"ann@example.com"}', ["agent.mbox"]),
    ("agent=" + "%5B" * 3000, ["agent"]),
    ("verb=did", ["verb"]),
    ("verb=http://example.com/%00", ["verb"]),
    ("activity=a%20b", ["activity"]),
    ("registration=" + ID[:-1], ["registration"]),
    ("related_agents=yes", ["related_agents"]),
    ("related_activities=1", ["related_activities"]),
    ("ascending=", ["ascending"]),
    ("since=yesterday", ["since"]),
    ("since=2020-13-01T00:00:00Z", ["since"]),
    ("until=2020-01-01T00:00:00-00:00", ["until"]),
    ("until=0001-01-01T00:00:00%2B23:00", ["until"]),
    ("limit=-1", ["limit"]),
    ("limit=1.0", ["limit"]),
    ("limit=%D9%A1", ["limit"]),
    ("limit=" + "9" * 19, ["limit"]),
    ("format=short", ["format"]),
    ("attachments=maybe", ["attachments"]),
    ("more=", ["more"]),
    ("more=AAAA", ["more"]),
    ("more=%FF%00", ["more"]),
    ("more=AAAA&limit=1", ["more"]),
    ("%FF=%FF", ['["\N{REPLACEMENT CHARACTER}"]']),
    ("%00=1", [r'["\u0000"]']),
]


@pytest.mark.parametrize(("query", "named"), REFUSED_QUERIES, ids=[query[:40] for query, _ in REFUSED_QUERIES])
def test_a_query_that_is_refused_names_the_parameter(endpoint: Endpoint, query: str, named: list[str]) -> None:
    found = paths(endpoint.ask("GET", f"/xapi/statements?{query}"))
    assert sorted(set(found)) == sorted(named)


def test_a_link_to_more_that_was_changed(endpoint: Endpoint) -> None:
    endpoint.post([new_statement() for _ in range(2)])
    more = endpoint.get(limit=1).json()["more"]
    start = more.index("more=") + len("more=")
    for place in range(start, len(more), 7):
        changed = more[:place] + ("A" if more[place] != "A" else "B") + more[place + 1 :]
        assert paths(endpoint.ask("GET", changed)) == ["more"]
    assert endpoint.ask("GET", more).status_code == 200


@pytest.mark.parametrize(
    ("method", "query", "named"),
    [
        ("PUT", "", ["statementId"]),
        ("PUT", "?statementid=" + ID, ["statementid"]),
        ("PUT", "?statementId=1", ["statementId"]),
        ("PUT", f"?statementId={ID}&statementId={ID}", ["statementId"]),
        ("PUT", f"?statementId={ID}&extra=1", ["extra"]),
        ("PUT", f"?statementId={ID}", ["id"]),
        ("POST", f"?statementId={ID}", ["statementId"]),
        ("POST", "?x=%00", ["x"]),
    ],
)
def test_parameters_of_what_is_sent(endpoint: Endpoint, method: str, query: str, named: list[str]) -> None:
    statement = new_statement()
    answer = endpoint.send(statement, method, path=f"/xapi/statements{query}")
    assert paths(answer) == named
    assert not endpoint.is_there(statement["id"])
    assert not endpoint.is_there(ID)
