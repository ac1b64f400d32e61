"""What a statement may be about, a statement within it included.

The rule of this file: the object is an Activity unless its objectType says otherwise, a SubStatement is
validated as a statement, and no SubStatement holds another (1.0.3 Data 2.4.4, 2.0.0 4.2.2.3). The rules
between a statement's properties live here because a SubStatement keeps them too.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired

from pydantic import AfterValidator, Tag, with_config
from typing_extensions import TypedDict

from schemas.activity import Activity
from schemas.actor import AGENT, GROUP, Actor, Agent, Group
from schemas.attachment import Attachment
from schemas.clauses import Clause, broken
from schemas.context import Context, Context103, StatementRef
from schemas.result import Result
from schemas.shape import MARK, STRICT, by_object_type
from schemas.timestamp import Timestamp
from schemas.verb import VOIDED, Verb


def between_properties(value: Any) -> Any:
    """Checks what no property can be checked for alone, and gives the statement back.

    Voiding is said of a StatementRef (1.0.3 Data 2.3.2, 2.0.0 4.2.5); revision and platform go with an
    Activity only (1.0.3 Data 2.4.6).
    """
    kind = value["object"].get("objectType", "Activity")
    if value["verb"]["id"] == VOIDED and kind != "StatementRef":
        raise broken("must be a StatementRef where the verb is voided", Clause.VOIDING, "object")
    if kind != "Activity" and "context" in value:
        for name in ("revision", "platform"):
            if name in value["context"]:
                rule = "must only be used where the object is an Activity"
                raise broken(rule, Clause.CONTEXT, "context", name)
    return value


ACTIVITY, STATEMENT_REF, SUB_STATEMENT = MARK + "Activity", MARK + "StatementRef", MARK + "SubStatement"
_LEAVES = {"Activity": ACTIVITY, "Agent": AGENT, "Group": GROUP, "StatementRef": STATEMENT_REF}

PlainObject = Annotated[
    Annotated[Activity, Tag(ACTIVITY)]
    | Annotated[Agent, Tag(AGENT)]
    | Annotated[Group, Tag(GROUP)]
    | Annotated[StatementRef, Tag(STATEMENT_REF)],
    by_object_type(_LEAVES, default=ACTIVITY),
]
"""Whatever a SubStatement may be about."""


@with_config(STRICT)
class SubStatementProperties(TypedDict):
    """A statement of 2.0.0 that did not happen, or not on its own account."""

    objectType: Literal["SubStatement"]
    actor: Actor
    verb: Verb
    object: PlainObject
    result: NotRequired[Result]
    context: NotRequired[Context]
    timestamp: NotRequired[Timestamp]
    attachments: NotRequired[list[Attachment]]


@with_config(STRICT)
class SubStatementProperties103(TypedDict):
    """A statement of 1.0.3 that did not happen, or not on its own account."""

    objectType: Literal["SubStatement"]
    actor: Actor
    verb: Verb
    object: PlainObject
    result: NotRequired[Result]
    context: NotRequired[Context103]
    timestamp: NotRequired[Timestamp]
    attachments: NotRequired[list[Attachment]]


SubStatement = Annotated[SubStatementProperties, AfterValidator(between_properties)]
SubStatement103 = Annotated[SubStatementProperties103, AfterValidator(between_properties)]

_ANY_OBJECT = by_object_type({**_LEAVES, "SubStatement": SUB_STATEMENT}, default=ACTIVITY)

StatementObject = Annotated[
    Annotated[Activity, Tag(ACTIVITY)]
    | Annotated[Agent, Tag(AGENT)]
    | Annotated[Group, Tag(GROUP)]
    | Annotated[StatementRef, Tag(STATEMENT_REF)]
    | Annotated[SubStatement, Tag(SUB_STATEMENT)],
    _ANY_OBJECT,
]
"""Whatever a statement of 2.0.0 may be about."""

StatementObject103 = Annotated[
    Annotated[Activity, Tag(ACTIVITY)]
    | Annotated[Agent, Tag(AGENT)]
    | Annotated[Group, Tag(GROUP)]
    | Annotated[StatementRef, Tag(STATEMENT_REF)]
    | Annotated[SubStatement103, Tag(SUB_STATEMENT)],
    _ANY_OBJECT,
]
"""Whatever a statement of 1.0.3 may be about."""
