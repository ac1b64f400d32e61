"""Statements that the read models could not digest, in the reference. docs/dead-letters.md."""

from typing import Final

from lrs.api.dead_letters import LETTERS, LONGEST_LEARNER
from lrs.reference.operation import JSON, Operation, Operations, answer, media, path, query, refer, refusal
from lrs.reference.read_models import listed
from lrs.reference.shapes import POSITION
from projections.dead_letter import State
from schemas.dead_letter import LONGEST_REASON
from schemas.scope import Scope

_ALL: Final = [Scope.ALL]
_POSITION: Final = path("position", "Which letter: the position of its statement.", {**POSITION, "minimum": 1}, 48213)
_REASON: Final = query(
    "reason",
    "Why, for who reads the list.",
    {"type": "string", "minLength": 1, "maxLength": LONGEST_REASON, "pattern": r"^[^\x00]*$"},
    "the fault is mended",
)
_FILTERS: Final = {
    "state": query("state", "Only those of this state.", {"enum": [state.value for state in State]}, "parked"),
    "learner": query(
        "learner",
        "Only those of this learner, by identifier.",
        {"type": "string", "minLength": 1, "maxLength": LONGEST_LEARNER},
        "mbox:mailto:ann@example.org",
    ),
}
_MISSING: Final = {404: refusal("There is no such letter.")}
_TOLD: Final = {"X-LRS-Position": "the position in the log of the decision: what follows from it is there once read"}


def _decision(summary: str) -> Operation:
    answers = {
        200: answer("It is in the log.", {JSON: media(refer("Change"))}, _TOLD),
        409: refusal("It waits for another letter, is discarded already, or voids another statement."),
    }
    return Operation(summary, answers | _MISSING, scopes=_ALL, parameters=[_POSITION, _REASON])


OPERATIONS: Final[Operations] = {
    ("GET", "/api/dead-letters"): listed(
        "Statements that the read models could not digest", LETTERS, [], None, filters=_FILTERS, scopes=_ALL
    ),
    ("GET", "/api/dead-letters/{position}"): Operation(
        "One of them, with its statement and where in the code it went wrong",
        {200: answer("The letter.", {JSON: media(refer("LetterShown"))}), **_MISSING},
        scopes=_ALL,
        parameters=[_POSITION],
    ),
    ("POST", "/api/dead-letters/{position}/retry"): _decision("Try it again, and then what waits for it"),
    ("POST", "/api/dead-letters/{position}/discard"): _decision("It never counts; what waits for it does"),
}
