"""The shapes of what the read models answer, by their names in the reference: those that the code has."""

from typing import Final

from lrs.api.completions import COMPLETIONS
from lrs.api.dead_letters import LETTERS, LetterShown
from lrs.api.explain import STATEMENTS
from lrs.api.grades import GRADES
from lrs.api.learners import COURSES, LEARNERS, NODES
from lrs.api.listing import Listing
from lrs.api.outline import OUTLINE
from lrs.api.progress import PROGRESS
from lrs.reference.operation import Json, refer
from projections.course_view import Course
from projections.dead_letter_queries import LetterCounts
from projections.key_explanation import KeyTold
from projections.learner_courses_queries import LearnerIdentity

_OF_COURSES: Final = (OUTLINE, LEARNERS, NODES, COURSES, PROGRESS, GRADES, COMPLETIONS, STATEMENTS)
LISTINGS: Final[tuple[Listing, ...]] = (*_OF_COURSES, LETTERS)
ANSWERED: Final = (KeyTold, LearnerIdentity, LetterShown, LetterCounts, *(one.shape for one in LISTINGS))
_TEXT: Final[Json] = {"type": "string"}
_ID: Final[Json] = {"type": "string", "format": "uuid"}
_NODE: Final[Json] = {
    "type": "object",
    "properties": {"node": _ID, "iri": _TEXT, "title": _TEXT, "kind": _TEXT},
    "required": ["node", "iri", "title", "kind"],
}
_BESIDE: Final[dict[str, dict[str, Json]]] = {
    OUTLINE.shape.__name__: {"course": refer(Course.__name__)},
    NODES.shape.__name__: {"learner": refer(LEARNERS.shape.__name__)},
    COURSES.shape.__name__: {"learner": refer(LearnerIdentity.__name__)},
    STATEMENTS.shape.__name__: {
        "course": refer(Course.__name__),
        "learner": refer(LearnerIdentity.__name__),
        "node": _NODE,
        "voided": {"type": "integer", "minimum": 0},
    },
}
"""What is told beside the rows, by the shape of these."""


def page_of(listing: Listing) -> str:
    """The name of the shape of a page."""
    return f"PageOf{listing.shape.__name__}"


def read_model_shapes(components: Json) -> Json:
    """The rows of components, any field of which a request may leave out, and the pages of them."""
    rows = {one.shape.__name__ for one in LISTINGS}
    rest = {name: {key: value for key, value in components[name].items() if key != "required"} for name in sorted(rows)}
    return rest | {page_of(one): _page(one, components) for one in LISTINGS}


def _page(listing: Listing, components: Json) -> Json:
    row = listing.shape.__name__
    explained = components[KeyTold.__name__]["properties"] if listing is STATEMENTS else {}
    rows = {"type": "array", "items": refer(row)}
    properties: Json = {listing.name: rows, "more": _TEXT, **_BESIDE.get(row, {}), **explained}
    return {
        "description": "`more` is the path of the next page, empty on the last.",
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
    }
