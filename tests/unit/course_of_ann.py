"""The rule of this file: what Ann said in her course is written in as few words as a test needs, by number and second.

`models` computes the read models of such statements with the naive computation; `fields` picks some of a row.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from tests.acceptance.naive import LoggedStatement, compute

ADL = "http://adlnet.gov/expapi/verbs/"
TYPE = "http://adlnet.gov/expapi/activities/"
VIDEO = "https://w3id.org/xapi/video/"
UNCOMPLETED = "https://xapi.edlm/profiles/edlm-lms/concepts/verbs/uncompleted"
PROGRESS = "https://w3id.org/xapi/cmi5/result/extensions/progress"
COURSE, SECTION, LESSON, QUIZ, CLIP = (
    f"https://lms.example/{name}" for name in ("course", "section", "lesson", "quiz", "clip")
)
ANN = "mbox:mailto:ann@lms.example"
REGISTRATION = "aaaaaaaa-0000-4000-8000-000000000001"
GROUP = {"objectType": "Group", "mbox": "mailto:class@lms.example"}
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

Payload = dict[str, Any]


def activity(iri: str, type_: str | None = None, **name: str) -> Payload:
    """An activity; `name` by language tag."""
    return {"id": iri, "definition": ({"type": type_} if type_ else {}) | ({"name": name} if name else {})}


IN_COURSE = {"parent": activity(COURSE, TYPE + "course")}


def within(*parents: Payload, **more: Any) -> Payload:
    """A context: these in `parent`, the course in `grouping`."""
    return {"contextActivities": {"parent": list(parents), "grouping": [IN_COURSE["parent"]]}} | more


def key(number: int) -> UUID:
    return UUID(int=number)


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def said(number: int, seconds: float, verb: str, target: str, type_: str | None = None, **more: Any) -> Payload:
    """Statement `number` of Ann, `seconds` after the start, in the course; a bare verb is one of ADL's."""
    context = {"contextActivities": IN_COURSE} | more.pop("context", {})
    definition = {"type": type_} if type_ else {}
    return {
        "id": str(key(number)),
        "actor": {"mbox": "mailto:ann@lms.example"},
        "verb": {"id": verb if ":" in verb else ADL + verb},
        "object": {"id": target, "definition": definition},
        "context": context,
        "timestamp": after(seconds).isoformat(),
    } | more


def watched(number: int, seconds: float, verb: str, **extensions: Any) -> Payload:
    """A statement on the clip, 100 s long; extensions by their names in the video profile, `_` for `-`."""
    named = {
        f"{VIDEO}extensions/{name.replace('_', '-')}": value for name, value in ({"length": 100} | extensions).items()
    }
    context = {name: value for name, value in named.items() if name.endswith(("length", "speed", "threshold"))}
    return said(
        number,
        seconds,
        f"{VIDEO}verbs/{verb}",
        CLIP,
        VIDEO + "activity-type/video",
        context={"extensions": context},
        result={"extensions": {name: value for name, value in named.items() if name not in context}},
    )


def partly(number: int, seconds: float, percent: float, target: str = LESSON) -> Payload:
    """Ann says how much of a lesson she has done."""
    return said(number, seconds, "progressed", target, TYPE + "lesson", result={"extensions": {PROGRESS: percent}})


def models(*payloads: Payload, clock: datetime | None = None) -> dict[str, Any]:
    """The read models, stored a day after the start; neither order nor duplicates may change them."""
    stored = START + timedelta(days=1)
    logged = [LoggedStatement(position, stored, payload) for position, payload in enumerate(payloads, 1)]
    backwards = [LoggedStatement(len(logged) + 1 - one.position, stored, one.payload) for one in logged]
    forwards = compute(logged, clock)
    assert compute(backwards, clock) == compute(logged + backwards, clock) == forwards
    return forwards


def fields(row: Payload, *names: str) -> tuple[Any, ...]:
    """Some values of a row, in this order."""
    return tuple(row[name] for name in names)
