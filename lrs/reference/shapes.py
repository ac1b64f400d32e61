"""The shapes of what is sent and answered. Those that the code has are taken from it, so that they cannot differ."""

import json
from functools import cache
from typing import Any, Final, get_type_hints

import msgspec
from pydantic import TypeAdapter, create_model

from lrs.access.credentials import CredentialEntry
from lrs.api.batch_results import Result
from lrs.api.credentials import NewCredential, Rotation, Switch
from lrs.api.what_if import MOST_EVENTS
from lrs.reference.configuration_shapes import configuration_shapes
from lrs.reference.operation import Json, refer
from lrs.reference.read_model_shapes import ANSWERED, read_model_shapes
from projections.course_view import CourseLine, CourseView
from projections.what_if_queries import ChangedLearner
from schemas.statement import Statement

TEMPLATE: Final = "#/components/schemas/"

TEXT: Final[Json] = {"type": "string"}
NUMBER: Final[Json] = {"type": "integer", "minimum": 0}
MOMENT: Final[Json] = {"type": "string", "format": "date-time"}
FLAG: Final[Json] = {"type": "boolean"}
ID: Final[Json] = {"type": "string", "format": "uuid"}
BINARY: Final[Json] = {"type": "string", "format": "binary"}
IRI: Final[Json] = {"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9+.-]*:[^\\x00-\\x20\\x7f-\\x9f<>\\x22{}|\\\\^`]+$"}
CLOSED: Final[Json] = {"additionalProperties": False}
POSITION: Final[Json] = {"type": "integer", "minimum": 0, "maximum": 2**63 - 1}


def array(items: Json) -> Json:
    """An array of one shape."""
    return {"type": "array", "items": items}


def structure(required: dict[str, Json], **others: Json) -> Json:
    """An object."""
    return {"type": "object", "properties": {**required, **others}, "required": list(required)}


_ENTRY: Final[Any] = {name: (kind, ...) for name, kind in get_type_hints(CredentialEntry).items()}
_CREDENTIAL: Final[Json] = create_model("Credential", **_ENTRY).model_json_schema()["properties"]
_WRITTEN: Final[Json] = {
    "Problem": {
        "description": "An error (RFC 9457). Each violation names the place, the rule, its clause and what was found.",
        **structure(
            {"title": TEXT, "status": {"type": "integer", "minimum": 400, "maximum": 599}},
            detail=TEXT,
            violations=array(structure({"path": TEXT, "rule": TEXT, "clause": TEXT, "found": TEXT})),
            request_id=TEXT,
        ),
    },
    "StatementResult": {
        "description": "A page of statements. `more` is the path of the next page, empty on the last.",
        **structure({"statements": array(refer("Statement")), "more": TEXT}),
    },
    "Person": {
        "description": "Everything an agent is known by.",
        **structure(
            {"objectType": {"const": "Person"}},
            name=array(TEXT),
            mbox=array(TEXT),
            mbox_sha1sum=array(TEXT),
            openid=array(TEXT),
            account=array(refer("Account")),
        ),
    },
    "Results": {
        "description": "What became of each statement, in their order, and how often each outcome is.",
        **structure({"results": array(refer("Outcome")), "counts": {"type": "object"}}),
    },
    "About": structure({"version": array(TEXT)}),
    "Credential": structure(_CREDENTIAL),
    "NewSecret": {
        "description": "A credential with its secret, which is shown this once.",
        **structure({**_CREDENTIAL, "secret": TEXT}),
    },
    "Projections": structure(
        {"position": POSITION},
        log_position=POSITION,
        version={"type": "integer", "description": "Of the code that computes the read models."},
        written_by={"type": ["integer", "null"], "description": "The version that has written them."},
        note={"type": "string", "description": "What to do where the two differ."},
        counts={"type": "object"},
        dead_letters=refer("LetterCounts"),
    ),
    "StillBuilding": structure({"position": POSITION, "building": structure({"statements": NUMBER, "of": NUMBER})}),
    "Trial": structure({"events": {**array({"type": "object"}), "minItems": 1, "maxItems": MOST_EVENTS}}) | CLOSED,
    "WouldChange": {
        "description": "For how many learners something would change, and a page of them. `more` is where to send the "
        "same body for the next page, empty on the last.",
        **structure(
            {
                "course": refer("Course"),
                "position": POSITION,
                "changed": NUMBER,
                "learners": array(refer("ChangedLearner")),
                "more": TEXT,
            }
        ),
    },
    "Courses": structure({"courses": array(refer("CourseLine"))}),
    "Activities": {
        "description": "Counts by calendar bucket and group; docs/analytics.md defines each column.",
        **structure(
            {
                "position": POSITION,
                "from": MOMENT,
                "to": MOMENT,
                "tz": TEXT,
                "bucket": TEXT,
                "group_by": array(TEXT),
                "filters": {"type": "object"},
                "rows": array({"type": "object"}),
            }
        ),
    },
}


@cache
def shapes() -> Json:
    """Every shape by its name."""
    found: Json = {}
    for kind in (Statement, NewCredential, Rotation, Switch):
        schema = TypeAdapter[Any](kind).json_schema(ref_template=f"{TEMPLATE}{{model}}")
        found |= schema.pop("$defs", {})
        found[kind.__name__] = schema
    answered = (CourseView, CourseLine, ChangedLearner, Result, *ANSWERED)
    _, components = msgspec.json.schema_components(answered, ref_template=f"{TEMPLATE}{{name}}")
    components |= read_model_shapes(components)
    found |= configuration_shapes(TEMPLATE)
    components["Outcome"] = components.pop("Result")  # there is the result of a statement too
    assert not found.keys() & components.keys()
    # A group of a pattern is in Rust's syntax, where JSON Schema has that of JavaScript.
    plain: Json = json.loads(json.dumps(found | components).replace("(?i-u:", "(?:"))
    plain["Agent"] = _agent(plain["AgentProperties"]["properties"])
    return dict(sorted((plain | _WRITTEN).items()))


def _agent(properties: Json) -> Json:
    """An agent or an identified group, as a parameter: it has one identifier."""
    described = {"objectType": {"enum": ["Agent", "Group"]}, "name": TEXT}
    identifiers = {name: shape for name, shape in properties.items() if name not in described}
    return {"anyOf": [structure({name: shape}, **described) | CLOSED for name, shape in identifiers.items()]}
