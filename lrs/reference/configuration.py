"""What is set of courses and persons, in the reference. docs/rules.md."""

from collections.abc import Sequence
from typing import Any, Final, get_args

from lrs.api.configuration import MOST_EVENTS
from lrs.api.configured import NAMED
from lrs.api.schemas import SCHEMA
from lrs.api.set_outline import YAML
from lrs.configuration.outline_files import FORMATS
from lrs.reference import examples
from lrs.reference.operation import (
    JSON,
    Json,
    Operation,
    Operations,
    answer,
    body,
    header,
    media,
    path,
    query,
    refer,
    refusal,
)
from lrs.reference.shapes import BINARY, ID, IRI, POSITION, TEXT
from schemas.course_configuration import ContentType
from schemas.scope import Scope

_READ: Final = [Scope.STATEMENTS_READ, Scope.ALL_READ]
_SET: Final = [Scope.ALL]
_ID: Final[Json] = {"anyOf": [ID, {"const": NAMED}]}
_IDENTIFIER: Final[Json] = {"type": "string", "pattern": "^(mbox|mbox_sha1sum|openid|account):.+$"}


def _named(name: str, schema: Json, known_by: str, example: str) -> list[Json]:
    """A part of the path, and what names it in the query instead."""
    return [
        path(f"{name}_id", f"Which {name}: its id, or {NAMED} where the query names it.", _ID, NAMED),
        query(name, f"Its {known_by}, where the path has {NAMED} in its place.", schema, example),
    ]


_COURSE: Final = _named("course", IRI, "IRI", examples.COURSE)
_NODE: Final = _named("node", IRI, "IRI", examples.LESSON)
_PERSON: Final = _named("person", _IDENTIFIER, "identifier", "mbox:mailto:ann@example.org")
_ACTIVITY: Final = _named("activity", IRI, "IRI", examples.LESSON)
_TYPE: Final = path("content_type", "Which content type.", {"enum": list(get_args(ContentType))}, "media")
_REASON: Final = query("reason", "Why, for who reads the history.", {"type": "string", "maxLength": 2000}, "agreed")
_AT: Final = query("at", "As of this position of the log.", POSITION, 1)
_IF_MATCH: Final = header(
    "If-Match", "The ETag of the course that was seen; 412 where it is another by now.", TEXT, '"7"'
)
_PAGE: Final = [
    query("before", "Only events before this position.", POSITION, 48213),
    query("limit", "Events a page.", {"type": "integer", "minimum": 1, "maximum": MOST_EVENTS}, 50),
]
_TOLD: Final = {"X-LRS-Position": "the position in the log of what was last set in the tenant"}
_VERSIONED: Final = _TOLD | {"ETag": "the version of the course"}
_MISSING: Final = {404: refusal("The course, node, person or activity is not known.")}
_RULE: Final = {"when": {"rule": "all", "of": [{"rule": "video_fraction", "at_least": 0.9}, {"rule": "score"}]}}
_POLICY: Final = {"attempts": {"take": "best", "max_attempts": 3}, "pass_mark": 0.6}
_OUTLINE: Final = {"course": examples.COURSE, "title": "Sailing", "nodes": [{"id": examples.LESSON, "title": "Knots"}]}


def _read(summary: str, shape: str, parameters: Sequence[Json], *, versioned: bool = True) -> Operation:
    headers = _VERSIONED if versioned else _TOLD
    answers = {200: answer("What is set.", {JSON: media(refer(shape))}, headers), **_MISSING}
    return Operation(summary, answers, scopes=_READ, parameters=parameters)


def _change(
    summary: str,
    parameters: Sequence[Json],
    content: Json | None = None,
    *,
    versioned: bool = True,
    described: str = "What is to be set.",
) -> Operation:
    headers = _VERSIONED if versioned else _TOLD
    answers = {200: answer("What became of it.", {JSON: media(refer("Change"))}, headers), **_MISSING}
    if versioned:
        answers[412] = refusal("Somebody else was quicker.")
    return Operation(
        summary,
        answers,
        scopes=_SET,
        parameters=[*parameters, _REASON, *([_IF_MATCH] if versioned else [])],
        body=None if content is None else body(described, content),
    )


def _json(shape: str, example: Any) -> Json:
    return {JSON: media(refer(shape), example)}


def _schema(of: str) -> Operation:
    return Operation(f"The JSON Schema of {of}", {200: answer("The schema.", {SCHEMA: media({"type": "object"})})})


_OF: Final = "/api/courses/{course_id}"

