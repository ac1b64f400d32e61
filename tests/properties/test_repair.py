"""A valid statement is never touched; one that is damaged in a well-known way comes out valid, and as it was meant."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from schemas.judgement import judge, read_repairing
from schemas.repair import NO_NAME, Rule, repaired
from schemas.statement import read_statement
from schemas.version import XapiVersion
from tests.properties.statements import JSON_VALUES, Json, as_json, statements

HOME = "https://lrs.example/accounts-of/key"
VERSIONS = list(XapiVersion)


@st.composite
def valid(draw: st.DrawFn) -> tuple[Json, XapiVersion]:
    version = draw(st.sampled_from(VERSIONS))
    return draw(statements(version)), version


def bodies(statement: Json) -> list[Json]:
    """The statement and the one within it."""
    inner = statement["object"]
    return [statement, inner] if inner.get("objectType") == "SubStatement" else [statement]


def activities(statement: Json) -> Iterator[Json]:
    """Every Activity of which a statement says that it is one."""
    for body in bodies(statement):
        if body["object"].get("objectType") == "Activity":
            yield body["object"]
        for some in body.get("context", {}).get("contextActivities", {}).values():
            yield from some if isinstance(some, list) else [some]


def agents(statement: Json) -> Iterator[Json]:
    """Every Agent and Group."""
    for body in bodies(statement):
        context = body.get("context", {})
        found = [body["actor"], body.get("authority"), context.get("instructor"), context.get("team")]
        found += [one["agent"] for one in context.get("contextAgents", [])]
        found += [one["group"] for one in context.get("contextGroups", [])]
        if body["object"].get("objectType") in ("Agent", "Group"):
            found.append(body["object"])
        for one in found:
            if one is not None:
                yield one
                yield from one.get("member", [])


def damage_activity(draw: st.DrawFn, sent: Json, meant: Json) -> set[Rule]:
    """What Open edX, H5P and others do to an Activity."""
    rules = set()
    if "objectType" in sent and draw(st.booleans()):
        sent["objectType"] = "GroupActivity"
        rules.add(Rule.GROUP_ACTIVITY)
    if draw(st.booleans()):
        identity: UUID = draw(st.uuids())
        sent["id"] = draw(st.sampled_from([str(identity), str(identity).upper()]))
        meant["id"] = f"urn:uuid:{identity}"
        rules.add(Rule.ACTIVITY_UUID)
    definition = sent.get("definition", {})
    if "extensions" in definition and draw(st.booleans()):
        sent["extensions"] = definition.pop("extensions")
        rules.add(Rule.ACTIVITY_EXTENSIONS)
    for name in ("name", "description"):
        if name in definition and draw(st.booleans()):
            definition[name] = "a text"
            meant["definition"][name] = {"und": "a text"}
            rules.add(Rule.LANGUAGE_MAP)
    if "interactionType" in definition and draw(st.booleans()):
        kind = definition["interactionType"]
        definition["interactionType"] = "compound" if kind == "other" else kind.upper()
        rules.add(Rule.INTERACTION_TYPE)
    return rules


def damage_account(draw: st.DrawFn, sent: Json, meant: Json) -> set[Rule]:
    """What H5P or Sakai does to an account."""
    match draw(st.sampled_from(["nothing", "homePage", "name"])):
        case "homePage":
            del sent["homePage"]
            meant["homePage"] = HOME
            return {Rule.ACCOUNT_HOME_PAGE}
        case "name":
            sent["name"], meant["name"] = "", NO_NAME
            return {Rule.ACCOUNT_NAME}
    return set()


@st.composite
def damaged(draw: st.DrawFn) -> tuple[Json, Json, set[Rule], XapiVersion]:
    """A statement as it was sent, as it was meant, and the rules that it takes."""
    base, version = draw(valid())
    sent, meant = copy.deepcopy(base), copy.deepcopy(base)  # the strategies may share values
    sent, meant = json.loads(json.dumps(sent)), json.loads(json.dumps(meant))
    rules: set[Rule] = set()
    for one, other in zip(activities(sent), activities(meant), strict=True):
        rules |= damage_activity(draw, one, other)
    for one, other in zip(agents(sent), agents(meant), strict=True):
        if "account" in one:
            rules |= damage_account(draw, one["account"], other["account"])
    for one, other in zip(bodies(sent), bodies(meant), strict=True):
        score = one.get("result", {}).get("score", {})
        if "raw" in score and draw(st.booleans()):
            score["min"] = score["max"] = score["raw"]
            for end in ("min", "max"):
                other["result"]["score"].pop(end, None)
            rules.add(Rule.SCORE_RANGE)
    return sent, meant, rules, version


@given(valid())
def test_a_valid_statement_is_never_touched(drawn: tuple[Json, XapiVersion]) -> None:
    statement, version = drawn
    text = as_json(statement)
    assert repaired(text, HOME) is None
    (read,), repairs = read_repairing(text, version, HOME)
    assert (read.value, repairs) == (statement, [])


@given(damaged(), st.booleans(), st.booleans())
def test_what_is_repaired_is_valid_and_as_it_was_meant(
    drawn: tuple[Json, Json, set[Rule], XapiVersion], ascii_only: bool, spaced: bool
) -> None:
    sent, meant, rules, version = drawn
    text = as_json(sent, ascii_only=ascii_only, spaced=spaced)
    (judgement,) = judge([text], version, HOME)
    assert judgement.statement is not None, judgement.violations
    assert judgement.statement.value == meant
    if not rules:
        assert judgement.repair is None
        return
    assert judgement.repair is not None
    assert (set(judgement.repair.rules), judgement.repair.original) == (rules, text)
    assert judgement.repair.digest == judgement.statement.digest
    (strict,) = judge([text], version, None)
    assert strict.statement is None
    assert strict.violations


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something else may be put."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path] + [place for key, one in inner for place in places(one, (*path, key))]


@given(damaged(), st.data())
def test_whatever_it_is_it_is_judged(drawn: tuple[Json, Json, set[Rule], XapiVersion], data: st.DataObject) -> None:
    value: Any = drawn[0]
    for _ in range(2):
        path = data.draw(st.sampled_from(places(value)))
        new = data.draw(JSON_VALUES)
        if not path:
            value = new
            continue
        holder = value
        for key in path[:-1]:
            holder = holder[key]
        holder[path[-1]] = new
    text = as_json(value)
    (judgement,) = judge([text], drawn[3], HOME)
    assert (judgement.statement is None) == bool(judgement.violations)
    found = repaired(text, HOME)
    if judgement.repair is not None:
        assert found is not None
        assert read_statement(found.text, drawn[3]).digest == judgement.repair.digest
        assert repaired(found.text, HOME) is None
