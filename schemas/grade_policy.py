"""Grade policies as data: how attempts become a node's grade, and nodes' grades a course's. docs/rules.md, section 4.

The rule of this file: without a policy the grades are those of docs/read-models.md, section 8: the best attempt, all
nodes alike, nothing dropped. What cannot be computed is refused when it is set.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Field, Strict, TypeAdapter, model_validator

from schemas.completion_rule import AmountOfTime, Mark
from schemas.configuration_refusal import BoundedIri, Configured, Line, broken, read
from schemas.errors import Violation
from schemas.refusals import Path, shown, written

CLAUSE: Final = "Rules 4"
DEFAULT_PASS_MARK: Final = 0.6
MOST_DROPPED: Final = 1000
MOST_CATEGORIES: Final = 200
MOST_POLICIES: Final = 20_000
"""Nodes with a policy of their own: as many as an outline can have."""

Take = Literal["best", "last", "first", "average", "average_of_best", "manual"]


class LatePenalty(Configured):
    """What an attempt loses that is handed in after the due date, as a share of its score.

    at_once for being late at all, per_day for each day begun; at_most in all. Within `grace` it is not late.
    """

    at_once: Mark = 0.0
    per_day: Mark = 0.0
    at_most: Mark = 1.0
    grace: AmountOfTime | None = None

    @model_validator(mode="after")
    def _takes_something(self) -> Self:
        if not (self.at_once or self.per_day) or not self.at_most:
            raise broken("must take something: at_once or per_day, and at_most, above 0")
        return self


class AttemptPolicy(Configured):
    """Which attempts make a node's grade. k: of average_of_best. max_attempts: later ones do not count."""

    take: Take = "best"
    k: Annotated[int, Field(ge=1, le=1000)] | None = None
    max_attempts: Annotated[int, Field(ge=1, le=1000)] | None = None
    late_penalty: LatePenalty | None = None

    @model_validator(mode="after")
    def _has_its_number(self) -> Self:
        if (self.take == "average_of_best") != (self.k is not None):
            raise broken("must be given with average_of_best, and with nothing else", "k")
        return self


class Category(Configured):
    """Nodes that count together: the share of the course's grade they make, and how many of the lowest do not count."""

    name: Line
    weight: Annotated[float, Field(gt=0, le=1_000_000)]
    drop_lowest: Annotated[int, Field(ge=0, le=MOST_DROPPED)] = 0


def _named_once(categories: tuple[Category, ...]) -> tuple[Category, ...]:
    seen: set[str] = set()
    for index, one in enumerate(categories):
        if one.name in seen:
            raise broken("must differ from the names of the other categories", index, "name")
        seen.add(one.name)
    return categories


class GradePolicy(Configured):
    """The policy of a course.

    attempts: of every node but those in `nodes`. categories: without them all nodes count together, and drop_lowest is
    how many of the lowest do not. own_grade: what is said of the course itself goes before what is computed.
    """

    attempts: AttemptPolicy = AttemptPolicy()
    nodes: dict[BoundedIri, AttemptPolicy] = Field(default_factory=dict)
    categories: Annotated[tuple[Category, ...], Strict(False), AfterValidator(_named_once)] = ()
    drop_lowest: Annotated[int, Field(ge=0, le=MOST_DROPPED)] = 0
    own_grade: bool = True
    pass_mark: Mark = DEFAULT_PASS_MARK

    @model_validator(mode="after")
    def _drops_in_one_place(self) -> Self:
        if self.categories and self.drop_lowest:
            raise broken("is said by each category, where there are categories", "drop_lowest")
        return self

    def of_node(self, node: str, *, course_node: bool) -> AttemptPolicy:
        """The policy of one node. What is said of the course itself is its last, unless its node has a policy."""
        return self.nodes.get(node) or (AttemptPolicy(take="last") if course_node else self.attempts)


_ADAPTER: Final[TypeAdapter[GradePolicy]] = TypeAdapter(GradePolicy)


def read_grade_policy(value: Any, root: Path = ()) -> GradePolicy:
    """A policy out of parsed JSON. Raises ConfigurationRefused, with every fault."""
    return read(_ADAPTER, value, CLAUSE, root)


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a policy."""
    return _ADAPTER.json_schema()


def check_policy(
    policy: GradePolicy, known: frozenset[str], categories: Mapping[str, str], root: Path = ()
) -> Iterator[Violation]:
    """A Violation for each node that the outline does not have, each of its categories that the policy lacks, and for
    more of either than can be.

    known: the course and its nodes. categories: of the outline's nodes, by node.
    """
    for name, found, most in (
        ("nodes", len(policy.nodes), MOST_POLICIES),
        ("categories", len(policy.categories), MOST_CATEGORIES),
    ):
        if found > most:
            yield Violation(written((*root, name)), f"must have at most {most} entries", CLAUSE, str(found))
            return
    for node in policy.nodes:
        if node not in known:
            rule = "must be the course or a node of its outline"
            yield Violation(written((*root, "nodes", node)), rule, CLAUSE, shown(node))
    if policy.categories:
        names = {one.name for one in policy.categories}
        for name in sorted(set(categories.values()) - names):
            rule = "must have every category that the outline names"
            yield Violation(written((*root, "categories")), rule, CLAUSE, shown(name))
