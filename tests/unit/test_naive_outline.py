"""The rule of this file: what the oracle says of placement and outline is checked by hand, rule by rule."""

from typing import Any

import pytest

from tests.unit.course_of_ann import (
    ANN,
    COURSE,
    GROUP,
    LESSON,
    QUIZ,
    REGISTRATION,
    SECTION,
    TYPE,
    Payload,
    activity,
    fields,
    key,
    models,
    said,
    within,
)

MODULE = activity(SECTION, TYPE + "module")
UNIT = activity(LESSON, TYPE + "lesson")
INTERACTION = TYPE + "cmi.interaction"


def outline(*payloads: Payload) -> dict[str, Any]:
    """The outline of the course, by activity."""
    return {iri: row for (course, iri), row in models(*payloads)["outline_node"].items() if course == COURSE}


@pytest.mark.parametrize(
    ("block", "course"),
    [
        ("https://o.example/xblock/block-v1:O+C+R", "https://o.example/course/course-v1:O+C+R"),
        ("https://o.example/xblock/block-v1:course-v1:O+C+R", "https://o.example/course/course-v1:O+C+R"),
        ("https://o.example/ccx-block-v1:O+C+R+ccx@1", "https://o.example/course/ccx-v1:O+C+R+ccx@1"),
        ("block-v1:O+C+R", "course-v1:O+C+R"),
    ],
)
def test_an_open_edx_identifier_names_its_course(block: str, course: str) -> None:
    problem, answer = f"{block}+type@problem+block@1", f"{block}+type@problem+block@1/answer"
    solution = "http://id.tincanapi.com/activitytype/solution"
    asked = said(2, 1, "asked", answer, solution, context={"contextActivities": {}})
    found = models(said(1, 0, "answered", problem, context={"contextActivities": {}}), asked)
    assert found["fact"][key(1),]["placement"] == "identifier"
    row = found["outline_node"][course, problem]
    assert (row["kind"], row["parent"], row["rule"], row["required"]) == ("item", course, "assessment", True)
    assert found["outline_node"][course, answer]["rule"] == "none"  # its type says so, before its identifier


@pytest.mark.parametrize(
    ("part", "whole"),
    [
        (LESSON + "?subContentId=7", LESSON),
        (LESSON + "?id=5&subContentId=7", LESSON + "?id=5"),
        (LESSON + "?subContentId=7&id=5", LESSON + "?id=5"),
    ],
)
def test_h5p_sub_content_belongs_to_the_identifier_without_that_parameter(part: str, whole: str) -> None:
    # It goes before the unit around it; the whole is claimed as a unit of the first module, else of the course. Nothing
    # shows the whole to be content of its own, so the part counts by itself.
    found = outline(said(1, 0, "answered", part, INTERACTION, context=within(activity(QUIZ, TYPE + "assessment"))))
    assert fields(found[part], "kind", "parent", "required") == ("item", whole, True)
    assert fields(found[whole], "kind", "parent", "type", "required") == ("unit", COURSE, None, False)
    found = outline(said(1, 0, "answered", part, INTERACTION, context=within(MODULE)))
    assert (found[part]["parent"], found[whole]["parent"]) == (whole, SECTION)


def test_h5p_sub_content_is_looked_for_in_the_node_only() -> None:
    # An ancestor of that form stays under its module, and a parameter that only looks like it is another one.
    part = LESSON + "?subContentId=7"
    found = outline(said(1, 0, "answered", QUIZ, INTERACTION, context=within(activity(part, TYPE + "lesson"), MODULE)))
    assert (found[QUIZ]["parent"], found[part]["parent"], LESSON in found) == (part, SECTION, False)
    other = LESSON + "?xsubContentId=7"
    assert outline(said(1, 0, "answered", other, INTERACTION))[other]["parent"] == COURSE


def test_an_h5p_whole_in_the_statement_keeps_the_claim_of_its_own() -> None:
    part = said(1, 0, "answered", LESSON + "?subContentId=7", INTERACTION, context=within(UNIT))
    assert outline(part)[LESSON]["type"] == TYPE + "lesson"


