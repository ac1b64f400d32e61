"""Where a statement is placed by what is set, hand-checked against docs/rules.md, section 9."""

import json
from typing import Any
from uuid import UUID

import pytest

from projections.course_configuration import fold
from projections.fact import Derived, derived, read_claims
from projections.names import named
from projections.placement import THE_COURSE
from projections.placement_as_set import Places
from tests.unit.projections.learner import START
from tests.unit.projections.test_course_configuration import event

ADL = "http://adlnet.gov/expapi/activities/"
C, OTHER, SECTION, QUIZ, ATTEMPT, NODE, WEEK = (
    f"http://x.example/{name}" for name in ("course", "other", "section", "quiz", "attempt", "node", "week")
)
ANN, ANNA = "mbox:mailto:ann@x.example", "mbox:mailto:anna@x.example"


def typed(iri: str, type_: str | None) -> dict[str, Any]:
    definition = {} if type_ is None else {"definition": {"type": ADL + type_, "name": {"en": iri[-4:]}}}
    return {"id": iri, **definition}


def placed(target: dict[str, Any], around: dict[str, Any], *said: dict[str, Any], actor: str = ANN) -> Derived:
    """What becomes of a statement where these things are set, the first of each pair the kind of event."""
    configuration = fold(event(number, one.pop("kind"), **one) for number, one in enumerate(map(dict, said), 1))
    places = Places()
    places.follow(configuration, (), configuration.courses, merges=True)
    text = json.dumps(
        {
            "actor": {"mbox": actor.removeprefix("mbox:")},
            "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
            "object": target,
            "context": {"contextActivities": around},
        }
    )
    one = derived(1, UUID(int=1), START, None, text)
    assert one is not None
    return places.placed(one, text)


def mapping(activity: str, course: str = C, **place: str) -> dict[str, Any]:
    return {"kind": "mapping.set", "activity": activity, "course": course, **place}


def claims(one: Derived) -> dict[str, tuple[str, str | None, str | None]]:
    """Role, type and parent of what is claimed; the course by its IRI."""
    assert one.claims is not None
    iri = {THE_COURSE: C}
    return {
        iri.get(claim.iri, claim.iri): (
            claim.role,
            claim.type and claim.type.removeprefix(ADL),
            None if claim.parent is None else iri.get(claim.parent, claim.parent),
        )
        for claim in read_claims(one.claims).claims
    }


def where(one: Derived) -> tuple[Any, Any, str]:
    known = {named(iri): iri for iri in (C, OTHER, SECTION, QUIZ, ATTEMPT, NODE, WEEK)}
    fact = one.fact
    course = None if fact.course is None else known[fact.course]
    return course, known[fact.activity or b""], fact.placement


MOODLE = {"parent": [typed(QUIZ, "assessment"), typed(SECTION, "module"), typed(OTHER, "course")]}


def test_what_is_mapped_goes_by_the_node_and_stands_in_the_module() -> None:
    one = placed(typed(QUIZ, "assessment"), {}, mapping(QUIZ, module=WEEK, node=NODE))
    assert where(one) == (C, NODE, "mapping")
    assert claims(one) == {
        C: ("course", None, None),
        NODE: ("node", "assessment", WEEK),
        WEEK: ("module", None, C),
    }


def test_an_attempt_is_of_the_quiz_that_is_mapped() -> None:
    one = placed(typed(ATTEMPT, "attempt"), MOODLE, mapping(QUIZ, node=NODE, module=WEEK))
    assert where(one) == (C, NODE, "mapping")
    # The section is said of the statement's course, and stays a module of the one that is set.
    assert claims(one) == {
        C: ("course", None, None),
        NODE: ("node", "assessment", WEEK),
        SECTION: ("ancestor", "module", C),
        WEEK: ("module", None, C),
    }
    itself = placed(typed(ATTEMPT, "attempt"), MOODLE, mapping(ATTEMPT, node=NODE))
    assert where(itself) == (C, NODE, "mapping")
    assert claims(itself)[NODE] == ("node", None, SECTION)
    assert where(placed(typed(ATTEMPT, "attempt"), MOODLE, mapping(ATTEMPT))) == (C, QUIZ, "mapping")
    assert where(placed(typed(ATTEMPT, "attempt"), {}, mapping(ATTEMPT))) == (C, ATTEMPT, "mapping")
    assert where(placed(typed(ATTEMPT, "attempt"), {"grouping": [{"id": QUIZ}]}, mapping(QUIZ))) == (C, QUIZ, "mapping")


