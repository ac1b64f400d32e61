"""The Agents and Activities resources in the reference (xAPI Communication 2.4, 2.5)."""

from typing import Final

from lrs.reference import examples
from lrs.reference.operation import JSON, Operation, Operations, answer, json_query, media, query, refer
from lrs.reference.shapes import IRI
from schemas.scope import Scope

_READ: Final = [Scope.STATEMENTS_READ, Scope.ALL_READ]

OPERATIONS: Final[Operations] = {
    ("GET", "/xapi/agents"): Operation(
        "The Person that an agent is",
        {200: answer("The Person, unknown ones too.", {JSON: media(refer("Person"), examples.PERSON)})},
        scopes=_READ,
        parameters=[json_query("agent", "Which; not a group.", refer("Agent"), examples.ANN, required=True)],
        versioned=True,
        description="The names are those of the newest hundred statements by or about the agent.",
    ),
    ("GET", "/xapi/activities"): Operation(
        "An activity with its whole definition",
        {200: answer("The activity, unknown ones too.", {JSON: media(refer("Activity"), examples.ACTIVITY)})},
        scopes=_READ,
        parameters=[query("activityId", "Which.", IRI, examples.LESSON, required=True)],
        versioned=True,
        description="What the statements say of it, merged: each language and each extension, the latest where they "
        "differ. Statements stored without the scope `define` say nothing.",
    ),
}
