"""How it came out.

The rule of this file: a score is finite, its scaled value lies within [-1, 1], its minimum is less than its
maximum and its raw value lies between the two (1.0.3 Data 2.4.5.1, 2.0.0 4.2.2.4).
"""

from __future__ import annotations

from typing import Annotated, Any, NotRequired

from pydantic import AfterValidator, Field, with_config
from typing_extensions import TypedDict

from schemas.clauses import Clause, broken
from schemas.duration import Duration
from schemas.extensions import Extensions
from schemas.language_map import Text
from schemas.shape import STRICT

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]


@with_config(STRICT)
class ScoreProperties(TypedDict):
    """The numbers of a score."""

    scaled: NotRequired[Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-1, le=1)]]
    raw: NotRequired[Number]
    min: NotRequired[Number]
    max: NotRequired[Number]


def _within_bounds(value: Any) -> Any:
    raw, low, high = value.get("raw"), value.get("min"), value.get("max")
    if low is not None and high is not None and low >= high:
        raise broken("must be less than max", Clause.SCORE, "min")
    if raw is not None and low is not None and raw < low:
        raise broken("must not be less than min", Clause.SCORE, "raw")
    if raw is not None and high is not None and raw > high:
        raise broken("must not be greater than max", Clause.SCORE, "raw")
    return value


Score = Annotated[ScoreProperties, AfterValidator(_within_bounds)]


@with_config(STRICT)
class Result(TypedDict):
    """A result; every property is optional."""

    score: NotRequired[Score]
    success: NotRequired[Annotated[bool, Field(strict=True)]]
    completion: NotRequired[Annotated[bool, Field(strict=True)]]
    response: NotRequired[Text]
    duration: NotRequired[Duration]
    extensions: NotRequired[Extensions]
