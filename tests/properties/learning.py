"""Strategies for statements that meet each other: few learners, nodes, verbs and moments, so that everything
collides.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from projections import vocabulary as v

BEGIN = datetime(2026, 3, 1, 8, tzinfo=UTC)
COURSE_TYPE = "http://adlnet.gov/expapi/activities/course"
MODULE_TYPE = "http://adlnet.gov/expapi/activities/module"
LESSON_TYPE = "http://adlnet.gov/expapi/activities/lesson"
QUIZ_TYPE = "http://adlnet.gov/expapi/activities/assessment"
VIDEO_TYPE = "https://w3id.org/xapi/video/activity-type/video"
ITEM_TYPE = "http://adlnet.gov/expapi/activities/cmi.interaction"
PAGE_TYPE = "http://activitystrea.ms/schema/1.0/page"

VERBS = [*v.COURSE_EVENTS, *(v.ADL + name for name in ("terminated", "initialized", "attempted")), *v.EVENTS]
IDENTIFIERS = [
    "http://course.example/a",
    "http://course.example/b",
    "http://course.example/module",
    "http://course.example/lesson",
    "http://course.example/quiz",
    "http://course.example/video",
    "http://course.example/item?x=1&subContentId=7",
    "https://lms.example/xblock/block-v1:Org+C+R+type@problem+block@1",
    "https://lms.example/xblock/block-v1:Org+C+R+type@sequential+block@2",
]
TYPES = [
    COURSE_TYPE,
    MODULE_TYPE,
    LESSON_TYPE,
    QUIZ_TYPE,
    VIDEO_TYPE,
    ITEM_TYPE,
    PAGE_TYPE,
    v.ATTEMPT_TYPE,
    "http://x.example/odd",
]
HABITUAL = dict(zip(IDENTIFIERS, TYPES, strict=True))

_numbers = st.sampled_from([0, 1, 3, 5, 6, 10, 0.5, 7.25])


@st.composite
def activities(draw: st.DrawFn) -> dict[str, Any]:
    """Mostly an identifier with the type it usually has; sometimes with another, or none."""
    identifier = draw(st.sampled_from(IDENTIFIERS))
    type_ = draw(st.sampled_from([HABITUAL[identifier]] * 6 + [None, *TYPES]))
    definition: dict[str, Any] = {} if type_ is None else {"type": type_}
    name = draw(st.sampled_from([None, None, "Alpha", "Beta", "Quiz", " "]))
    if name is not None:
        definition["name"] = {draw(st.sampled_from(["en", "de", "en-US"])): name}
    if draw(st.integers(0, 9)) == 0:
        definition["extensions"] = {v.OPEN_EDX_ATTEMPT: draw(st.sampled_from([1, "2", True]))}
    return {"id": identifier, "definition": definition} if definition else {"id": identifier}


@st.composite
def results(draw: st.DrawFn) -> dict[str, Any]:
    """Scores that agree with themselves and scores that do not, durations, progress, played segments."""
    result: dict[str, Any] = {}
    if draw(st.booleans()):
        low, high = draw(st.sampled_from([(None, None), (0, 10), (None, 10), (1, 5), (None, 0.5)]))
        raw = draw(st.sampled_from([None, *([low if low is not None else 0, high] if high is not None else [4])]))
        parts = {"raw": raw, "min": low, "max": high, "scaled": draw(st.sampled_from([None, 0.2, 0.6, 1, -0.5]))}
        result["score"] = {name: value for name, value in parts.items() if value is not None}
    for name in ("success", "completion"):
        value = draw(st.sampled_from([None, None, True, False]))
        if value is not None:
            result[name] = value
    duration = draw(st.sampled_from([None, None, "PT30S", "PT1H0.5S", "P1DT2M"]))
    if duration is not None:
        result["duration"] = duration
    response = draw(st.sampled_from([None, None, "a", "a[,]b", "", "b" * 1001]))
    if response is not None:
        result["response"] = response
    extensions: dict[str, Any] = {}
    if draw(st.integers(0, 3)) == 0:
        extensions[v.CMI5_PROGRESS] = draw(st.sampled_from([0, 40, 100, 100.0, 130, "50"]))
    if draw(st.booleans()):
        extensions[v.VIDEO_EXTENSION + "time"] = draw(_numbers)
    if draw(st.integers(0, 2)) == 0:
        known = ["0[.]5[,]4[.]10", "0[.]5", "0[.]5[,]4[.]7", "0[.]9", "0", "2[.]1[,]x", "0[.]4,6[.]10", "-1[.]500"]
        segments = draw(st.sampled_from(known))
        extensions[v.VIDEO_EXTENSION + "played-segments"] = segments
    if extensions:
        result["extensions"] = extensions
    return result


@st.composite
def contexts(draw: st.DrawFn) -> dict[str, Any]:
    """Ancestors in parent and grouping, registrations, sessions, lengths."""
    context: dict[str, Any] = {}
    around = {
        name: draw(st.lists(activities(), min_size=1, max_size=2))
        for name in ("parent", "grouping")
        if draw(st.integers(0, 2)) < 2
    }
    if around:
        context["contextActivities"] = around
    registration = draw(st.sampled_from([None, UUID(int=71), UUID(int=72)]))
    if registration is not None:
        context["registration"] = str(registration)
    extensions: dict[str, Any] = {}
    if draw(st.integers(0, 5)) == 0:
        extensions[v.CMI5_SESSION] = draw(st.sampled_from(["s1", "s2"]))
    if draw(st.booleans()):
        extensions[v.VIDEO_EXTENSION + "length"] = draw(st.sampled_from([10, 12.5, 0, 450.5]))
    if draw(st.integers(0, 4)) == 0:
        extensions[v.VIDEO_EXTENSION + "session-id"] = draw(st.sampled_from(["s1", "s2", 3]))
    if draw(st.integers(0, 4)) == 0:
        extensions[v.VIDEO_EXTENSION + "completion-threshold"] = draw(st.sampled_from([0.5, 1, 2]))
    if extensions:
        context["extensions"] = extensions
    return context


ACTORS = [
    {"mbox": "mailto:ann@example.com", "name": "Ann"},
    {"mbox": "mailto:ann@example.com", "name": "Ann B."},
    {"account": {"homePage": "https://lms.example", "name": "bo"}},
    {"objectType": "Group", "mbox": "mailto:team@example.com"},
]


@st.composite
def logs(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Statements with distinct ids, in the order in which they arrive; some void others, earlier or later ones."""
    count = draw(st.integers(1, 25))
    order = draw(st.permutations(range(count)))
    return [draw(_statement(number, count)) for number in order]


@st.composite
def _statement(draw: st.DrawFn, number: int, count: int) -> dict[str, Any]:
    statement: dict[str, Any] = {"id": str(UUID(int=number + 1)), "actor": draw(st.sampled_from(ACTORS))}
    if draw(st.integers(0, 7)) == 0:
        target = str(UUID(int=draw(st.integers(1, count))))
        return statement | {"verb": {"id": v.VOIDED}, "object": {"objectType": "StatementRef", "id": target}}
    minutes = draw(st.sampled_from([0, 0, 1, 5, 29, 30, 31, 90, 1440, 4321, 20000]))
    statement |= {
        "verb": {"id": draw(st.sampled_from(VERBS))},
        "object": draw(activities()),
        "timestamp": (BEGIN + timedelta(minutes=minutes)).isoformat(),
    }
    for name, strategy in (("result", results()), ("context", contexts())):
        value = draw(strategy)
        if value:
            statement[name] = value
    return statement
