"""What is set of a course, as the folds ask for it: the rule of a node, and what else decides for one learner.

The rule of this file: what nobody has set anything of is judged as docs/read-models.md says, without a look at this;
what somebody has is judged as docs/rules.md says.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

from projections.course_configuration import CourseSettings, rule_in_force
from projections.fact import Deed, Fact
from projections.key_context import Learner
from projections.names import Name, named
from projections.node_progress import NodeProgress, fold, without_facts
from projections.outline_node import OutlineNode
from projections.rule_evaluation import evaluate
from projections.rule_facts import Evidence
from projections.score import PASS_MARK
from schemas.completion_rule import CompletionRule
from schemas.course_outline import rules_of
from schemas.prerequisites import leads_to, prerequisites_of
from schemas.timestamp import instant_of


class CourseRules:
    """What is set of one course at one position, by the names of the read models.

    overridden: keys (person, node) of which an override speaks; spoken_of: the persons among them. graded_apart:
    persons with a grade or a due date of their own. wait: for each node whose rule asks for others, which; where nodes
    wait for each other in a ring, none of them has what it waits for there.
    """

    def __init__(self, course: str, settings: CourseSettings) -> None:
        self.course = course
        self.settings = settings
        overrides = (*settings.completions, *settings.grades)
        self.overridden = frozenset((named(person), named(node)) for person, node in overrides)
        apart = {person for person, _ in settings.grades} | {person for _, person in settings.due if person is not None}
        self.graded_apart = {named(person): person for person in sorted(apart)}
        self.spoken_of = {named(person): person for person, _ in overrides}
        self.persons = self.graded_apart | self.spoken_of
        self._needs = _needs(settings)
        self.wait = _without_rings(self._needs)

    @cached_property
    def by_policy(self) -> bool:
        """Whether the grade of everybody in the course is more than docs/read-models.md defines."""
        nodes = self.settings.nodes.values()
        said = (node.weight is not None or node.category is not None or node.due_at is not None for node in nodes)
        due = any(person is None for _, person in self.settings.due)
        return self.settings.policy is not None or due or any(said)

    @cached_property
    def rank(self) -> dict[Name, int]:
        """Nodes whose rule asks for others, numbered such that each comes after those it asks for."""
        ordered = TopologicalSorter(self.wait).static_order()
        return {named(node): number for number, node in enumerate(ordered) if node in self.wait}

    @cached_property
    def followers(self) -> dict[Name, list[Name]]:
        """For each node that others ask for, which; also in a ring, which the next rule may break."""
        found: dict[Name, list[Name]] = {}
        for node, asked in self._needs.items():
            for one in asked:
                found.setdefault(named(one), []).append(named(node))
        return found

    def is_graded_by_policy(self, person: Name) -> bool:
        """Whether the grade of this learner is more than docs/read-models.md defines."""
        return self.by_policy or person in self.graded_apart

    def rule_of(self, person: Name, place: OutlineNode) -> CompletionRule | None:
        """The rule that judges a key; None where it is the default, and nothing else is set that it heeds."""
        in_force = rule_in_force(self.settings, place.iri, place.rule)
        plain = in_force.source == "default" and (person, place.node) not in self.overridden
        return None if plain and self.learner(person, None).pass_mark(place.iri) == PASS_MARK else in_force.rule

    def learner(self, person: Name, now: datetime | None) -> Learner:
        """A learner of the course."""
        return Learner(self.persons.get(person, ""), self.settings, now)

    def progress(
        self,
        person: Name,
        place: OutlineNode,
        ordered: Sequence[Deed | Fact],
        completed: Mapping[str, Evidence],
        now: datetime | None,
    ) -> NodeProgress | None:
        """The row of one key; None where there are no facts and no override. completed: what the learner has."""
        is_course = place.iri == self.course
        if not ordered and (person, place.node) not in self.overridden:
            return None
        rule = self.rule_of(person, place)
        if rule is None:
            return fold(ordered, place.rule, course_node=is_course)
        learner = self.learner(person, now)
        asked = {node: completed[node] for node in self.wait.get(place.iri, ()) if node in completed}
        verdict = evaluate(rule, ordered, learner.context(place, asked))
        row = fold(ordered, "none", course_node=is_course) if ordered else without_facts(self._said_at(learner, place))
        return row._replace(
            state=verdict.state,
            fraction=verdict.fraction,
            revoked_at=verdict.revoked_at,
            completed_at=verdict.completed_at,
            satisfied_by=verdict.satisfied_by,
            late=verdict.late,
            expires_at=verdict.expires_at,
        )

    def _said_at(self, learner: Learner, place: OutlineNode) -> datetime:
        """The instant of the first override of a key that stands."""
        key = learner.ifi, place.iri
        said = (self.settings.completions.get(key), self.settings.grades.get(key))
        return min(one.at for one in said if one is not None)

    def due_between(self, before: datetime | None, now: datetime) -> tuple[bool, set[Name]]:
        """Whether something was due for everybody that is past at `now` and was not before, and for whom alone."""
        passed = {person for due, person in self._due if due < now and (before is None or due >= before)}
        return None in passed, {named(person) for person in passed if person is not None}

    @cached_property
    def _due(self) -> list[tuple[datetime, str | None]]:
        nodes = self.settings.nodes.values()
        outline = [(instant_of(one.due_at), None) for one in nodes if one.due_at is not None]
        return outline + [(said.value, person) for (_, person), said in self.settings.due.items()]


def _needs(settings: CourseSettings) -> dict[str, set[str]]:
    rules = {} if settings.outline is None else rules_of(settings.outline.value)
    rules |= {node: said.value for node, said in settings.rules.items()}
    needs = {node: {name for _, name in prerequisites_of(rule)} for node, rule in rules.items()}
    return {node: names for node, names in needs.items() if names}


def _without_rings(needs: Mapping[str, set[str]]) -> Mapping[str, set[str]]:
    try:
        TopologicalSorter(needs).prepare()
    except CycleError:
        return {node: {name for name in names if not leads_to(needs, name, node)} for node, names in needs.items()}
    return needs
