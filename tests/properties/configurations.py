"""Strategies for what is set of courses: events of every kind that the read models follow, about the few learners,
nodes and moments that the statements are about, so that everything collides.
"""

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from tests.properties.learning import BEGIN, HABITUAL, IDENTIFIERS, PAGE_TYPE, VERBS, VIDEO_TYPE

COURSES = IDENTIFIERS[:2]
UNHEARD = "http://course.example/unheard"
NODES = [*IDENTIFIERS[2:], UNHEARD]
PERSONS = ["mbox:mailto:ann@example.com", "account:https://lms.example|bo", "mbox:mailto:eve@example.com"]
_MINUTES = [0, 0, 1, 5, 29, 30, 31, 90, 1440, 4321, 20000, 40000]
_shares = st.sampled_from([0.2, 0.6, 0.9, 1.0])
moments = st.sampled_from([BEGIN + timedelta(minutes=minutes) for minutes in _MINUTES])
_instants = moments.map(lambda at: at.isoformat())

_leaves: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.sampled_from(["viewed", "passed", "submitted", "attended", "manual"]).map(lambda name: {"rule": name}),
    st.builds(
        lambda verb, type_: {"rule": "statement", "verb": verb} | ({"activity_type": type_} if type_ else {}),
        st.sampled_from(VERBS),
        st.sampled_from([None, None, VIDEO_TYPE, PAGE_TYPE]),
    ),
    st.builds(lambda share: {"rule": "score"} | ({"at_least": share} if share else {}), st.none() | _shares),
    st.builds(lambda share: {"rule": "video_fraction"} | ({"at_least": share} if share else {}), st.none() | _shares),
    st.sampled_from(["PT30S", "PT10M", "P2D"]).map(lambda asked: {"rule": "duration", "at_least": asked}),
    st.sampled_from(["Passed", "Completed", "CompletedAndPassed", "NotApplicable"]).map(
        lambda criterion: {"rule": "move_on", "criterion": criterion}
    ),
)


