"""Completion rules as data: what has to be there for a learner to have completed a node. docs/rules.md, section 1.

The rule of this file: a rule is a tree of parts, each of which says its kind in `rule`; it is refused when it is set,
with every fault, if it cannot be evaluated. What the parts mean is said in docs/rules.md and computed by
projections/rule_evaluation.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Discriminator, Field, Strict, StringConstraints, Tag, TypeAdapter, model_validator

from schemas.configuration_refusal import BoundedIri, Configured, ZonedTimestamp, broken, not_empty, read
from schemas.duration import DURATION_PATTERN
from schemas.refusals import Path
from schemas.shape import MARK
from schemas.validity_period import Period, days_in

DEEPEST_RULE: Final = 10
"""Combinators within each other."""
MOST_PARTS: Final = 500
"""Parts of one rule."""
CLAUSE: Final = "Rules 1"


def _is_some_time(text: str) -> str:
    if not any(digit in "123456789" for digit in text):
        raise broken("must be more than nothing")
    return text


Share = Annotated[float, Field(gt=0, le=1)]
Mark = Annotated[float, Field(ge=0, le=1)]
AmountOfTime = Annotated[str, StringConstraints(pattern=DURATION_PATTERN, max_length=40), AfterValidator(_is_some_time)]


class Statement(Configured):
    """A statement with this verb; with an activity type, on nodes of that type only."""

    rule: Literal["statement"] = "statement"
    verb: BoundedIri
    activity_type: BoundedIri | None = None


class Viewed(Configured):
    """It was opened, read or experienced."""

    rule: Literal["viewed"] = "viewed"


class VideoFraction(Configured):
    """So much of it was played; without a number, the statements' own threshold, and 0.9 where they have none."""

    rule: Literal["video_fraction"] = "video_fraction"
    at_least: Share | None = None


class ScrollDepth(Configured):
    """So much of a text was scrolled through, in no less than so many seconds."""

    rule: Literal["scroll_depth"] = "scroll_depth"
    at_least: Share = 0.9
    minimum_seconds: Annotated[float, Field(gt=0, le=10**9)] | None = None


class Score(Configured):
    """A score of so much; without a number, the pass mark."""

    rule: Literal["score"] = "score"
    at_least: Mark | None = None


class Passed(Configured):
    """It was passed."""

    rule: Literal["passed"] = "passed"


class Submitted(Configured):
    """It was handed in."""

    rule: Literal["submitted"] = "submitted"


class Attended(Configured):
    """The learner was there."""

    rule: Literal["attended"] = "attended"


class Duration(Configured):
    """So much time was spent on it."""

    rule: Literal["duration"] = "duration"
    at_least: AmountOfTime


class MoveOn(Configured):
    """The moveOn criterion of cmi5; with a mastery score, a pass with a lower score is none."""

    rule: Literal["move_on"] = "move_on"
    criterion: Literal["Passed", "Completed", "CompletedAndPassed", "CompletedOrPassed", "NotApplicable"]
    mastery_score: Mark | None = None


class Manual(Configured):
    """Somebody entitled says so."""

    rule: Literal["manual"] = "manual"


class Prerequisite(Configured):
    """Another node of the course is completed."""

    rule: Literal["prerequisite"] = "prerequisite"
    node: BoundedIri


class All(Configured):
    """Each of these."""

    rule: Literal["all"] = "all"
    of: Parts


class AnyOf(Configured):
    """One of these."""

    rule: Literal["any"] = "any"
    of: Parts


class NumberOf(Configured):
    """So many of these."""

    rule: Literal["n_of"] = "n_of"
    m: Annotated[int, Field(ge=1)]
    of: Parts

    @model_validator(mode="after")
    def _has_enough(self) -> Self:
        if self.m > len(self.of):
            raise broken(f"must be at most {len(self.of)}, the number of parts", "m")
        return self


class NotAfter(Configured):
    """This, by a deadline; without one, by the node's due date."""

    rule: Literal["not_after"] = "not_after"
    deadline: ZonedTimestamp | None = None
    late: Literal["accept", "flag", "refuse"] = "flag"
    of: Part


Combinator = All | AnyOf | NumberOf
Leaf = (
    Statement
    | Viewed
    | VideoFraction
    | ScrollDepth
    | Score
    | Passed
    | Submitted
    | Attended
    | Duration
    | MoveOn
    | Manual
    | Prerequisite
)
_KINDS: Final[dict[str, type[Configured]]] = {
    kind.model_fields["rule"].default: kind
    for kind in (
        *(Statement, Viewed, VideoFraction, ScrollDepth, Score, Passed, Submitted, Attended, Duration, MoveOn),
        *(Manual, Prerequisite, All, AnyOf, NumberOf, NotAfter),
    )
}


