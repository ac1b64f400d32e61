"""What a statement is found by is what xAPI Communication 2.1.3 lets one ask for: nothing less, and nothing more."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.statement_log.search import terms_of
from lrs.statement_log.search_keys import Term, key_of, keys_of, search_terms
from schemas.statement_query import read_statement_query
from schemas.version import XapiVersion
from tests.properties.statements import statements

SALT = bytes(range(32))
AUTHORITY = {"objectType": "Agent", "account": {"homePage": "https://lrs.example", "name": "key"}}
REGISTRATION = "A9A9B8C7-1111-4222-8333-0123456789AB"
ROLES = ["verb", "activity", "agent", "registration", "related_activity", "related_agent", "authority", "tenant"]
TERMS = st.tuples(st.sampled_from(ROLES), st.text(st.characters(codec="utf-8"), max_size=20))


def mbox(name: str) -> dict[str, Any]:
    """An Agent."""
    return {"mbox": f"mailto:{name}@example.com"}


def group(name: str | None, *members: str) -> dict[str, Any]:
    """A Group, anonymous without a name."""
    return {"objectType": "Group", **(mbox(name) if name else {}), "member": [mbox(one) for one in members]}


def activity(name: str) -> dict[str, Any]:
    """An Activity."""
    return {"id": f"http://example.com/{name}"}


CONTEXT = {
    "registration": REGISTRATION,
    "instructor": group("teachers", "tess"),
    "team": group(None, "mate"),
    "contextActivities": {
        "parent": [activity("parent"), activity("parent2")],
        "grouping": activity("grouping"),
        "category": [activity("category")],
        "other": [activity("other")],
    },
    "contextAgents": [{"objectType": "contextAgent", "agent": mbox("mentor")}],
    "contextGroups": [{"objectType": "contextGroup", "group": group("class", "peer")}],
    "statement": {"objectType": "StatementRef", "id": REGISTRATION},
}
CONTEXT_ACTIVITIES = {"parent", "parent2", "grouping", "category", "other"}
CONTEXT_AGENTS = {"teachers", "tess", "mate", "mentor", "class", "peer"}


def named(terms: set[Term], role: str) -> set[str]:
    """The texts of one role, as names where they are ours."""
    return {
        text.removeprefix("http://example.com/").removeprefix("mbox:mailto:").removesuffix("@example.com")
        for its_role, text in terms
        if its_role == role
    }


def test_every_part_of_a_statement() -> None:
    terms = search_terms(
        {"actor": group("crew", "ann", "bo"), "verb": activity("did"), "object": activity("page"), "context": CONTEXT},
        AUTHORITY,
    )
    key = "account:https://lrs.example|key"
    assert {role: named(terms, role) for role, _ in terms} == {
        "verb": {"did"},
        "activity": {"page"},
        "agent": {"crew", "ann", "bo"},
        "registration": {REGISTRATION.lower()},
        "related_activity": {"page", *CONTEXT_ACTIVITIES},
        "related_agent": {"crew", "ann", "bo", key, *CONTEXT_AGENTS},
        "authority": {key},
        "tenant": {""},
    }


def test_a_substatement_is_looked_into_by_the_related_filters_only() -> None:
    inner = {
        "objectType": "SubStatement",
        "actor": mbox("ann"),
        "verb": activity("will-do"),
        "object": activity("page"),
        "context": CONTEXT,
    }
    terms = search_terms({"actor": mbox("planner"), "verb": activity("planned"), "object": inner}, AUTHORITY)
    assert named(terms, "verb") == {"planned"}
    assert named(terms, "agent") == {"planner"}
    assert named(terms, "activity") == set()
    assert named(terms, "registration") == set()
    assert named(terms, "related_activity") == {"page", *CONTEXT_ACTIVITIES}
    assert named(terms, "related_agent") >= {"planner", "ann", *CONTEXT_AGENTS}


@pytest.mark.parametrize("inner", [False, True])
def test_an_agent_as_the_object(inner: bool) -> None:
    target = {"objectType": "Agent", **mbox("bo")}
    statement: dict[str, Any] = {"actor": mbox("ann"), "verb": activity("met"), "object": target}
    if inner:
        statement = {**statement, "object": {"objectType": "SubStatement", **statement}}
    terms = search_terms(statement, AUTHORITY)
    assert named(terms, "agent") == ({"ann"} if inner else {"ann", "bo"})
    assert named(terms, "related_agent") >= {"ann", "bo"}
    assert named(terms, "related_activity") == named(terms, "activity") == set()


@pytest.mark.parametrize(
    ("agent", "text"),
    [
        (mbox("ann"), "mbox:mailto:ann@example.com"),
        ({"mbox_sha1sum": "0" * 40, "name": "Ann"}, "mbox_sha1sum:" + "0" * 40),
        ({"openid": "https://ann.example/"}, "openid:https://ann.example/"),
        ({"account": {"name": "ann", "homePage": "https://a.example"}}, "account:https://a.example|ann"),
    ],
)
def test_who_somebody_is(agent: dict[str, Any], text: str) -> None:
    """A name is no part of it; a statement is found by what a query for the same Agent asks."""
    terms = search_terms({"actor": agent, "verb": activity("did"), "object": activity("page")}, AUTHORITY)
    assert ("agent", text) in terms
    asked = read_statement_query([("agent", str({**agent, "name": "Other"}).replace("'", '"'))], XapiVersion.V1_0_3)
    assert terms_of(asked) == {("agent", text)}


def test_what_a_query_asks_for() -> None:
    params = [
        ("verb", "http://example.com/did"),
        ("activity", "http://example.com/page"),
        ("agent", '{"mbox":"mailto:ann@example.com"}'),
        ("registration", REGISTRATION),
    ]
    plain = {
        ("verb", "http://example.com/did"),
        ("activity", "http://example.com/page"),
        ("agent", "mbox:mailto:ann@example.com"),
        ("registration", REGISTRATION.lower()),
    }
    wide = [("related_activities", "true"), ("related_agents", "true")]
    version = XapiVersion.V1_0_3
    assert terms_of(read_statement_query(params, version)) == plain
    assert terms_of(read_statement_query([*params, *wide], version)) == {
        (f"related_{role}" if role in ("activity", "agent") else role, text) for role, text in plain
    }
    assert terms_of(read_statement_query(wide, version)) == set()


@given(st.sampled_from(XapiVersion).flatmap(statements))
def test_what_is_found_narrowly_is_found_widely(statement: dict[str, Any]) -> None:
    """related_ filters add matches and take none away."""
    terms = search_terms(statement, AUTHORITY)
    for role in ("agent", "activity", "authority"):
        wide = "related_agent" if role == "authority" else f"related_{role}"
        assert {(wide, text) for found, text in terms if found == role} <= terms


@given(st.sets(TERMS, max_size=20))
def test_keys_are_what_a_query_computes(terms: set[Term]) -> None:
    keys = keys_of(terms, SALT)
    assert keys == sorted(key_of(term, SALT) for term in terms)
    assert all(-(2**63) <= key < 2**63 for key in keys)
    assert len(set(keys)) == len(terms)


def test_a_key_depends_on_role_text_and_salt() -> None:
    variants = [
        key_of(("verb", "x"), SALT),
        key_of(("activity", "x"), SALT),
        key_of(("verb", "X"), SALT),
        key_of(("verb", ""), SALT),
        key_of(("verbx", ""), SALT),
        key_of(("verb", "x"), bytes(32)),
    ]
    assert len(set(variants)) == len(variants)


def test_keys_never_change() -> None:
    """Pinned: the log holds the keys of old statements, and nothing in it is ever written again."""
    found = [key_of(("verb", "http://adlnet.gov/expapi/verbs/voided"), SALT), key_of(("agent", "openid:ä"), SALT)]
    assert found == [-8489969933732641218, 4133157786769974029]