@pytest.mark.parametrize(
    ("around", "course", "placement"),
    [
        ({"grouping": [activity(COURSE, TYPE + "course")]}, QUIZ, "object"),  # cmi5: the publisher's id of the course
        ({"parent": [activity(COURSE, TYPE + "course")]}, COURSE, "context"),
    ],
)
def test_a_course_object_looks_for_its_course_in_parent_only(around: Payload, course: str, placement: str) -> None:
    found = models(said(1, 0, "experienced", QUIZ, TYPE + "course", context={"contextActivities": around}))
    assert fields(found["fact"][key(1),], "course", "activity", "placement") == (course, QUIZ, placement)
    # In another course it is a module, a leaf or not; in its own it is the course.
    row = found["outline_node"][course, QUIZ]
    assert fields(row, "kind", "parent") == (("course", None) if course == QUIZ else ("module", COURSE))


def test_a_module_by_type_that_is_nobody_s_parent_is_a_unit() -> None:
    # Alone the section is a unit; with a lesson in it, a module; the lesson's last claim may take it out again.
    alone = said(1, 0, "completed", SECTION, TYPE + "module")
    inside = said(2, 10, "experienced", LESSON, TYPE + "lesson", context=within(MODULE))
    moved = said(3, 20, "experienced", LESSON, TYPE + "lesson")
    kinds = [outline(*payloads)[SECTION] for payloads in ([alone], [alone, inside], [alone, inside, moved])]
    assert [fields(row, "kind", "required") for row in kinds] == [("unit", True), ("module", False), ("unit", True)]
    # Not one by identifier.
    chapter = "block-v1:O+C+R+type@chapter+block@1"
    assert outline(said(1, 0, "completed", chapter, TYPE + "module"))[chapter]["kind"] == "module"


def test_an_item_in_a_module_is_required_and_in_a_unit_it_is_not() -> None:
    # The first ancestor of level unit goes before modules; untyped ancestors are none and claim nothing.
    def item(*parents: Payload) -> dict[str, Any]:
        return outline(said(1, 0, "answered", QUIZ, INTERACTION, context=within(*parents)))

    untyped = activity("https://lms.example/untyped")
    assert fields(item(untyped, MODULE)[QUIZ], "parent", "required") == (SECTION, True)
    assert untyped["id"] not in item(untyped, MODULE)
    found = item(MODULE, UNIT)
    assert fields(found[QUIZ], "parent", "required") == (LESSON, False)
    assert (found[LESSON]["parent"], found[SECTION]["parent"]) == (SECTION, COURSE)
    # Nothing is its own parent, and the claim made as node goes before the one made as ancestor.
    itself = activity(QUIZ, TYPE + "assessment", en="As ancestor")
    assert fields(item(itself)[QUIZ], "parent", "type", "title") == (COURSE, INTERACTION, None)


@pytest.mark.parametrize(
    ("target", "type_", "verb", "required"),
    [
        (LESSON, None, "experienced", False),
        (LESSON, "https://lms.example/types/portal", "https://lms.example/verbs/logged-in", False),
        (LESSON, "https://lms.example/types/portal", "launched", True),
        (LESSON, None, "answered", True),
        (LESSON, None, "initialized", False),
        (LESSON, TYPE + "media", "initialized", True),
        (LESSON, TYPE + "lesson", "experienced", True),
        (LESSON, "http://id.tincanapi.com/activitytype/page", "experienced", True),
        (LESSON, "http://id.tincanapi.com/activitytype/discussion", "answered", False),  # the rule is `none`
        ("block-v1:O+C+R+type@html+block@1", None, "experienced", True),
    ],
)
def test_required_nodes_are_listed_or_tracked(target: str, type_: str | None, verb: str, required: bool) -> None:
    assert outline(said(1, 0, verb, target, type_))[target]["required"] is required


