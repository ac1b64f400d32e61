"""The document resources in the reference (xAPI Communication 2.2, 2.3, 2.6, 2.7)."""

from collections.abc import Sequence
from typing import Final

from lrs.reference import examples
from lrs.reference.operation import (
    JSON,
    Json,
    Operation,
    Operations,
    answer,
    body,
    header,
    json_query,
    media,
    query,
    refer,
    refusal,
)
from lrs.reference.shapes import BINARY, ID, IRI, MOMENT, TEXT
from schemas.scope import Scope

_AGENT: Final = json_query("agent", "Whose.", refer("Agent"), examples.ANN, required=True)
_ACTIVITY: Final = query("activityId", "Of which activity.", IRI, examples.LESSON, required=True)
_REGISTRATION: Final = query("registration", "Of which registration.", ID, examples.REGISTRATION)
_SINCE: Final = query("since", "Without an id: only those changed after this instant.", MOMENT, examples.MOMENT)

_IF_MATCH: Final = header("If-Match", "Only if the document has this ETag; * is any.", TEXT, '"<SHA-1 of the content>"')
_IF_NONE_MATCH: Final = header("If-None-Match", "Only if it has not; * is only if there is none.", TEXT, "*")
_CONDITIONS: Final = (_IF_MATCH, _IF_NONE_MATCH)

_FAILED: Final = refusal("The document is not in the state that If-Match or If-None-Match demands; nothing is changed.")
_CONFLICT: Final = refusal("The document exists and the request names no state of it; send If-Match or If-None-Match.")
_DOCUMENT: Final = body(
    "The document: any bytes of any type, kept with its Content-Type.",
    {JSON: media({}, examples.BOOKMARK), "application/octet-stream": media(BINARY)},
)


def _resource(
    path: str, what: str, owner: Sequence[Json], id_name: str, read: Sequence[Scope], write: Scope
) -> Operations:
    named = query(id_name, "Its id.", {"type": "string", "minLength": 1}, "bookmark", required=True)
    maybe_named = {**named, "required": False}
    state = id_name == "stateId"
    done = answer("Done.")
    return {
        ("PUT", path): Operation(
            f"Store {what}",
            {204: answer("It is stored."), 409: _CONFLICT, 412: _FAILED},
            scopes=[write],
            parameters=[*owner, named, *_CONDITIONS],
            body=_DOCUMENT,
            versioned=True,
        ),
        ("POST", path): Operation(
            f"Store {what}, or merge it into the one that is there",
            {204: answer("It is stored, or merged."), 409: _CONFLICT, 412: _FAILED},
            scopes=[write],
            parameters=[*owner, named, *_CONDITIONS],
            body=_DOCUMENT,
            versioned=True,
            description="Two JSON objects are merged one level deep; anything else is refused where a document exists.",
        ),
        ("GET", path): Operation(
            f"Read {what}, or the ids of all",
            {
                200: answer(
                    "The document as it came; without an id, an array of ids.",
                    {JSON: media({}, ["bookmark"]), "*/*": media(BINARY)},
                    {
                        "ETag": "SHA-1 of the content in hexadecimal, in quotation marks",
                        "Last-Modified": "when it was stored last",
                    },
                ),
                304: answer("If-None-Match names what is there."),
                404: refusal("There is no such document."),
                412: _FAILED,
            },
            scopes=read,
            parameters=[*owner, maybe_named, _SINCE, *_CONDITIONS],
            versioned=True,
        ),
        ("DELETE", path): Operation(
            f"Delete {what}" + (", or all" if state else ""),
            {204: done, 412: _FAILED},
            scopes=[write],
            parameters=[*owner, maybe_named if state else named, *_CONDITIONS],
            versioned=True,
        ),
    }


OPERATIONS: Final[Operations] = {
    **_resource(
        "/xapi/activities/state",
        "a state of a learner in an activity",
        [_ACTIVITY, _AGENT, _REGISTRATION],
        "stateId",
        [Scope.STATE, Scope.ALL_READ],
        Scope.STATE,
    ),
    **_resource(
        "/xapi/activities/profile",
        "a profile of an activity",
        [_ACTIVITY],
        "profileId",
        [Scope.PROFILE, Scope.ALL_READ],
        Scope.PROFILE,
    ),
    **_resource(
        "/xapi/agents/profile",
        "a profile of an agent",
        [_AGENT],
        "profileId",
        [Scope.PROFILE, Scope.ALL_READ],
        Scope.PROFILE,
    ),
    ("GET", "/xapi/agents"): Operation(
        "Everything an agent is known by",
        {200: answer("The person.", {JSON: media(refer("Person"), examples.PERSON)})},
        scopes=[Scope.STATEMENTS_READ, Scope.ALL_READ],
        parameters=[_AGENT],
        versioned=True,
    ),
    ("GET", "/xapi/activities"): Operation(
        "An activity, with what statements have said of it; one that is not known too",
        {200: answer("The activity.", {JSON: media(refer("Activity"), examples.ACTIVITY)})},
        scopes=[Scope.STATEMENTS_READ, Scope.ALL_READ],
        parameters=[_ACTIVITY],
        versioned=True,
    ),
    ("GET", "/xapi/about"): Operation(
        "Which versions of xAPI are spoken",
        {200: answer("The versions.", {JSON: media(refer("About"), {"version": ["1.0.3", "2.0.0"]})})},
    ),
}
"""Agents and Activities stand here too: like documents they are asked for by agent or activity."""