def prerequisites(nodes: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    """That one of these nodes is completed."""
    return st.sampled_from(nodes).map(lambda node: {"rule": "prerequisite", "node": node})


@st.composite
def completion_rules(draw: st.DrawFn, nodes: list[str]) -> dict[str, Any]:
    """A rule that may wait for these nodes."""
    leaves = _leaves | prerequisites(nodes) if nodes else _leaves
    several = st.lists(leaves, min_size=1, max_size=3)
    when = draw(
        st.one_of(
            leaves,
            several.map(lambda of: {"rule": "all", "of": of}),
            several.map(lambda of: {"rule": "any", "of": of}),
            several.flatmap(lambda of: st.integers(1, len(of)).map(lambda m: {"rule": "n_of", "m": m, "of": of})),
        )
    )
    if draw(st.integers(0, 2)) == 0:
        deadline = draw(st.none() | _instants)
        when = {"rule": "not_after", "of": when, "late": draw(st.sampled_from(["accept", "flag", "refuse"]))}
        when |= {"deadline": deadline} if deadline else {}
    rule: dict[str, Any] = {"when": when}
    if draw(st.integers(0, 2)) == 0:
        rule["valid_for"] = draw(st.sampled_from(["P3D", "P1M"]))
        if draw(st.booleans()):
            rule["renewal"] = "P1D"
    return rule


@st.composite
def outlines(draw: st.DrawFn, course: str) -> dict[str, Any]:
    """Some nodes, in modules and out of them; a rule waits for earlier nodes only."""
    top: list[dict[str, Any]] = []
    chosen = draw(st.lists(st.sampled_from(NODES), max_size=6, unique=True))
    for number, iri in enumerate(chosen):
        node: dict[str, Any] = {"id": iri, "kind": draw(st.sampled_from(["module", "unit", "unit", "item"]))}
        optional = {
            "type": st.sampled_from([HABITUAL.get(iri, PAGE_TYPE), PAGE_TYPE]),
            "title": st.just("Set"),
            "required": st.booleans(),
            "weight": st.sampled_from([0, 2.5]),
            "category": st.sampled_from(["quiz", "essay"]),
            "pass_mark": _shares,
            "due_at": _instants,
            "rule": completion_rules(chosen[:number]),
        }
        for name, strategy in optional.items():
            if draw(st.integers(0, 3)) == 0:
                node[name] = draw(strategy)
        last = top[-1] if top else None
        if last is not None and last["kind"] != "item" and node["kind"] != "module" and draw(st.booleans()):
            last.setdefault("children", []).append(node)
        else:
            top.append(node)
    outline: dict[str, Any] = {"course": course, "nodes": top}
    if draw(st.booleans()):
        outline |= {"title": "Set", "source": {"kind": "yaml"}}
    if draw(st.integers(0, 3)) == 0:
        outline["rule"] = draw(completion_rules(chosen))
    return outline


_penalties = st.sampled_from([{"at_once": 0.5}, {"per_day": 0.25, "at_most": 0.6, "grace": "PT2H"}])


@st.composite
def _attempts(draw: st.DrawFn) -> dict[str, Any]:
    take = draw(st.sampled_from(["best", "last", "first", "average", "average_of_best", "manual"]))
    policy: dict[str, Any] = {"take": take} | ({"k": 2} if take == "average_of_best" else {})
    if draw(st.booleans()):
        policy["max_attempts"] = draw(st.integers(1, 2))
    if draw(st.booleans()):
        policy["late_penalty"] = draw(_penalties)
    return policy


@st.composite
def policies(draw: st.DrawFn) -> dict[str, Any]:
    """Any grade policy."""
    policy: dict[str, Any] = {"attempts": draw(_attempts())}
    if draw(st.booleans()):
        policy["nodes"] = {draw(st.sampled_from([*COURSES, *NODES])): draw(_attempts())}
    shape = draw(st.integers(0, 2))
    if shape == 0:
        policy["categories"] = [{"name": "quiz", "weight": 2, "drop_lowest": 1}, {"name": "essay", "weight": 1}]
    elif shape == 1:
        policy["drop_lowest"] = draw(st.integers(0, 2))
    for name, strategy in (("own_grade", st.booleans()), ("pass_mark", _shares)):
        if draw(st.booleans()):
            policy[name] = draw(strategy)
    return policy


@st.composite
def mappings(draw: st.DrawFn, course: str | None) -> dict[str, Any]:
    """Of one activity, also of a course, to this course or to none."""
    activity = draw(st.sampled_from([*COURSES, *NODES]))
    said: dict[str, Any] = {"activity": activity, "course": course}
    if course is not None:
        for name in ("module", "node"):
            if draw(st.integers(0, 2)) == 0:
                said[name] = draw(st.sampled_from([one for one in [*COURSES, *NODES] if one != activity]))
    return said


@st.composite
def events(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """Kind and payload of one event; it may take away what another has set."""
    course = draw(st.sampled_from([COURSES[0], COURSES[0], COURSES[1]]))
    node = draw(st.sampled_from([course, *NODES]))
    person = draw(st.sampled_from(PERSONS))
    kind = draw(
        st.sampled_from(
            [
                *("outline.set", "outline.set", "rule.set", "rule.set", "type", "policy.set", "due.set"),
                *("completion.overridden", "grade.overridden", "person.merged", "person.unmerged"),
                *("mapping.set", "mapping.set"),
            ]
        )
    )
    away = draw(st.integers(0, 5)) == 0
    match kind:
        case "mapping.set":
            return kind, draw(mappings(None if away else course))
        case "person.merged":
            return kind, {"person": person, "into": draw(st.sampled_from([one for one in PERSONS if one != person]))}
        case "person.unmerged":
            return kind, {"person": person}
        case "outline.set":
            return kind, {"course": course, "outline": None if away else draw(outlines(course))}
        case "rule.set":
            rule = None if away else draw(completion_rules([course, *NODES]))
            return kind, {"course": course, "node": node, "rule": rule}
        case "type":
            of = draw(st.sampled_from(["media", "assessment", "document", "content"]))
            return "rule.set", {
                "course": course,
                "content_type": of,
                "rule": None if away else draw(completion_rules([])),
            }
        case "policy.set":
            return kind, {"course": course, "policy": None if away else draw(policies())}
        case "due.set":
            due = None if away else draw(_instants)
            whom = {"person": person} if draw(st.booleans()) else {}
            return kind, {"course": course, "node": node, "due_at": due} | whom
        case "completion.overridden":
            completed = None if away else draw(st.booleans())
            return kind, {"course": course, "node": node, "person": person, "completed": completed}
    said: dict[str, Any] = {} if away else draw(st.sampled_from([{"score": 0.7}, {"score": 0.1}, {"excused": True}]))
    return "grade.overridden", {"course": course, "node": node, "person": person, **said}
