"""What is beside the standard, in the reference: credentials, read models, course pages, counts."""

from typing import Final, get_args

from lrs.analytics.activity_parameters import Group, Unit
from lrs.reference import examples
from lrs.reference.operation import (
    JSON,
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
from lrs.reference.shapes import ID, IRI, MOMENT, POSITION, TEXT, array, structure
from schemas.scope import Scope

_READ: Final = [Scope.STATEMENTS_READ, Scope.ALL_READ]
_KEY: Final = path("key", "Which credential.", {"type": "string", "pattern": r"^[^\x00-\x1f\x7f]{1,1000}$"}, "my-key")
_COURSE: Final = path("course_id", "Which course: its id in /api/courses.", ID, examples.COURSE_ID)
_NO_CREDENTIAL: Final = refusal("There is no such credential.")
_NO_COURSE: Final = refusal("There is no such course.")
_DATE: Final = {"anyOf": [{"type": "string", "format": "date"}, MOMENT]}
_ZONE: Final = {"anyOf": [{"const": "UTC"}, {"type": "string", "pattern": "^[A-Z][A-Za-z_]+/[A-Za-z_/+-]+$"}]}
_GROUPS: Final = {"type": "string", "pattern": "^(none|{0}(,{0})*)$".replace("{0}", f"({'|'.join(get_args(Group))})")}
_LEARNER: Final = {"type": "string", "pattern": "^(mbox|mbox_sha1sum|openid|account):.+$"}
_SECRET: Final = {JSON: media(refer("NewSecret"), {**examples.CREDENTIAL, "secret": "…"})}

OPERATIONS: Final[Operations] = {
    ("GET", "/api/credentials"): Operation(
        "Every credential, the disabled ones too",
        {
            200: answer(
                "The credentials, without their secrets.",
                {
                    JSON: media(
                        structure({"credentials": array(refer("Credential"))}), {"credentials": [examples.CREDENTIAL]}
                    )
                },
            )
        },
        scopes=[Scope.ALL],
    ),
    ("POST", "/api/credentials"): Operation(
        "Make a credential",
        {201: answer("The credential, with its secret.", _SECRET)},
        scopes=[Scope.ALL],
        body=body(
            "Without scopes: statements/write and statements/read/mine.",
            {JSON: media(refer("NewCredential"), {"name": "the sailing course", "scopes": ["statements/write"]})},
            required=False,
        ),
    ),
    ("POST", "/api/credentials/{key}/rotate"): Operation(
        "Another secret for the same key",
        {
            200: answer("The credential, with its new secret.", _SECRET),
            404: _NO_CREDENTIAL,
            409: refusal("It is disabled."),
        },
        scopes=[Scope.ALL],
        parameters=[_KEY],
        body=body(
            "keep_for: seconds that the secret before stays good.",
            {JSON: media(refer("Rotation"), {"keep_for": 3600})},
            required=False,
        ),
    ),
    ("POST", "/api/credentials/{key}/disable"): Operation(
        "End a credential for ever",
        {
            200: answer("The credential.", {JSON: media(refer("Credential"), examples.CREDENTIAL)}),
            404: _NO_CREDENTIAL,
        },
        scopes=[Scope.ALL],
        parameters=[_KEY],
        description="It is out of force within a second, in every process.",
    ),
    ("POST", "/api/credentials/{key}/compatibility"): Operation(
        "Repair the well-known invalid statements of a client, or do not",
        {
            200: answer("The credential.", {JSON: media(refer("Credential"), examples.CREDENTIAL)}),
            404: _NO_CREDENTIAL,
        },
        scopes=[Scope.ALL],
        parameters=[_KEY],
        body=body("Whether they are repaired.", {JSON: media(refer("Switch"), {"on": True})}),
        description="What is repaired is written in docs/compatibility.md.",
    ),
    ("GET", "/api/projections"): Operation(
        "How far the read models have come",
        {200: answer("Positions in the log, and rows.", {JSON: media(refer("Projections"), {"position": 48213})})},
        scopes=_READ,
        parameters=[
            query("wait_for", "Answer once this position is reached, or after ten seconds.", POSITION, 48213),
        ],
        description="Give it the X-LRS-Position of your own request to read your own writes.",
    ),
    ("GET", "/api/courses"): Operation(
        "The courses",
        {200: answer("The courses by title.", {JSON: media(refer("Courses"))})},
        scopes=_READ,
        parameters=[query("iri", "Only the one with this IRI.", IRI, examples.COURSE)],
    ),
    ("GET", "/api/courses/{course_id}"): Operation(
        "One course as its page shows it",
        {200: answer("The course.", {JSON: media(refer("CourseView"))}), 404: _NO_COURSE},
        scopes=_READ,
        parameters=[_COURSE],
    ),
    ("GET", "/api/courses/{course_id}/live"): Operation(
        "What changes in a course, as it does",
        {
            200: answer(
                "Server-Sent Events: snapshot, change, outline, reset, delayed, alive.",
                {"text/event-stream": media(TEXT, "id: 48213\nevent: alive\ndata: {}\n\n")},
            ),
            404: _NO_COURSE,
        },
        scopes=_READ,
        parameters=[
            _COURSE,
            query("after", "Go on from this position.", POSITION, 48213),
            query("outlined", "Up to where the outline holds that is there already; else it is told.", POSITION, 48213),
            header("Last-Event-ID", "The same, as a browser sends it.", TEXT, "48213"),
        ],
    ),
    ("GET", "/api/analytics/activity"): Operation(
        "Activity, counted in calendar buckets",
        {
            200: answer(
                "The rows, as JSON or CSV.",
                {JSON: media(refer("Activities")), "text/csv": media(TEXT)},
                {"X-LRS-Position": "the position in the log up to which is counted"},
            )
        },
        scopes=_READ,
        parameters=[
            query("from", "From this instant, or the first of this day.", _DATE, "2026-03-23", required=True),
            query("to", "Up to this instant, which is not counted.", _DATE, "2026-04-06", required=True),
            query("tz", "UTC, or an IANA time zone.", _ZONE, "Europe/Berlin"),
            query("bucket", "How long a bucket is.", {"enum": list(get_args(Unit))}, "day"),
            query("group_by", f"none, or {', '.join(get_args(Group))} with commas between.", _GROUPS, "verb"),
            query("course", "Only this course: its IRI or id.", {"anyOf": [ID, IRI]}, examples.COURSE),
            query("learner", "Only this learner.", _LEARNER, "mbox:mailto:ann@example.org"),
            query("verb", "Only this verb.", IRI, examples.COMPLETED),
            query("format", "JSON where nothing says otherwise.", {"enum": ["json", "csv"]}, "json"),
        ],
    ),
}
