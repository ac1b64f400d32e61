"""Each repair, on what the software it is for sends; what has two readings is left as it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from schemas.judgement import judge
from schemas.repair import NO_NAME, Rule, repaired
from schemas.version import XapiVersion
from tests.acceptance.corpora import statements_of
from tests.acceptance.corpus_refusals import REFUSED
from tests.unit.schemas.statement_parts import ACTIVITY, AGENT, REFERENCE, V1, V2, faults, faults_of, statement

HOME = "https://lrs.example/accounts-of/key"
PAGE = "http://site.example"
UUID = "438AD672-DE2C-4F0B-8876-35444E7DD746"
URN = "urn:uuid:438ad672-de2c-4f0b-8876-35444e7dd746"
SCORE = {"raw": 0.0, "min": 0.0, "max": 0}


def with_account(account: Any, **more: Any) -> dict[str, Any]:
    return {"objectType": "Agent", "account": account, **more}


def about(**definition: Any) -> dict[str, Any]:
    return {**ACTIVITY, "definition": definition}


def around(**context: Any) -> dict[str, Any]:
    return {"contextActivities": context}


REPAIRS: list[tuple[Rule, str, Any, Any]] = [
    (
        Rule.GROUP_ACTIVITY,
        "object",
        {**ACTIVITY, "objectType": "GroupActivity"},
        {**ACTIVITY, "objectType": "Activity"},
    ),
    (
        Rule.GROUP_ACTIVITY,
        "context",
        around(parent=[{**ACTIVITY, "objectType": "GroupActivity"}]),
        around(parent=[{**ACTIVITY, "objectType": "Activity"}]),
    ),
    (
        Rule.ACTIVITY_UUID,
        "context",
        around(grouping=[ACTIVITY, {"id": UUID}]),
        around(grouping=[ACTIVITY, {"id": URN}]),
    ),
    (Rule.ACTIVITY_UUID, "context", around(other={"id": UUID}), around(other={"id": URN})),
    (
        Rule.ACTIVITY_UUID,
        "object",
        {"objectType": "Activity", "id": UUID.lower()},
        {"objectType": "Activity", "id": URN},
    ),
    (Rule.ACCOUNT_HOME_PAGE, "actor", with_account({"name": "7"}), with_account({"name": "7", "homePage": HOME})),
    (
        Rule.ACCOUNT_HOME_PAGE,
        "actor",
        with_account({"name": "7", "homePage": None}, name="Ada"),
        with_account({"name": "7", "homePage": HOME}, name="Ada"),
    ),
    (
        Rule.ACCOUNT_HOME_PAGE,
        "context",
        {"instructor": {"objectType": "Group", "member": [with_account({"name": "7", "homePage": ""})]}},
        {"instructor": {"objectType": "Group", "member": [with_account({"name": "7", "homePage": HOME})]}},
    ),
    (Rule.ACCOUNT_HOME_PAGE, "actor", with_account({"name": "7"}, **AGENT), {"objectType": "Agent", **AGENT}),
    (
        Rule.ACCOUNT_NAME,
        "actor",
        with_account({"name": "", "homePage": PAGE}),
        with_account({"name": NO_NAME, "homePage": PAGE}),
    ),
    (
        Rule.ACCOUNT_NAME,
        "actor",
        with_account({"name": "", "homePage": PAGE}, **AGENT),
        {"objectType": "Agent", **AGENT},
    ),
    (Rule.INTERACTION_TYPE, "object", about(interactionType="compound"), about(interactionType="other")),
    (Rule.INTERACTION_TYPE, "object", about(interactionType="Long-Fill-In"), about(interactionType="long-fill-in")),
    (
        Rule.ACTIVITY_EXTENSIONS,
        "object",
        {**about(name={"en": "A"}), "extensions": {"x:y": 1}},
        about(name={"en": "A"}, extensions={"x:y": 1}),
    ),
    (
        Rule.ACTIVITY_EXTENSIONS,
        "object",
        {**ACTIVITY, "extensions": {"x:y": {"a": []}}},
        about(extensions={"x:y": {"a": []}}),
    ),
    (
        Rule.LANGUAGE_MAP,
        "object",
        about(name="A", description={"en": "B"}),
        about(name={"und": "A"}, description={"en": "B"}),
    ),
    (
        Rule.LANGUAGE_MAP,
        "verb",
        {"id": "http://example.com/did", "display": "did"},
        {"id": "http://example.com/did", "display": {"und": "did"}},
    ),
    (Rule.SCORE_RANGE, "result", {"score": {**SCORE, "scaled": 0}}, {"score": {"raw": 0.0, "scaled": 0}}),
    (Rule.SCORE_RANGE, "result", {"score": {"min": 5, "max": 5.0}}, {"score": {}}),
]


@pytest.mark.parametrize(("rule", "name", "sent", "meant"), REPAIRS)
@pytest.mark.parametrize("within", [False, True])
def test_one_safe_reading(rule: Rule, name: str, sent: Any, meant: Any, within: bool) -> None:
    def whole(part: Any) -> dict[str, Any]:
        value = statement(**{name: part})
        return statement(object={"objectType": "SubStatement", **value}) if within else value

    assert faults(whole(sent)) != set()
    found = repaired(json.dumps(whole(sent)).encode(), HOME)
    assert found is not None
    assert found.rules == (rule,)
    assert json.loads(found.text) == whole(meant)
    assert faults_of(found.text) == set()


def test_what_2_0_adds() -> None:
    agent = {"objectType": "contextAgent", "agent": with_account({"name": "7"})}
    group = {"objectType": "contextGroup", "group": {"objectType": "Group", "account": {"name": "", "homePage": PAGE}}}
    value = statement(context={"contextAgents": [agent], "contextGroups": [group]})
    assert faults(value, V2) != set()
    found = repaired(json.dumps(value).encode(), HOME)
    assert found is not None
    assert set(found.rules) == {Rule.ACCOUNT_HOME_PAGE, Rule.ACCOUNT_NAME}
    assert faults_of(found.text, V2) == set()


@pytest.mark.parametrize(
    "parts",
    [
        {"object": {"id": UUID}},  # a statement's, perhaps
        {"object": {**REFERENCE, "objectType": "statementRef"}},
        {"object": {**ACTIVITY, "objectType": "groupactivity"}},
        {"actor": with_account({"name": ""})},
        {"actor": with_account({"homePage": PAGE})},
        {"actor": with_account({"name": 7})},
        {"actor": with_account({"name": None, "homePage": PAGE})},
        {"actor": with_account({"name": "7", "homePage": "site"})},
        {"actor": with_account({"name": "7", "homePage": 0})},
        {"actor": with_account({"name": "7", "homePage": PAGE}, **AGENT)},
        {"object": about(interactionType="essay")},
        {"object": about(interactionType=None)},
        {"object": {**about(extensions={}), "extensions": {"x:y": 1}}},
        {"object": {**ACTIVITY, "extensions": []}},
        {"object": about(name=["A"])},
        {"result": {"score": {"raw": 7, "min": 0, "max": 0}}},
        {"result": {"score": {"raw": 1, "min": 2, "max": 0}}},
        {"result": {"score": {"min": "0", "max": "0"}}},
        {"actor": None},
        {"object": []},
        {"context": {"contextActivities": [ACTIVITY]}},
    ],
)
def test_what_has_no_single_reading_is_left(parts: dict[str, Any]) -> None:
    value = statement(**parts)
    assert faults(value) != set()
    assert repaired(json.dumps(value).encode(), HOME) is None


@pytest.mark.parametrize(
    "text", [b"1", b"[]", b'"x"', b"null", b'{"a":1,"a":2}', b'{"a":"\\u0000"}', b"[" * 200 + b"]" * 200]
)
def test_what_is_no_statement_is_left(text: bytes) -> None:
    assert repaired(text, HOME) is None


def test_a_property_used_twice_is_not_hidden_by_a_repair() -> None:
    text = json.dumps(statement(object={**ACTIVITY, "objectType": "GroupActivity"})).encode()
    assert repaired(text, HOME) is not None
    assert repaired(text[:-1] + b',"actor":{"mbox":"mailto:eve@example.com"}}', HOME) is None


def test_a_signed_statement_is_what_was_signed() -> None:
    signature = {"usageType": "http://adlnet.gov/expapi/attachments/signature"}
    value = statement(actor=with_account({"name": "7"}), attachments=[signature])
    assert repaired(json.dumps(value).encode(), HOME) is None


def test_extensions_and_digits_are_left_as_they_are() -> None:
    inner = '{"account":{"name":"7"},"objectType":"GroupActivity","name":"A","n":[1.10000000000000000001,-0,1E+400]}'
    text = json.dumps(statement(actor=with_account({"name": "7"}), result={"extensions": {"x:y": "INNER"}}))
    found = repaired(text.replace('"INNER"', inner).encode(), HOME)
    assert found is not None
    assert inner.encode() in found.text


def test_a_statement_that_stays_invalid_is_refused_for_what_came() -> None:
    value = statement(actor=with_account({"name": "7"}), verb={"id": "did"})
    ((judgement),) = judge([json.dumps(value).encode()], V1, HOME)
    assert (judgement.statement, judgement.repair) == (None, None)
    assert {one.path for one in judgement.violations} == {"actor.account.homePage", "verb.id"}


REPAIRED_OF_THE_CORPUS = {
    ("h5p-php-report/README.md.json", 1): (Rule.INTERACTION_TYPE,),
    ("jisc-xapi-recipes/recipes_econtent_econtent-accessed-econtent.md.json", 0): (Rule.LANGUAGE_MAP,),
    ("jisc-xapi-recipes/recipes_library_library-item-borrowing.md.json", 0): (Rule.ACTIVITY_EXTENSIONS,),
    ("jisc-xapi-recipes/recipes_studyapps_app-questions.md.json", 0): (Rule.INTERACTION_TYPE,),
}
"""The statements of the corpus whose faults all have one safe reading; the others are refused still."""


def test_the_corpus(shared_data: Path) -> None:
    found: dict[tuple[str, int], tuple[Rule, ...]] = {}
    for one in statements_of(shared_data / "statements"):
        (judgement,) = judge([one.text], XapiVersion(one.version), HOME)
        refused = judgement.statement is None
        assert refused <= ((one.file, one.number) in REFUSED)
        if judgement.repair is not None:
            found[one.file, one.number] = judgement.repair.rules
    assert found == REPAIRED_OF_THE_CORPUS
