"""Agents, Groups and authorities: who may be named, and how."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.schemas.statement_parts import AGENT, GROUP, faults, statement

SHA1 = "ebd31e95054c018b10727ccffd2ef2ec3a016ee9"
ACCOUNT = {"homePage": "https://example.com", "name": "ada"}


@pytest.mark.parametrize(
    "actor",
    [
        AGENT,
        {"objectType": "Agent", "name": "", "mbox_sha1sum": SHA1.upper()},
        {"openid": "https://ada.example.com/"},
        {"account": ACCOUNT},
        {"mbox": "mailto:o'brien+tag@[192.0.2.1]"},
        {"mbox": "mailto:jörg@bücher.example"},
        GROUP,
        {"objectType": "Group", "member": []},
        {"objectType": "Group", "account": ACCOUNT},
        {"objectType": "Group", **AGENT, "member": [AGENT, {"account": ACCOUNT}], "name": "Team"},
    ],
)
def test_valid_actors_are_accepted(actor: Any) -> None:
    assert faults(statement(actor=actor)) == set()


@pytest.mark.parametrize(
    ("actor", "paths"),
    [
        ("ada", {"actor"}),
        (None, {"actor"}),
        ([], {"actor"}),
        ({}, {"actor"}),
        ({"name": "Ada"}, {"actor"}),
        ({**AGENT, "account": ACCOUNT}, {"actor"}),
        ({**AGENT, "member": []}, {"actor.member"}),
        ({**AGENT, "objectType": "group"}, {"actor.objectType"}),
        ({**AGENT, "objectType": None}, {"actor.objectType"}),
        ({**AGENT, "objectType": ["Agent"]}, {"actor.objectType"}),
        ({**AGENT, "objectType": "Activity"}, {"actor.objectType"}),
        ({**AGENT, "Name": "Ada"}, {"actor.Name"}),
        ({**AGENT, "name": 1}, {"actor.name"}),
        ({"mbox": "ada@example.com"}, {"actor.mbox"}),
        ({"mbox": "MAILTO:ada@example.com"}, {"actor.mbox"}),
        ({"mbox": "mailto:ada.example.com"}, {"actor.mbox"}),
        ({"mbox": "mailto:ada@example.com,bob@example.com"}, {"actor.mbox"}),
        ({"mbox": "mailto:ada@example.com "}, {"actor.mbox"}),
        ({"mbox": "mailto:ada@example.com\n"}, {"actor.mbox"}),
        ({"mbox_sha1sum": SHA1[1:]}, {"actor.mbox_sha1sum"}),
        ({"mbox_sha1sum": SHA1 + "\n"}, {"actor.mbox_sha1sum"}),
        ({"openid": "ada.example.com"}, {"actor.openid"}),
        ({"account": {"name": "ada"}}, {"actor.account.homePage"}),
        ({"account": {**ACCOUNT, "name": ""}}, {"actor.account.name"}),
        ({"account": {**ACCOUNT, "homepage": "x"}}, {"actor.account.homepage"}),
        ({"objectType": "Group"}, {"actor"}),
        ({"objectType": "Group", **AGENT, "openid": "http://a.example"}, {"actor"}),
        ({"objectType": "Group", "member": AGENT}, {"actor.member"}),
        ({"objectType": "Group", "member": [GROUP]}, {"actor.member[0].objectType", "actor.member[0].member"}),
    ],
)
def test_invalid_actors_are_refused_where_they_are_wrong(actor: Any, paths: set[str]) -> None:
    assert faults(statement(actor=actor)) == paths


@pytest.mark.parametrize(
    ("authority", "paths"),
    [
        (AGENT, set()),
        ({"objectType": "Group", "member": [AGENT, {"account": ACCOUNT}]}, set()),
        (GROUP, {"authority"}),
        ({"objectType": "Group", "member": [AGENT] * 3}, {"authority"}),
        ({"objectType": "Group", **AGENT}, {"authority"}),
        ({"objectType": "Group", **AGENT, "member": [AGENT] * 2}, {"authority"}),
    ],
)
def test_an_authority_is_an_agent_or_an_anonymous_group_of_two(authority: Any, paths: set[str]) -> None:
    assert faults(statement(authority=authority)) == paths
