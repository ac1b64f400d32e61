"""Who did it: an Agent, or a Group of Agents.

The rule of this file: an Agent and an identified Group have exactly one inverse functional identifier, an
anonymous Group has none and lists its members, and members are Agents (1.0.3 Data 2.4.2, 2.0.0 4.2.2.1).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired

from pydantic import AfterValidator, StringConstraints, Tag, with_config
from typing_extensions import TypedDict

from schemas.clauses import Clause, broken
from schemas.identifiers import Iri, Irl, MailtoIri, Sha1
from schemas.language_map import Text
from schemas.shape import MARK, STRICT, by_object_type

IDENTIFIERS = ("mbox", "mbox_sha1sum", "openid", "account")
"""The inverse functional identifiers (1.0.3 Data 2.4.2.3)."""


@with_config(STRICT)
class Account(TypedDict):
    """A login on some system: its home page and the name there, which may not be empty."""

    homePage: Irl
    name: Annotated[str, StringConstraints(strict=True, min_length=1)]


@with_config(STRICT)
class AgentProperties(TypedDict):
    """What a person or a system may be described by."""

    objectType: NotRequired[Literal["Agent"]]
    name: NotRequired[Text]
    mbox: NotRequired[MailtoIri]
    mbox_sha1sum: NotRequired[Sha1]
    openid: NotRequired[Iri]
    account: NotRequired[Account]


def _identifiers(value: Any) -> int:
    return ("account" in value) + ("mbox" in value) + ("mbox_sha1sum" in value) + ("openid" in value)


def _agent(value: Any) -> Any:
    if _identifiers(value) != 1:
        raise broken("must have exactly one of mbox, mbox_sha1sum, openid and account", Clause.AGENT)
    return value


Agent = Annotated[AgentProperties, AfterValidator(_agent)]


@with_config(STRICT)
class GroupProperties(TypedDict):
    """What a Group may be described by."""

    objectType: Literal["Group"]
    name: NotRequired[Text]
    member: NotRequired[list[Agent]]
    mbox: NotRequired[MailtoIri]
    mbox_sha1sum: NotRequired[Sha1]
    openid: NotRequired[Iri]
    account: NotRequired[Account]


def _group(value: Any) -> Any:
    identifiers = _identifiers(value)
    if identifiers > 1:
        raise broken("must have at most one of mbox, mbox_sha1sum, openid and account", Clause.GROUP)
    if identifiers == 0 and "member" not in value:
        raise broken("must have a member or an inverse functional identifier", Clause.GROUP)
    return value


Group = Annotated[GroupProperties, AfterValidator(_group)]

AGENT, GROUP = MARK + "Agent", MARK + "Group"

Actor = Annotated[
    Annotated[Agent, Tag(AGENT)] | Annotated[Group, Tag(GROUP)],
    by_object_type({"Agent": AGENT, "Group": GROUP}, default=AGENT),
]
"""An Agent, unless its objectType says Group."""


def _authority(value: Any) -> Any:
    if value.get("objectType") == "Group" and (_identifiers(value) or len(value["member"]) != 2):
        raise broken("must be an Agent or an anonymous Group of exactly two Agents", Clause.AUTHORITY)
    return value


Authority = Annotated[Actor, AfterValidator(_authority)]
"""An Agent, or an anonymous Group of exactly two Agents (1.0.3 Data 2.4.9)."""
