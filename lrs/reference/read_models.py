"""Outlines, learners, progress, grades, completions, and why, in the reference. docs/api.md."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

from lrs.api.as_of import AS_OF
from lrs.api.completions import COMPLETIONS
from lrs.api.days import ACTIVITY, DAILY
from lrs.api.explain import STATEMENTS
from lrs.api.grades import GRADES
from lrs.api.items import ITEMS, RESPONSES
from lrs.api.learners import COURSES, LEARNERS, LONGEST_SEARCH, NODES
from lrs.api.listing import Listing
from lrs.api.media import MEDIA
from lrs.api.outline import OUTLINE
from lrs.api.progress import PROGRESS, STATES
from lrs.api.unassigned import ACTIVITIES, OF_ACTIVITY
from lrs.api.what_if import MOST_LEARNERS
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
from lrs.reference.read_model_shapes import page_of
from lrs.reference.shapes import ID, MOMENT, POSITION, TEXT
from schemas.scope import Scope

_READ: Final = [Scope.STATEMENTS_READ, Scope.ALL_READ]
_COURSE: Final = path("course_id", "Which course: its id in /api/courses.", ID, examples.COURSE_ID)
_PERSON: Final = path("person_id", "Which learner: `person` of the roster.", ID, examples.PERSON_ID)
_NODE: Final = path("node_id", "Which node of the outline; the course is its own.", ID, examples.COURSE_ID)
_ACTIVITY: Final = path("activity_id", "Which activity: its id in /api/unassigned.", ID, examples.COURSE_ID)
_SHARE: Final[Json] = {"type": "number", "minimum": 0, "maximum": 1}
_TRUTH: Final[Json] = {"enum": ["true", "false"]}
_DAY: Final[Json] = {"type": "string", "format": "date"}
_FILTERS: Final[dict[str, Json]] = {
    "status": query(
        "status", "Only of this status.", {"enum": ["active", "completed", "suspended", "withdrawn"]}, "active"
    ),
    "at_risk": query("at_risk", "Only those at risk, or those not.", {"enum": ["true", "false"]}, "true"),
    "passed": query("passed", "By what is known of it.", {"enum": ["true", "false", "unknown"]}, "true"),
    "q": query(
        "q", "Part of the name or identifier.", {"type": "string", "minLength": 1, "maxLength": LONGEST_SEARCH}, "ann"
    ),
    "min_progress": query("min_progress", "With at least this progress.", _SHARE, 0.25),
    "max_progress": query("max_progress", "With at most this progress.", _SHARE, 0.75),
    "person": query("person", "Only this learner.", ID, examples.PERSON_ID),
    "node": query("node", "Only this node.", ID, examples.COURSE_ID),
    "state": query("state", "Only rows of this state.", {"enum": list(STATES)}, "completed"),
    "since": query("since", "Completed at this instant or later.", MOMENT, examples.MOMENT),
    "until": query("until", "Completed before this instant.", MOMENT, examples.MOMENT),
    "parent": query("parent", "Only nodes with this parent.", ID, examples.COURSE_ID),
    "first_try": query("first_try", "Only learners' first ones on an item, or the others.", _TRUTH, "true"),
    "final": query("final", "Only the last ones of an attempt, or the others.", _TRUTH, "true"),
}
_DAYS: Final[dict[str, Json]] = {
    "since": query("since", "This day or later.", _DAY, "2026-03-01"),
    "until": query("until", "Before this day.", _DAY, "2026-04-01"),
}
_WINDOW: Final[dict[str, Json]] = {
    "since": query("since", "First tries at this instant or later.", MOMENT, examples.MOMENT),
    "until": query("until", "First tries before this instant.", MOMENT, examples.MOMENT),
}
_KNOWN: Final = header("If-None-Match", "The ETag of an answer: 304 where it would be the same.", TEXT, '"a-tag"')
_TOLD: Final = {"X-LRS-Position": "the position in the log at which the answer stands"}
_HEADERS: Final = {"ETag": "names the answer", **_TOLD}


AS_OF_THEN: Final = query(
    AS_OF,
    "As the course was at this position of the log, or at this instant.",
    {"anyOf": [POSITION, MOMENT]},
    examples.MOMENT,
)
BUILDING: Final = answer(
    "What the course was there is being built: ask again after Retry-After.",
    {JSON: media(refer("StillBuilding"))},
    {"Retry-After": "seconds", "X-LRS-Position": "the position that was asked for"},
)


def listed(
    summary: str,
    listing: Listing,
    parameters: Sequence[Json],
    missing: str | None,
    *,
    filters: Mapping[str, Json],
    scopes: Sequence[Scope],
) -> Operation:
    """A page of a listing. missing: what may not be there at all."""
    names = f"({'|'.join(listing.shape.__struct_fields__)})"
    some = {"type": "string", "pattern": f"^{names}(,{names})*$"}
    asked = [
        *(filters[name] for name in listing.filters),
        query("limit", "Rows of a page.", {"type": "integer", "minimum": 1, "maximum": listing.most}, listing.usual),
        query("fields", "Only these fields of each row.", some, ",".join(listing.shape.__struct_fields__[:2])),
        query("more", "As the page before gives it, and nothing beside it.", TEXT, "a-token"),
        _KNOWN,
    ]
    answers = {
        200: answer("A page.", {JSON: media(refer(page_of(listing)))}, _HEADERS),
        304: answer("The answer would be the one that is known.", headers=_HEADERS),
    }
    if missing is not None:
        answers[404] = refusal(missing)
    if _COURSE in parameters:
        asked.append(AS_OF_THEN)
        answers[202] = BUILDING
    if listing.is_sorted:
        asked += [
            query(
                "sort",
                "What to sort by; what has nothing of it comes last.",
                {"enum": list(listing.orders)},
                listing.orders[0],
            ),
            query("order", "Which way.", {"enum": ["asc", "desc"]}, "asc"),
        ]
    return Operation(
        summary,
        answers,
        scopes=scopes,
        parameters=[*parameters, *asked],
    )


_operation: Final = partial(listed, filters=_FILTERS, scopes=_READ)


_NO_COURSE: Final = "There is no such course."
_NO_LEARNER: Final = "There is no such course, or no such learner in it."

OPERATIONS: Final[Operations] = {
    ("GET", "/api/courses/{course_id}/outline"): _operation("A course's outline", OUTLINE, [_COURSE], _NO_COURSE),
    ("GET", "/api/courses/{course_id}/learners"): _operation("The roster", LEARNERS, [_COURSE], _NO_COURSE),
    ("GET", "/api/courses/{course_id}/learners/{person_id}"): _operation(
        "One learner in a course, by node", NODES, [_COURSE, _PERSON], _NO_LEARNER
    ),
    ("GET", "/api/courses/{course_id}/learners/{person_id}/nodes/{node_id}/explain"): _operation(
        "Why a learner stands as they do on a node, or in the course",
        STATEMENTS,
        [_COURSE, _PERSON, _NODE],
        "There is no such course, no such learner in it, or no such node.",
    ),
    ("GET", "/api/courses/{course_id}/progress"): _operation("Progress by node", PROGRESS, [_COURSE], _NO_COURSE),
    ("GET", "/api/courses/{course_id}/grades"): _operation("The gradebook", GRADES, [_COURSE], _NO_COURSE),
    ("GET", "/api/courses/{course_id}/completions"): _operation(
        "What was completed, and when", COMPLETIONS, [_COURSE], _NO_COURSE
    ),
    ("POST", "/api/courses/{course_id}/what-if"): Operation(
        "What would change for whom if something were set",
        {
            200: answer("What would change; nothing was set.", {JSON: media(refer("WouldChange"))}, _TOLD),
            202: BUILDING,
            404: refusal(_NO_COURSE),
        },
        scopes=_READ,
        parameters=[
            _COURSE,
            AS_OF_THEN,
            query("limit", "Learners of a page.", {"type": "integer", "minimum": 1, "maximum": MOST_LEARNERS}, 20),
            query("behind", "The page behind this learner, as `more` gives it.", ID, examples.PERSON_ID),
        ],
        body=body(
            "Events as the log would record them, without `by` and `course`: docs/rules.md, section 10.",
            {JSON: media(refer("Trial"), {"events": [{"kind": "policy.set", "policy": {"pass_mark": 0.7}}]})},
        ),
    ),
    ("GET", "/api/courses/{course_id}/media"): _operation("What was played", MEDIA, [_COURSE], _NO_COURSE),
    ("GET", "/api/courses/{course_id}/responses"): _operation("What was answered", RESPONSES, [_COURSE], _NO_COURSE),
    ("GET", "/api/courses/{course_id}/items"): _operation(
        "Items, and what came of first tries", ITEMS, [_COURSE], _NO_COURSE, filters=_FILTERS | _WINDOW
    ),
    ("GET", "/api/courses/{course_id}/activity"): _operation(
        "What learners did by the day", ACTIVITY, [_COURSE], _NO_COURSE, filters=_FILTERS | _DAYS
    ),
    ("GET", "/api/courses/{course_id}/daily"): _operation(
        "The course by the day", DAILY, [_COURSE], _NO_COURSE, filters=_FILTERS | _DAYS
    ),
    ("GET", "/api/unassigned"): _operation("Activities that no course was found for", ACTIVITIES, [], None),
    ("GET", "/api/unassigned/{activity_id}"): _operation(
        "Statements that no course was found for", OF_ACTIVITY, [_ACTIVITY], None
    ),
    ("GET", "/api/learners/{person_id}/courses"): _operation(
        "One learner's courses", COURSES, [_PERSON], "There is no such learner."
    ),
}