OPERATIONS: Final[Operations] = {
    ("GET", "/api/configuration"): _read(
        "What is set beside the courses", "TenantConfiguration", [_AT], versioned=False
    ),
    ("GET", "/api/configuration/events"): _read("Who set what, and when", "History", _PAGE, versioned=False),
    ("GET", f"{_OF}/configuration"): _read(
        "All that is set of a course, now or as of a position", "CourseConfiguration", [*_COURSE, _AT]
    ),
    ("GET", f"{_OF}/configuration/events"): _read(
        "Who set what of a course, and when", "History", [*_COURSE, *_PAGE], versioned=False
    ),
    ("GET", f"{_OF}/configuration/outline"): Operation(
        "The outline that is set",
        {
            200: answer("The outline.", {**_json("Outline", _OUTLINE), YAML: media(TEXT)}, _VERSIONED),
            404: refusal("No outline is set, or the course is not known."),
        },
        scopes=_READ,
        parameters=[
            *_COURSE,
            query("format", "JSON where nothing says otherwise.", {"enum": ["json", "yaml"]}, "json"),
        ],
    ),
    ("PUT", f"{_OF}/configuration/outline"): _change(
        "Set the whole outline",
        [
            *_COURSE,
            query("format", "By the Content-Type where nothing says otherwise.", {"enum": list(FORMATS)}, "json"),
            query("lms", "With openedx: the address that its statements use.", IRI, "https://lms.example.org"),
        ],
        {
            **_json("Outline", _OUTLINE),
            YAML: media(TEXT),
            "application/xml": media(BINARY),
            "application/zip": media(BINARY),
        },
        described="Our own as JSON or YAML, a cmi5 course structure (XML) or its package (ZIP), or with "
        "?format=openedx the answer of Open edX's Course Blocks API.",
    ),
    ("DELETE", f"{_OF}/configuration/outline"): _change("Leave the course to what its statements say", _COURSE),
    ("GET", f"{_OF}/rules/{{node_id}}"): _read(
        "The completion rule that judges a node", "RuleInForce", [*_COURSE, *_NODE]
    ),
    ("PUT", f"{_OF}/rules/{{node_id}}"): _change(
        "Set the completion rule of a node", [*_COURSE, *_NODE], _json("CompletionRule", _RULE)
    ),
    ("DELETE", f"{_OF}/rules/{{node_id}}"): _change(
        "Leave a node to the outline, its content type or the default", [*_COURSE, *_NODE]
    ),
    ("GET", f"{_OF}/rules/types/{{content_type}}"): _read(
        "The completion rule of a content type", "RuleInForce", [*_COURSE, _TYPE]
    ),
    ("PUT", f"{_OF}/rules/types/{{content_type}}"): _change(
        "Set the completion rule of a content type", [*_COURSE, _TYPE], _json("CompletionRule", _RULE)
    ),
    ("DELETE", f"{_OF}/rules/types/{{content_type}}"): _change(
        "Leave a content type to the default", [*_COURSE, _TYPE]
    ),
    ("GET", f"{_OF}/policy"): _read("The grade policy of a course", "PolicyInForce", _COURSE),
    ("PUT", f"{_OF}/policy"): _change("Set the grade policy of a course", _COURSE, _json("GradePolicy", _POLICY)),
    ("DELETE", f"{_OF}/policy"): _change("Leave a course to the default policy", _COURSE),
    **{
        (method, f"{_OF}/due/{{node_id}}{more}"): _change(
            f"{verb} when a node is due for {whom}",
            [*_COURSE, *_NODE, *person],
            _json("DueDate", {"due_at": examples.MOMENT}) if method == "PUT" else None,
        )
        for method, verb in (("PUT", "Set"), ("DELETE", "No longer say"))
        for more, whom, person in (("", "everyone", []), ("/{person_id}", "one person", _PERSON))
    },
    ("PUT", f"{_OF}/overrides/{{person_id}}/{{node_id}}"): _change(
        "Say what a learner has done on a node, whatever the rule and the policy say",
        [*_COURSE, *_PERSON, *_NODE],
        _json("Override", {"completed": True, "score": 0.8}),
        described="All that is said: completed, and score or excused; what is left out is left to rule and policy.",
    ),
    ("DELETE", f"{_OF}/overrides/{{person_id}}/{{node_id}}"): _change(
        "Leave a learner on a node to the rule and the policy", [*_COURSE, *_PERSON, *_NODE]
    ),
    ("GET", "/api/mappings/{activity_id}"): _read(
        "Where an activity was mapped to", "Mapping", _ACTIVITY, versioned=False
    ),
    ("PUT", "/api/mappings/{activity_id}"): _change(
        "Map an activity to a course",
        _ACTIVITY,
        _json("Place", {"course": examples.COURSE}),
        versioned=False,
    ),
    ("DELETE", "/api/mappings/{activity_id}"): _change(
        "Leave an activity to what its statements say", _ACTIVITY, versioned=False
    ),
    ("POST", "/api/persons/{person_id}/merge"): _change(
        "Two identifiers are one person's",
        _PERSON,
        _json("Merge", {"into": "mbox:mailto:ann@example.com"}),
        versioned=False,
    ),
    ("POST", "/api/persons/{person_id}/unmerge"): _change("A person counts for itself again", _PERSON, versioned=False),
    ("GET", "/api/schemas/completion-rule"): _schema("a completion rule"),
    ("GET", "/api/schemas/grade-policy"): _schema("a grade policy"),
    ("GET", "/api/schemas/outline"): _schema("an outline"),
}
