"""The statements that are measured with: the same for every figure, from a seed, valid, about 1.3 KB of JSON each.

Two thousand learners, each in two of ten courses of ninety nodes, about ten statements a sitting. The id comes first in
the text, so that whoever sends a statement again can give it another id by cutting at a fixed place.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random
from typing import Any
from uuid import UUID

import msgspec

LEARNERS = 2000
COURSES = 10
MODULES = 10
SEED = 20260301
BEGIN = datetime(2026, 3, 1, 8, tzinfo=UTC)
BEFORE_ID = b'{"id":"'
ID_LENGTH = 36

_ADL = "http://adlnet.gov/expapi/"
_VIDEO = "https://w3id.org/xapi/video/"
_CMI5 = "https://w3id.org/xapi/cmi5/"
_DESCRIPTION = "A part of the course on safe work with food."


def bodies(count: int, seed: int = SEED) -> Iterator[bytes]:
    """The JSON texts of `count` statements in order of their timestamps; the same for the same seed."""
    return islice(map(msgspec.json.encode, _statements(seed)), count)


def after_id(body: bytes) -> bytes:
    """What follows the id, from its closing quotation mark on."""
    assert body.startswith(BEFORE_ID)
    return body[len(BEFORE_ID) + ID_LENGTH :]


def _statements(seed: int) -> Iterator[dict[str, Any]]:
    random = Random(seed)
    learners = [_agent(number) for number in range(LEARNERS)]
    registrations = [[_uuid(random), _uuid(random)] for _ in learners]
    sittings = [[_uuid(random), _uuid(random)] for _ in learners]
    at = BEGIN
    while True:
        at += timedelta(milliseconds=random.randrange(1, 2000))
        learner = random.randrange(LEARNERS)
        which = random.randrange(2)
        course = f"https://courses.example.org/{(learner + which * 3) % COURSES}"
        module = f"{course}/module-{random.randrange(MODULES)}"
        if random.random() < 0.1:
            sittings[learner][which] = _uuid(random)
        verb, target, result = _deed(random, course, module)
        yield {
            "id": _uuid(random),
            "actor": learners[learner],
            "verb": {"id": verb, "display": {"en": verb.rpartition("/")[2]}},
            "object": target,
            "result": result,
            "context": {
                "registration": registrations[learner][which],
                "platform": "Example Academy",
                "language": "en",
                "contextActivities": {
                    "parent": [_activity(module, _ADL + "activities/module")],
                    "grouping": [_activity(course, _ADL + "activities/course")],
                    "category": [{"id": _CMI5 + "context/categories/cmi5"}],
                },
                "extensions": {_CMI5 + "context/extensions/sessionid": sittings[learner][which]},
            },
            "timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }


def _deed(random: Random, course: str, module: str) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """A verb, what it is done to, and the result: half of them on quiz questions, a few on the course itself."""
    chance = random.random()
    duration = f"PT{random.randrange(1, 1200)}.{random.randrange(100):02d}S"
    if chance < 0.45:
        question = _activity(f"{module}/quiz/{random.randrange(1, 6)}", _ADL + "activities/cmi.interaction")
        right = random.random() < 0.7
        return _ADL + "verbs/answered", question, {"success": right, "response": "b", "duration": duration}
    if chance < 0.60:
        raw = random.randrange(11)
        score = {"scaled": raw / 10, "raw": raw, "min": 0, "max": 10}
        verb = "verbs/passed" if raw > 5 else "verbs/failed"
        quiz = _activity(f"{module}/quiz", _ADL + "activities/assessment")
        return _ADL + verb, quiz, {"score": score, "success": raw > 5, "duration": duration}
    if chance < 0.80:
        video = _activity(f"{module}/video", _VIDEO + "activity-type/video")
        begin, length = random.randrange(100), random.randrange(1, 60)
        said = {
            _VIDEO + "extensions/time": begin + length,
            _VIDEO + "extensions/played-segments": f"{begin}[.]{begin + length}",
        }
        return _VIDEO + "verbs/paused", video, {"extensions": said}
    if chance < 0.99:
        lesson = _activity(f"{module}/lesson", _ADL + "activities/lesson")
        return _ADL + "verbs/completed", lesson, {"completion": True, "duration": duration}
    return _ADL + "verbs/registered", _activity(course, _ADL + "activities/course"), {"extensions": {}}


def _activity(iri: str, kind: str) -> dict[str, Any]:
    name = iri.removeprefix("https://courses.example.org/").replace("/", ", ")
    definition = {"type": kind, "name": {"en": f"Course {name}"}}
    if kind.endswith(("module", "course")):
        return {"objectType": "Activity", "id": iri, "definition": definition}
    return {"objectType": "Activity", "id": iri, "definition": definition | {"description": {"en": _DESCRIPTION}}}


def _agent(number: int) -> dict[str, Any]:
    account = {"homePage": "https://learn.example.org", "name": f"learner-{number:05d}"}
    return {"objectType": "Agent", "name": f"Learner Number {number}", "account": account}


def _uuid(random: Random) -> str:
    return str(UUID(int=random.getrandbits(128), version=4))
