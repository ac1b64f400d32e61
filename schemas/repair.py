"""Statements that well-known software sends against the specification, read as what they were meant to be.

The rule of this file: something is repaired only where it has one safe reading, and only where it is invalid as it
stands; so a valid statement is never touched. Extensions, numbers and names of people are never touched. Whether the
outcome is valid is for the specification to say: what is repaired is judged like any other statement.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Any, Final, NamedTuple

import msgspec

from schemas import exact_json, json_text
from schemas.activity import COMPONENT_LISTS, SUPPORTED
from schemas.attachment import SIGNATURE
from schemas.identifiers import UUID_PATTERN

NO_NAME: Final = "(no name)"
"""Name of the account that stands for everyone of a home page whose account has none."""


class Rule(StrEnum):
    """What was repaired; the names go into answers and are never changed."""

    GROUP_ACTIVITY = "group-activity"
    """Open edX: an Activity's objectType is GroupActivity where a problem has several questions (Data 2.4.4.1)."""
    ACTIVITY_UUID = "activity-uuid"
    """Open edX: an Activity's id is a UUID alone (Data 2.4.4.1); as an IRI it is urn:uuid: and the UUID (RFC 9562)."""
    ACCOUNT_HOME_PAGE = "account-home-page"
    """H5P: an account without a homePage (Data 2.4.2.4), which is given one of the credential's own."""
    ACCOUNT_NAME = "account-name"
    """Sakai: an account with an empty name (Data 2.4.2.4), which is given NO_NAME."""
    INTERACTION_TYPE = "interaction-type"
    """H5P: compound, which is other; and those of the specification in another case (Data 2.4.4.1)."""
    ACTIVITY_EXTENSIONS = "activity-extensions"
    """Extensions on an Activity instead of in its definition (Data 2.4.4.1)."""
    LANGUAGE_MAP = "language-map"
    """A text where a language map belongs (Data 4.2): it is in a language that is not known, und (BCP 47)."""
    SCORE_RANGE = "score-range"
    """Open edX: a score from 0 to 0 (Data 2.4.5.1), which is no range: both ends are left out where raw is no other."""


class Repaired(NamedTuple):
    """The text of a statement after its repair, and the rules that it took."""

    text: bytes
    rules: tuple[Rule, ...]


_UUID: Final = re.compile(UUID_PATTERN)
_OTHER_IDENTIFIERS: Final = ("mbox", "mbox_sha1sum", "openid")
_OF_H5P: Final = {"compound": "other"}
_INTERACTION_TYPES: Final = frozenset({"true-false", "fill-in", "long-fill-in", "numeric", "other", *SUPPORTED})


def repaired(raw: bytes, home_page: str) -> Repaired | None:
    """The statement of a text that `json_text.cut` gave, repaired; None where there is nothing to repair.

    `home_page` is that of accounts without one. A signed statement is not repaired: it would not be what was signed.
    """
    try:
        json_text.read(raw)
    except (json_text.NotRecordable, msgspec.DecodeError):
        return None
    value = exact_json.read(raw)
    if not isinstance(value, dict) or _is_signed(value):
        return None
    repair = _Repair(home_page)
    repair.statement(value)
    return Repaired(exact_json.encode(value), tuple(repair.rules)) if repair.rules else None