def _kind(value: Any) -> str | None:
    kind = value.get("rule") if isinstance(value, dict) else getattr(value, "rule", None)
    return MARK + kind if isinstance(kind, str) and kind in _KINDS else None


def _tagged(kind: str) -> Tag:
    return Tag(MARK + kind)


Part = Annotated[
    Annotated[Statement, _tagged("statement")]
    | Annotated[Viewed, _tagged("viewed")]
    | Annotated[VideoFraction, _tagged("video_fraction")]
    | Annotated[ScrollDepth, _tagged("scroll_depth")]
    | Annotated[Score, _tagged("score")]
    | Annotated[Passed, _tagged("passed")]
    | Annotated[Submitted, _tagged("submitted")]
    | Annotated[Attended, _tagged("attended")]
    | Annotated[Duration, _tagged("duration")]
    | Annotated[MoveOn, _tagged("move_on")]
    | Annotated[Manual, _tagged("manual")]
    | Annotated[Prerequisite, _tagged("prerequisite")]
    | Annotated[All, _tagged("all")]
    | Annotated[AnyOf, _tagged("any")]
    | Annotated[NumberOf, _tagged("n_of")]
    | Annotated[NotAfter, _tagged("not_after")],
    Discriminator(
        _kind,
        custom_error_type="broken",
        custom_error_message="{rule}",
        custom_error_context={"rule": f"must be an object whose `rule` is one of {', '.join(_KINDS)}"},
    ),
]
Parts = Annotated[tuple[Part, ...], Strict(False), AfterValidator(not_empty)]
for _with_parts in (All, AnyOf, NumberOf, NotAfter):
    _with_parts.model_rebuild()


class CompletionRule(Configured):
    """What completes a node; whether later statements can take that back; how long it is valid.

    renewal: how long before its end a completion can be renewed.
    """

    when: Part
    revocable: bool = False
    valid_for: Period | None = None
    renewal: Period | None = None

    @model_validator(mode="after")
    def _can_be_evaluated(self) -> Self:
        if self.renewal is not None and self.valid_for is None:
            raise broken("is of use only beside valid_for", "renewal")
        if self.renewal and self.valid_for and days_in(self.renewal) >= days_in(self.valid_for):
            raise broken("must be shorter than valid_for", "renewal")
        parts = list(parts_of(self.when))
        if len(parts) > MOST_PARTS:
            raise broken(f"must have at most {MOST_PARTS} parts, not {len(parts)}", "when")
        deepest = max(sum(isinstance(step, str) and step == "of" for step in path) for path, _ in parts)
        if deepest > DEEPEST_RULE:
            raise broken(f"must not be nested more than {DEEPEST_RULE} deep", "when")
        return self


def parts_of(part: Part, path: Path = ("when",)) -> Iterator[tuple[Path, Part]]:
    """The part and all parts within it, each with its path."""
    yield path, part
    if isinstance(part, All | AnyOf | NumberOf):
        for index, inner in enumerate(part.of):
            yield from parts_of(inner, (*path, "of", index))
    elif isinstance(part, NotAfter):
        yield from parts_of(part.of, (*path, "of"))


_ADAPTER: Final[TypeAdapter[CompletionRule]] = TypeAdapter(CompletionRule)


def read_completion_rule(value: Any, root: Path = ()) -> CompletionRule:
    """A rule out of parsed JSON. Raises ConfigurationRefused, with every fault."""
    return read(_ADAPTER, value, CLAUSE, root)


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a rule."""
    return with_kinds_required(_ADAPTER.json_schema())


def with_kinds_required(schema: dict[str, Any]) -> dict[str, Any]:
    """A JSON Schema that has rules in it: every part says its kind, which the code may leave out."""
    kinds = {kind.__name__ for kind in _KINDS.values()}
    for name, shape in schema["$defs"].items():
        if name in kinds:
            shape["required"] = list(dict.fromkeys(["rule", *shape.get("required", ())]))
    return schema


_CLAIMED: Final[tuple[Part, ...]] = (
    Statement(verb="http://adlnet.gov/expapi/verbs/completed"),
    Attended(),
    Submitted(),
    Statement(verb="https://w3id.org/xapi/adl/verbs/satisfied"),
    Statement(verb="https://w3id.org/xapi/adl/verbs/waived"),
)
DEFAULTS: Final[dict[str, CompletionRule]] = {
    "media": CompletionRule(when=AnyOf(of=(*_CLAIMED, VideoFraction()))),
    "assessment": CompletionRule(when=AnyOf(of=(*_CLAIMED, Passed(), Score()))),
    "document": CompletionRule(when=AnyOf(of=(*_CLAIMED, Viewed()))),
    "content": CompletionRule(when=AnyOf(of=(*_CLAIMED, Passed(), ScrollDepth(at_least=1.0)))),
    "none": CompletionRule(when=Manual()),
}
"""The rules of docs/read-models.md, section 5, by their names there."""