def test_tracking_is_that_of_the_node_and_of_persons() -> None:
    # Ann opens an untyped page; a group completes it, which claims nothing; her own completion is tracked.
    opened = said(1, 0, "experienced", LESSON)
    by_group = said(2, 1, "completed", LESSON, TYPE + "lesson", actor=GROUP)
    by_group["object"]["definition"]["name"] = {"en": "Of the group"}
    found = outline(opened, by_group)
    assert fields(found[LESSON], "required", "title", "type") == (False, None, None)
    assert outline(by_group) == {}
    assert outline(opened, said(3, 2, "completed", LESSON))[LESSON]["required"] is True


def test_a_type_without_rule_goes_before_the_identifier() -> None:
    video = "block-v1:O+C+R+type@video+block@1"
    assert outline(said(1, 0, "experienced", video))[video]["rule"] == "media"
    assert outline(said(1, 0, "experienced", video, TYPE + "objective"))[video]["rule"] == "none"


@pytest.mark.parametrize(
    ("names", "title"),
    [
        ({"en-US": "B", "en": " A "}, "A"),
        ({"de": "C", "Zh": "D"}, "D"),  # capitals come first in order of code points
        ({"en": " ", "de": "C"}, None),
        ({"en": "INTERACTIVE content"}, None),
    ],
)
def test_titles(names: dict[str, str], title: str | None) -> None:
    opened = said(1, 0, "experienced", LESSON) | {"object": activity(LESSON, TYPE + "lesson", **names)}
    assert outline(opened)[LESSON]["title"] == title


def test_titles_and_parents_are_those_of_the_last_claim() -> None:
    unit = activity(LESSON, TYPE + "lesson", **{"fr": " Un ", "en-US": "One"})
    item = said(1, 0, "answered", QUIZ + "/1", TYPE + "question", context=within(unit))
    generic = said(2, 1, "experienced", LESSON)
    generic["object"]["definition"]["name"] = {"en": "Untitled"}
    found = models(item, generic)["outline_node"]
    assert found[COURSE, QUIZ + "/1"]["parent"] == LESSON
    assert (found[COURSE, LESSON]["title"], found[COURSE, LESSON]["type"]) == ("One", TYPE + "lesson")
    assert [one for (_, one), row in found.items() if row["required"]] == [LESSON]


def test_a_registration_lends_its_course() -> None:
    # The placed statement comes first in time; the other shares registration (in capitals) and person.
    placed = said(1, 0, "launched", LESSON, context={"registration": REGISTRATION})
    bare = {"contextActivities": {}, "registration": REGISTRATION.upper()}
    mine = said(2, 60, "completed", QUIZ, TYPE + "lesson", context=bare)
    other = said(3, 60, "completed", QUIZ, context=bare, actor={"mbox": "mailto:bob@lms.example"})
    group = said(4, 60, "completed", QUIZ, context=bare, actor=GROUP)
    found = models(placed, mine, other, group)
    placements = [(row["placement"], row["course"]) for row in found["fact"].values()]
    assert placements == [("context", COURSE), ("registration", COURSE), ("unassigned", None), ("unassigned", None)]


def test_an_attempt_object_stands_for_the_quiz_around_it() -> None:
    # The first activity of level unit by its type, not the untyped one before it; without one there is no course.
    quiz, untyped = activity(QUIZ, TYPE + "assessment"), activity(LESSON)
    inside = said(1, 0, "completed", QUIZ + "/attempt/1", TYPE + "attempt", context=within(untyped, quiz))
    outside = said(2, 0, "completed", QUIZ + "/attempt/2", TYPE + "attempt", context=within(untyped))
    found = models(inside, outside)
    assert (found["fact"][key(1),]["activity"], found["fact"][key(1),]["course"]) == (QUIZ, COURSE)
    assert found["fact"][key(2),]["placement"] == "unassigned"
    assert found["node_progress"][COURSE, ANN, QUIZ]["state"] == "completed"
