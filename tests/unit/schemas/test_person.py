"""A Person has the names of its Agent, newest first, and of nobody else."""

from typing import Any

import pytest

from schemas.person import person

ANN = {"mbox": "mailto:ann@example.com"}
BEN = {"mbox": "mailto:ben@example.com", "name": "Ben"}
Json = dict[str, Any]


def statement(actor: Json, **changes: Any) -> Json:
    return {"actor": actor, "verb": {"id": "x:did"}, "object": {"id": "x:it"}, **changes}


def named(name: str, **changes: Any) -> Json:
    return {**ANN, "name": name, **changes}


def group(*members: Json, **changes: Any) -> Json:
    return {"objectType": "Group", "member": list(members), **changes}


def sub(actor: Json, target: Json) -> Json:
    return {"objectType": "SubStatement", "actor": actor, "verb": {"id": "x:did"}, "object": target}


@pytest.mark.parametrize(
    ("statements", "names"),
    [
        ([], None),
        ([statement(ANN), statement(BEN)], None),
        ([statement(named("b")), statement(named("a")), statement(named("b"))], ["b", "a"]),
        ([statement(BEN, object=named("o", objectType="Agent"))], ["o"]),
        ([statement(group(BEN, named("m"), name="a group"))], ["m"]),
        ([statement(BEN, object=group(named("m")))], ["m"]),
        ([statement(BEN, object=sub(named("s"), named("t", objectType="Agent")))], ["s", "t"]),
        ([statement(BEN, context={"instructor": named("i"), "team": group(named("t"))})], ["i", "t"]),
        ([statement(BEN, context={"contextAgents": [{"objectType": "contextAgent", "agent": named("c")}]})], ["c"]),
        (
            [statement(BEN, context={"contextGroups": [{"objectType": "contextGroup", "group": group(named("g"))}]})],
            ["g"],
        ),
        ([statement(group(**ANN, name="a group with her address"))], None),
        ([statement({"mbox": "mailto:ann@EXAMPLE.com", "name": "the same"})], ["the same"]),
        ([statement({"mbox": "mailto:Ann@example.com", "name": "another"})], None),
    ],
)
def test_names(statements: list[Json], names: list[str] | None) -> None:
    expected: Json = {"objectType": "Person", "mbox": [ANN["mbox"]]}
    assert person(ANN, statements) == expected | ({} if names is None else {"name": names})


def test_the_name_that_was_asked_with_comes_last() -> None:
    assert person(named("asked"), [statement(named("seen"))])["name"] == ["seen", "asked"]
    assert person(named("asked"), [])["name"] == ["asked"]


@pytest.mark.parametrize(
    "identifier",
    [
        {"mbox_sha1sum": "a" * 40},
        {"openid": "https://ann.example.com"},
        {"account": {"homePage": "https://example.com", "name": "ann"}},
    ],
)
def test_every_kind_of_identifier(identifier: Json) -> None:
    (name,) = identifier
    expected = {"objectType": "Person", "name": ["Ann"], name: [identifier[name]]}
    assert person(identifier, [statement({**identifier, "name": "Ann"})]) == expected