class _Repair:
    """One statement's repair; what is changed is changed in place."""

    def __init__(self, home_page: str) -> None:
        self.rules: dict[Rule, None] = {}
        self._home_page = home_page

    def statement(self, value: dict[str, Any]) -> None:
        """A statement, or one within it."""
        self._agent(value.get("actor"))
        self._agent(value.get("authority"))
        self._text(value.get("verb"), "display")
        self._object(value.get("object"))
        self._context(value.get("context"))
        result = value.get("result")
        if isinstance(result, dict):
            self._score(result.get("score"))

    def _object(self, value: Any) -> None:
        if not isinstance(value, dict):
            return
        match value.get("objectType"):
            case "SubStatement":
                self.statement(value)
            case "Agent" | "Group":
                self._agent(value)
            case "StatementRef":
                pass
            case kind:  # an id that is a UUID may be meant for a statement, unless it is said to be an Activity's
                self._activity(value, surely=kind in ("Activity", "GroupActivity"))

    def _context(self, value: Any) -> None:
        if not isinstance(value, dict):
            return
        self._agent(value.get("instructor"))
        self._agent(value.get("team"))
        for name, inner in (("contextAgents", "agent"), ("contextGroups", "group")):
            for one in _many(value.get(name)):
                self._agent(one.get(inner))
        activities = value.get("contextActivities")
        if isinstance(activities, dict):
            for name in ("parent", "grouping", "category", "other"):
                for one in _many(activities.get(name)):
                    self._activity(one, surely=True)

    def _agent(self, value: Any) -> None:
        if not isinstance(value, dict):
            return
        for member in _many(value.get("member")):
            self._agent(member)
        account = value.get("account")
        if not isinstance(account, dict):
            return
        page, name = account.get("homePage"), account.get("name")
        if page in (None, "") and isinstance(name, str) and name:
            rule, missing, filled = Rule.ACCOUNT_HOME_PAGE, "homePage", self._home_page
        elif name == "" and isinstance(page, str) and page:
            rule, missing, filled = Rule.ACCOUNT_NAME, "name", NO_NAME
        else:  # in order, or nobody's
            return
        if any(other in value for other in _OTHER_IDENTIFIERS):  # which says who it is
            del value["account"]
        else:
            account[missing] = filled
        self.rules[rule] = None

    def _activity(self, value: dict[str, Any], *, surely: bool) -> None:
        if value.get("objectType") == "GroupActivity":
            value["objectType"] = "Activity"
            self.rules[Rule.GROUP_ACTIVITY] = None
        identity = value.get("id")
        if surely and isinstance(identity, str) and _UUID.fullmatch(identity):
            value["id"] = f"urn:uuid:{identity.lower()}"
            self.rules[Rule.ACTIVITY_UUID] = None
        definition = value.get("definition", {})
        if not isinstance(definition, dict):
            return
        if isinstance(value.get("extensions"), dict) and "extensions" not in definition:
            definition["extensions"] = value.pop("extensions")
            value["definition"] = definition
            self.rules[Rule.ACTIVITY_EXTENSIONS] = None
        self._text(definition, "name")
        self._text(definition, "description")
        for name in COMPONENT_LISTS:
            for component in _many(definition.get(name)):
                self._text(component, "description")
        kind = definition.get("interactionType")
        if isinstance(kind, str) and kind not in _INTERACTION_TYPES:
            meant = _OF_H5P.get(kind, kind.lower())
            if meant in _INTERACTION_TYPES:
                definition["interactionType"] = meant
                self.rules[Rule.INTERACTION_TYPE] = None

    def _text(self, value: Any, name: str) -> None:
        if isinstance(value, dict) and isinstance(value.get(name), str):
            value[name] = {"und": value[name]}
            self.rules[Rule.LANGUAGE_MAP] = None

    def _score(self, value: Any) -> None:
        if not isinstance(value, dict):
            return
        low, high = value.get("min"), value.get("max")
        ends = [one for one in (low, high, value.get("raw", low)) if isinstance(one, msgspec.Raw)]
        if len(ends) == 3 and len({float(bytes(one)) for one in ends}) == 1:
            del value["min"], value["max"]
            self.rules[Rule.SCORE_RANGE] = None


def _many(value: Any) -> list[dict[str, Any]]:
    """The objects of an array, or the one object there is."""
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict)]


def _is_signed(value: dict[str, Any]) -> bool:
    return any(one.get("usageType") == SIGNATURE for one in _many(value.get("attachments")))
