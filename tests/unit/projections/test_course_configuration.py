"""Control events: what is refused, what they make, and that their order of arrival changes nothing."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projections.course_configuration import Configuration, apply, due_at, fold, refuse_unfit, rule_in_force
from schemas.course_configuration import KINDS, kind_of, read_configuration_event
from schemas.errors import ConfigurationRefused
from schemas.grade_policy import MOST_CATEGORIES, MOST_POLICIES
from schemas.log_event import CLOCK_TICK, ControlEvent
from tests.unit.projections.learner import START, at

COURSE, QUIZ, FILM = (f"http://x.example/{name}" for name in ("course", "quiz", "film"))
ANN, ANNA, ANNIE = (f"mbox:mailto:{name}@x.example" for name in ("ann", "anna", "annie"))
VIEWED = {"when": {"rule": "viewed"}}
PASSED = {"when": {"rule": "passed"}}
OUTLINE = {"course": COURSE, "nodes": [{"id": FILM, "rule": VIEWED, "due_at": at(5).isoformat()}, {"id": QUIZ}]}


def event(position: int, kind: str, **payload: Any) -> ControlEvent:
    said = payload if kind == CLOCK_TICK else {"by": f"admin {position}", **payload}
    return ControlEvent(position, 1, START + timedelta(minutes=position), kind, said)


def rule_set(position: int, rule: Any, **where: Any) -> ControlEvent:
    return event(position, "rule.set", course=COURSE, rule=rule, **where)


def of(configuration: Configuration, node: str, default: str = "content") -> tuple[str, str, int]:
    found = rule_in_force(configuration.course(COURSE), node, default)
    return found.rule.when.rule, found.source, found.version


def test_the_rule_in_force_is_the_nearest_one() -> None:
    events = [
        event(3, "outline.set", course=COURSE, outline=OUTLINE),
        rule_set(5, PASSED, content_type="content"),
        rule_set(8, PASSED, node=FILM),
        rule_set(9, None, node=FILM),
        rule_set(12, None, content_type="content"),
    ]
    assert of(fold(events, 2), FILM) == ("any", "default", 0)
    assert of(fold(events, 4), FILM) == ("viewed", "outline", 1)
    assert of(fold(events, 5), QUIZ) == ("passed", "content type", 2)
    assert of(fold(events, 8), FILM) == ("passed", "set", 3)
    assert of(fold(events, 9), FILM) == ("viewed", "outline", 1)
    assert of(fold(events), QUIZ) == ("any", "default", 0)
    assert of(fold(events, 5), QUIZ, "none") == ("manual", "default", 0)
    assert fold(events).course(COURSE).version == 5
    told = fold(events, 8).course(COURSE).rules[FILM]
    assert (told.by, told.at, told.position, told.version) == ("admin 8", START + timedelta(minutes=8), 8, 3)


def test_a_due_date_is_the_learners_or_everyones_or_the_outlines() -> None:
    def due(position: int, minutes: int | None, person: str | None = None) -> ControlEvent:
        moment = None if minutes is None else at(minutes).isoformat()
        return event(position, "due.set", course=COURSE, node=FILM, person=person, due_at=moment)

    events = [event(1, "outline.set", course=COURSE, outline=OUTLINE), due(2, 9), due(3, 20, ANN), due(4, None)]

    def dates(position: int) -> list[Any]:
        return [due_at(fold(events, position).course(COURSE), FILM, person) for person in (ANN, ANNA)]

    assert dates(1) == [at(5), at(5)]
    assert dates(2) == [at(9), at(9)]
    assert dates(3) == [at(20), at(9)]
    assert dates(4) == [at(20), at(5)]


def test_overrides_policies_and_mappings_replace_and_go() -> None:
    where = {"course": COURSE, "node": QUIZ, "person": ANN}
    events = [
        event(1, "completion.overridden", **where, completed=True),
        event(2, "grade.overridden", **where, score=0.5),
        event(3, "policy.set", course=COURSE, policy={"pass_mark": 0.8}),
        event(4, "mapping.set", activity="http://x.example/other", course=COURSE, node=QUIZ),
        event(5, "completion.overridden", **where, completed=None),
        event(6, "grade.overridden", **where),
        event(7, "policy.set", course=COURSE, policy=None),
        event(8, "mapping.set", activity="http://x.example/other", course=None),
    ]
    there, gone = fold(events, 4), fold(events)
    settings_ = there.course(COURSE)
    assert settings_.completions[ANN, QUIZ].value is True
    assert settings_.grades[ANN, QUIZ].value.score == 0.5
    assert settings_.policy is not None
    assert settings_.policy.value.pass_mark == 0.8
    assert there.mappings["http://x.example/other"].value.node == QUIZ
    assert gone.course(COURSE).version == 8
    assert gone.mappings == {}
    assert replace(gone.course(COURSE), version=0) == Configuration().course(COURSE)


def test_persons_are_merged_to_the_end_and_unmerged_one_by_one() -> None:
    events = [
        event(1, "person.merged", person=ANNIE, into=ANNA),
        event(2, "person.merged", person=ANNA, into=ANN),
        event(3, "person.merged", person=ANN, into=ANNIE),  # two set it at once: the ring is not closed
        event(4, "person.unmerged", person=ANNIE),
    ]
    assert [fold(events, 3).person(one) for one in (ANN, ANNA, ANNIE)] == [ANN, ANN, ANN]
    assert [fold(events).person(one) for one in (ANN, ANNA, ANNIE)] == [ANN, ANN, ANNIE]
    behind = [
        event(1, "person.merged", person=ANN, into=ANNA),
        event(2, "person.merged", person=ANNIE, into=ANN),
        event(3, "person.merged", person=ANN, into=ANNIE),  # who is merged already closes it all the same
    ]
    assert [fold(behind).person(one) for one in (ANN, ANNA, ANNIE)] == [ANNA, ANNA, ANNA]


def test_an_event_that_is_delivered_again_changes_nothing() -> None:
    configuration, passed, none = Configuration(), rule_set(1, PASSED, node=QUIZ), rule_set(2, None, node=QUIZ)
    for delivered in (passed, none, passed):
        apply(configuration, delivered)
    assert configuration == fold([passed, none])
    assert configuration.course(COURSE).version == 2


def unfit(events: list[ControlEvent], kind: str, *heard: str, **payload: Any) -> dict[str, str]:
    with pytest.raises(ConfigurationRefused) as caught:
        refuse_unfit(fold(events), read_configuration_event(kind, {"by": "x", **payload}), frozenset(heard))
    return {one.path: one.rule for one in caught.value.violations}


def test_what_cannot_follow_what_is_set_is_refused() -> None:
    waits = {"when": {"rule": "prerequisite", "node": QUIZ}}
    outline = event(1, "outline.set", course=COURSE, outline=OUTLINE)
    film_waits = rule_set(2, waits, node=FILM)
    refuse_unfit(fold([]), read_configuration_event("rule.set", film_waits.payload), frozenset({QUIZ, FILM}))
    assert list(unfit([], "rule.set", course=COURSE, node=FILM, rule=waits)) == ["rule.when.node"]
    back = {"when": {"rule": "prerequisite", "node": FILM}}
    ring = unfit([outline, film_waits], "rule.set", course=COURSE, node=QUIZ, rule=back)
    assert ring == {"rule.when.node": f"must not wait for {QUIZ}, which waits for it"}
    smaller = {"course": COURSE, "nodes": [{"id": FILM}]}
    gone = unfit([outline, film_waits], "outline.set", course=COURSE, outline=smaller)
    assert gone == {"outline.nodes[0].rule.when.node": "must be a node of the course's outline"}
    policy: dict[str, Any] = {"nodes": {"http://x.example/z": {}}}
    assert list(unfit([outline], "policy.set", course=COURSE, policy=policy)) == ['policy.nodes["http://x.example/z"]']
    merged = event(3, "person.merged", person=ANN, into=ANNA)
    assert list(unfit([merged], "person.merged", person=ANNA, into=ANN)) == ["into"]


def test_what_is_in_force_once_something_is_taken_away_is_judged_too() -> None:
    """A rule of the outline that another replaced; a rule that is set beside an outline."""
    waits = {"when": {"rule": "prerequisite", "node": QUIZ}}
    back = {"when": {"rule": "prerequisite", "node": FILM}}
    outline = {"course": COURSE, "nodes": [{"id": FILM, "rule": waits}, {"id": QUIZ}]}
    events = [
        event(1, "outline.set", course=COURSE, outline={"course": COURSE, "nodes": [{"id": FILM}, {"id": QUIZ}]}),
        rule_set(2, VIEWED, node=FILM),
        event(3, "outline.set", course=COURSE, outline=outline),
        rule_set(4, back, node=QUIZ),
    ]
    assert list(unfit(events, "rule.set", course=COURSE, node=FILM, rule=None)) == ["rule.when.node"]
    refuse_unfit(fold(events, 3), read_configuration_event("rule.set", rule_set(5, None, node=FILM).payload))
    gone: dict[str, Any] = {"course": COURSE, "outline": None}
    assert unfit(events, "outline.set", **gone) == {"outline.rule.when.node": "must be a node of the course's outline"}
    taken_away = read_configuration_event("outline.set", {"by": "x", **gone})
    refuse_unfit(fold(events), taken_away, frozenset({FILM, QUIZ}))
    refuse_unfit(fold(events, 3), taken_away)


def test_a_policy_has_bounds_but_one_that_was_set_counts() -> None:
    nodes: dict[str, Any] = {f"http://x.example/{number}": {} for number in range(MOST_POLICIES + 1)}
    categories = [{"name": f"{number}", "weight": 1} for number in range(MOST_CATEGORIES + 1)]
    many: dict[str, Any] = {"categories": categories}
    assert unfit([], "policy.set", course=COURSE, policy={"nodes": nodes}) == {
        "policy.nodes": f"must have at most {MOST_POLICIES} entries"
    }
    assert unfit([], "policy.set", course=COURSE, policy=many) == {
        "policy.categories": f"must have at most {MOST_CATEGORIES} entries"
    }
    found = fold([event(1, "policy.set", course=COURSE, policy=many)]).course(COURSE).policy
    assert found is not None
    assert len(found.value.categories) == len(categories)


@pytest.mark.parametrize(
    ("kind", "payload", "path"),
    [
        ("rule.put", {}, "kind"),
        ("rule.set", {"course": COURSE, "rule": VIEWED}, ""),
        ("rule.set", {"course": COURSE, "node": FILM, "content_type": "media", "rule": VIEWED}, ""),
        ("rule.set", {"course": COURSE, "node": FILM}, "rule"),
        ("rule.set", {"course": COURSE, "node": FILM, "rule": {"when": {"rule": "any", "of": []}}}, "rule.when.of"),
        (
            "rule.set",
            {"course": COURSE, "content_type": "media", "rule": {"when": {"rule": "prerequisite", "node": FILM}}},
            "rule.when.node",
        ),
        ("outline.set", {"course": COURSE, "outline": {"course": FILM}}, "outline.course"),
        (
            "outline.set",
            {"course": COURSE, "outline": {"course": COURSE, "nodes": [{"id": FILM}] * 2}},
            "outline.nodes[1].id",
        ),
        ("due.set", {"course": COURSE, "node": FILM, "due_at": "2026-01-01T00:00:00"}, "due_at"),
        ("mapping.set", {"activity": FILM, "course": None, "module": QUIZ}, "module"),
        ("mapping.set", {"activity": FILM, "course": COURSE, "module": FILM}, "module"),
        ("completion.overridden", {"course": COURSE, "node": FILM, "person": "Ann", "completed": True}, "person"),
        ("grade.overridden", {"course": COURSE, "node": FILM, "person": ANN, "score": 1, "excused": True}, "score"),
        ("grade.overridden", {"course": COURSE, "node": FILM, "person": ANN, "score": 2}, "score"),
        ("person.merged", {"person": ANN, "into": ANN}, "into"),
        ("person.unmerged", {"person": ANN, "by": "two\nlines"}, "by"),
    ],
)
def test_an_event_that_says_nothing_clear_is_refused(kind: str, payload: dict[str, Any], path: str) -> None:
    with pytest.raises(ConfigurationRefused) as caught:
        read_configuration_event(kind, {"by": "x", **payload})
    assert [one.path for one in caught.value.violations] == [path]


_where = st.fixed_dictionaries({"course": st.sampled_from([COURSE, FILM]), "node": st.sampled_from([FILM, QUIZ])})
_persons = st.sampled_from([ANN, ANNA, ANNIE])
_payloads: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "outline.set": st.sampled_from([{"course": COURSE, "outline": OUTLINE}, {"course": COURSE, "outline": None}]),
    "rule.set": st.builds(lambda where, rule: where | {"rule": rule}, _where, st.sampled_from([None, VIEWED, PASSED])),
    "policy.set": st.sampled_from([{"course": FILM, "policy": None}, {"course": FILM, "policy": {"pass_mark": 0.8}}]),
    "due.set": st.builds(
        lambda where, due: where | {"due_at": due}, _where, st.sampled_from([None, at(1).isoformat()])
    ),
    "mapping.set": st.fixed_dictionaries({"activity": st.just(QUIZ), "course": st.sampled_from([None, COURSE, FILM])}),
    "completion.overridden": st.builds(
        lambda where, person, said: where | {"person": person, "completed": said},
        *(_where, _persons, st.sampled_from([None, True, False])),
    ),
    "grade.overridden": st.builds(
        lambda where, person, score: where | {"person": person, "score": score},
        *(_where, _persons, st.sampled_from([None, 0.0, 1.0])),
    ),
    "person.merged": st.sampled_from(
        [{"person": a, "into": b} for a in (ANN, ANNA, ANNIE) for b in (ANN, ANNA) if a != b]
    ),
    "person.unmerged": st.fixed_dictionaries({"person": _persons}),
    CLOCK_TICK: st.just({"now": at(1).isoformat()}),
}


@st.composite
def _logs(draw: st.DrawFn) -> list[ControlEvent]:
    kinds = draw(st.lists(st.sampled_from(sorted(_payloads)), max_size=12))
    return [event(number * 3 + 1, kind, **draw(_payloads[kind])) for number, kind in enumerate(kinds)]


@settings(max_examples=80)
@given(events=_logs(), until=st.integers(0, 40), data=st.data())
def test_the_configuration_is_a_function_of_the_set_of_events(
    events: list[ControlEvent], until: int, data: st.DataObject
) -> None:
    again = data.draw(
        st.permutations(events + data.draw(st.lists(st.sampled_from(events), max_size=3)) if events else [])
    )
    assert fold(again, until) == fold(events, until) == fold([one for one in events if one.position <= until])
    whole = fold(again)
    assert all(whole.person(whole.person(one)) == whole.person(one) for one in (ANN, ANNA, ANNIE))
    assert set(_payloads) == {*KINDS, CLOCK_TICK}
    for one in events:
        if one.kind in KINDS:
            read = read_configuration_event(one.kind, one.payload)
            assert kind_of(read) == one.kind