@pytest.mark.parametrize(("first", "course"), [(ATTEMPT, "a"), (QUIZ, "b"), (SECTION, "c"), (OTHER, "d"), (NODE, None)])
def test_the_object_goes_first_then_the_node_then_the_nearest_ancestor(first: str, course: str | None) -> None:
    around = {"parent": MOODLE["parent"][1:], "grouping": MOODLE["parent"][:1]}
    order = [ATTEMPT, QUIZ, SECTION, OTHER]
    set_ = [mapping(iri, f"x:{name}") for iri, name in zip(order, "abcd", strict=True)]
    left = set_[order.index(first) :] if first in order else []
    one = placed(typed(ATTEMPT, "attempt"), around, *left)
    assert one.fact.course == (named(OTHER) if course is None else named(f"x:{course}"))


def test_a_course_that_is_mapped_is_a_module_of_the_other() -> None:
    lesson = typed(QUIZ, "lesson")
    one = placed(lesson, {"grouping": [typed(OTHER, "course")]}, mapping(OTHER, module=WEEK))
    assert claims(one) == {
        C: ("course", None, None),
        QUIZ: ("node", "lesson", OTHER),
        OTHER: ("ancestor", "course", WEEK),
        WEEK: ("module", None, C),
    }
    same = placed(lesson, {"grouping": [typed(OTHER, "course")]}, mapping(OTHER, node=C))
    assert where(same) == (C, QUIZ, "mapping")
    assert claims(same)[C] == ("course", "course", None)


def test_the_publishers_id_beside_the_one_of_the_lms() -> None:
    """cmi5: the assignable unit has an id of the LMS; the publisher's, which the outline has, is in grouping."""
    unit = placed({"id": ATTEMPT}, {"grouping": [{"id": NODE}]}, mapping(ATTEMPT, node=NODE))
    assert where(unit) == (C, NODE, "mapping")
    assert claims(unit) == {C: ("course", None, None), NODE: ("node", None, C)}


def test_an_outline_places_what_says_no_course_where_it_is_the_only_one() -> None:
    def outline(course: str) -> dict[str, Any]:
        return {"kind": "outline.set", "course": course, "outline": {"course": course, "nodes": [{"id": QUIZ}]}}

    assert where(placed({"id": QUIZ}, {}, outline(C))) == (C, QUIZ, "outline")
    assert where(placed({"id": C}, {}, outline(C))) == (C, C, "outline")
    assert where(placed({"id": QUIZ}, {}, outline(C), outline(OTHER))) == (None, QUIZ, "unassigned")
    assert where(placed({"id": QUIZ}, MOODLE, outline(C))) == (OTHER, QUIZ, "context")
    assert where(placed({"id": QUIZ}, {}, outline(C), mapping(QUIZ, OTHER))) == (OTHER, QUIZ, "mapping")
    taken_away = {"kind": "outline.set", "course": C, "outline": None}
    assert where(placed({"id": QUIZ}, {}, outline(C), taken_away)) == (None, QUIZ, "unassigned")


def test_an_identifier_counts_for_the_end_of_its_merges() -> None:
    chain = [("x:1", "x:2"), (ANNA, "x:1")]
    said = [
        {"kind": "person.merged", "person": f"openid:{a}" if a[0] == "x" else a, "into": f"openid:{b}"}
        for a, b in chain
    ]
    one = placed({"id": QUIZ}, {}, *said, actor=ANNA)
    assert (one.ifi, one.fact.person, one.fact.merged_from) == ("openid:x:2", named("openid:x:2"), named(ANNA))
    other = placed({"id": QUIZ}, {}, *said)
    assert (other.ifi, other.fact.person, other.fact.merged_from) == (ANN, named(ANN), None)
