"""The statements resource in the reference (xAPI Communication 2.1)."""

from typing import Final

from lrs.reference import examples
from lrs.reference.operation import (
    JSON,
    MULTIPART,
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
from lrs.reference.shapes import BINARY, FLAG, ID, IRI, MOMENT, TEXT, array
from schemas.scope import Scope

PATH: Final = "/xapi/statements"

_STORED: Final = {
    "X-LRS-Stored": "how many of the statements are new; the others were known already",
    "X-LRS-Position": "highest position of the new ones in the log; absent where there are none",
    "X-LRS-Repaired": "how many were repaired, and by which rules; absent where none were",
}
_CONFLICT: Final = refusal("One of the ids is known with other content. Nothing of the request is stored.")
_MIXED: Final = (
    "With the data of attachments it is multipart/mixed: first a part application/json, then a part for each content, "
    "with X-Experience-API-Hash and Content-Transfer-Encoding: binary."
)
_FILTERS: Final[tuple[Json, ...]] = (
    query("statementId", "This statement, unless it is voided.", ID, examples.STATEMENT_ID),
    query("voidedStatementId", "This statement, if it is voided.", ID, examples.STATEMENT_ID),
    json_query("agent", "Statements whose actor, or object, is this agent or group.", refer("Agent"), examples.ANN),
    query("verb", "Statements with this verb.", IRI, examples.COMPLETED),
    query("activity", "Statements about this activity.", IRI, examples.LESSON),
    query("registration", "Statements of this registration.", ID, examples.REGISTRATION),
    query("related_activities", "Look for the activity in the context and in a SubStatement too.", FLAG, False),
    query("related_agents", "Look for the agent in authority, context and a SubStatement too.", FLAG, False),
    query("since", "Stored after this instant.", MOMENT, examples.MOMENT),
    query("until", "Stored at this instant or before.", MOMENT, examples.MOMENT),
    query("limit", "At most so many; 0 leaves it to the server.", {"type": "integer", "minimum": 0}, 50),
    query("format", "How much of agents, activities and verbs.", {"enum": ["exact", "ids", "canonical"]}, "exact"),
    query("attachments", "Whether the data of attachments comes along, as multipart/mixed.", FLAG, False),
    query("ascending", "The first stored first.", FLAG, False),
    query("more", "The rest of a list: only as a server wrote it in `more`, and alone.", TEXT, "…"),
)

OPERATIONS: Final[Operations] = {
    ("POST", PATH): Operation(
        "Store one statement or a batch",
        {
            200: answer(
                "The ids in order; or the results, where X-LRS-Results asks for them.",
                {JSON: media({"anyOf": [array(ID), refer("Results")]}, [examples.STATEMENT_ID])},
                headers=_STORED,
            ),
            207: answer(
                "Where X-LRS-Results asks for results: not every statement is stored.",
                {JSON: media(refer("Results"), examples.RESULTS)},
                headers=_STORED,
            ),
            409: _CONFLICT,
        },
        scopes=[Scope.STATEMENTS_WRITE],
        parameters=[
            header(
                "X-LRS-Results",
                "true: each statement is stored or refused by itself, and has its result.",
                {"enum": ["true", "false"]},
                "true",
            )
        ],
        body=body(
            f"One statement, or an array of them: all are stored, or none. {_MIXED}",
            {
                JSON: media({"anyOf": [refer("Statement"), array(refer("Statement"))]}, [examples.STATEMENT]),
                MULTIPART: media(BINARY),
            },
        ),
        versioned=True,
        description="A statement that is sent again is known, and nothing happens. In 1.0.x a form may stand for any "
        "request to /xapi: POST to `?method=PUT`, with headers, parameters and `content` in the form.",
    ),
    ("PUT", PATH): Operation(
        "Store one statement under this id",
        {204: answer("It is stored, or was already.", headers=_STORED), 409: _CONFLICT},
        scopes=[Scope.STATEMENTS_WRITE],
        parameters=[query("statementId", "Its id.", ID, examples.STATEMENT_ID, required=True)],
        body=body(
            f"One statement. {_MIXED}",
            {JSON: media(refer("Statement"), examples.STATEMENT), MULTIPART: media(BINARY)},
        ),
        versioned=True,
    ),
    ("GET", PATH): Operation(
        "One statement by its id, or a page of those that match",
        {
            200: answer(
                "The statement, or a page of them; multipart/mixed where attachments are asked for.",
                {
                    JSON: media(
                        {"anyOf": [refer("Statement"), refer("StatementResult")]},
                        {"statements": [examples.STORED], "more": ""},
                    ),
                    MULTIPART: media(BINARY),
                },
                {
                    "X-Experience-API-Consistent-Through": "every statement stored up to then is found",
                    "ETag": "of a single statement: SHA-1 of the answer in hexadecimal, in quotation marks",
                    "Last-Modified": "when a single statement was stored",
                },
            ),
            304: answer("If-None-Match names the single statement that is there."),
            404: refusal("There is no such statement, or none that may be read with this credential."),
        },
        scopes=[Scope.STATEMENTS_READ_MINE, Scope.STATEMENTS_READ, Scope.ALL_READ],
        parameters=[
            *_FILTERS,
            header("Accept-Language", "Which language format=canonical keeps.", TEXT, "de, en;q=0.5"),
            header("If-None-Match", "Answer only if a single statement has another ETag.", TEXT, '"…"'),
        ],
        versioned=True,
        description="The newest first. With statements/read/mine only what this credential has stored itself is found.",
    ),
}
