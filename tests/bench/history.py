"""The history that queries are measured on: the last two years of a store, as its export would be; from a seed.

A learner for every five hundred statements, so that who asks for one gets as much of a small log as of a large one;
each with two of forty courses of twelve activities; verbs as often as Zipf has it; one statement in ten thousand
voids another. Texts are templates with ids, actors and times spliced in: a hundred thousand a
second, so that ten million can be made on the way into the database.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random
from uuid import UUID

import msgspec

from lrs.statement_log.load_rows import Chunk, Text
from schemas.verb import VOIDED
from schemas.version import XapiVersion

STATEMENTS_EACH = 500
"""Of a learner."""
COURSES = 40
ACTIVITIES = 500
YEARS = timedelta(days=730)
VOIDS = 10_000
"""One statement in so many voids another."""
CHUNK = 4000
SEED = 20260302
AUTHORITY = {"objectType": "Agent", "account": {"homePage": "https://other.example.org", "name": "learning-platform"}}

_ADL = "http://adlnet.gov/expapi/"
_VIDEO = "https://w3id.org/xapi/video/"
_CMI5 = "https://w3id.org/xapi/cmi5/"
VERBS = [
    _ADL + "verbs/answered",
    _VIDEO + "verbs/played",
    _VIDEO + "verbs/paused",
    _ADL + "verbs/experienced",
    _ADL + "verbs/completed",
    _ADL + "verbs/initialized",
    _ADL + "verbs/terminated",
    _ADL + "verbs/passed",
    _VIDEO + "verbs/seeked",
    _ADL + "verbs/progressed",
    _ADL + "verbs/failed",
    _ADL + "verbs/launched",
    _ADL + "verbs/attempted",
    _ADL + "verbs/suspended",
    _ADL + "verbs/registered",
]
_WEIGHTS = list(accumulate(1 / rank for rank in range(1, len(VERBS) + 1)))
_VARIANTS = 4
_DESCRIPTION = "A part of the course on safe work with food, in which one learns by doing and is asked about it after."
_PER_COURSE = ACTIVITIES // COURSES


def learner(number: int) -> dict[str, object]:
    """The actor of a learner."""
    account = {"homePage": "https://learn.example.org", "name": f"learner-{number:05d}"}
    return {"objectType": "Agent", "name": f"Learner Number {number}", "account": account}


def activity(number: int) -> str:
    """The id of an activity."""
    return f"https://courses.example.org/{number % COURSES}/unit-{number // COURSES}"


def course(number: int) -> str:
    """The id of a course, which all its statements name in their context."""
    return f"https://courses.example.org/{number}"


def chunks(count: int, end: datetime, seed: int = SEED) -> Iterator[Chunk]:
    """So many statements, the last stored just before `end`, in order, as `lrs.statement_log.loading` takes them."""
    texts: list[Text] = []
    for text in _texts(count, end, seed):
        texts.append(Text(text, XapiVersion.V1_0_3))
        if len(texts) == CHUNK:
            yield Chunk(texts, [""] * CHUNK)
            texts = []
    if texts:
        yield Chunk(texts, [""] * len(texts))


def _texts(count: int, end: datetime, seed: int) -> Iterator[bytes]:
    random = Random(seed)
    templates = _templates()
    learners = count // STATEMENTS_EACH
    actors = [msgspec.json.encode(learner(number)) for number in range(learners)]
    registrations = [str(UUID(int=random.getrandbits(128), version=4)).encode() for _ in range(2 * learners)]
    verbs = range(len(VERBS))
    step, begin = YEARS / count, end.astimezone(UTC) - YEARS
    identity = b""
    for number in range(count):
        stored = (begin + number * step).isoformat(timespec="microseconds")[:26].encode()
        before, identity = identity, _identity(random.getrandbits(122))
        if number % VOIDS == VOIDS - 1:
            yield _VOIDING % (identity, before, stored, stored)
            continue
        who = int(random.random() * learners)
        which = who & 1 if random.random() < 0.7 else 1 - (who & 1)
        at = (who * (3 + 4 * which) + which) % COURSES
        what = at + COURSES * int(random.random() * _PER_COURSE)
        (verb,) = random.choices(verbs, cum_weights=_WEIGHTS)
        template = templates[(what * len(VERBS) + verb) * _VARIANTS + number % _VARIANTS]
        yield template % (identity, actors[who], registrations[2 * who + which], stored, stored)


def _identity(bits: int) -> bytes:
    """A UUID of version 4."""
    low = bits & 0x3FFFFFFFFFFFFFFF | 0x8000000000000000
    return b"%08x-%04x-4%03x-%04x-%012x" % (
        bits >> 90,
        bits >> 74 & 0xFFFF,
        bits >> 62 & 0xFFF,
        low >> 48,
        low & 0xFFFFFFFFFFFF,
    )


_END = b',"timestamp":"%sZ","version":"1.0.0","stored":"%sZ","authority":' + msgspec.json.encode(AUTHORITY) + b"}"
_VOIDING = (
    b'{"id":"%s","actor":'
    + msgspec.json.encode({"objectType": "Agent", "name": "Administrator", "mbox": "mailto:admin@example.org"})
    + b',"verb":'
    + msgspec.json.encode({"id": VOIDED, "display": {"en": "voided"}})
    + b',"object":{"objectType":"StatementRef","id":"%s"}'
    + _END
)


def _templates() -> list[bytes]:
    """For each activity, each verb and each variant: the text with five places left open."""
    random = Random(1)
    parts = []
    for what in range(_PER_COURSE * COURSES):
        target, context = msgspec.json.encode(_activity(what)), msgspec.json.encode(_activities(what))
        for verb in VERBS:
            said = msgspec.json.encode({"id": verb, "display": {"en": verb.rpartition("/")[2]}})
            for _ in range(_VARIANTS):
                result = msgspec.json.encode(_result(verb, random))
                session = str(UUID(int=random.getrandbits(128), version=4))
                rest = (
                    b',"verb":%b,"object":%b,"result":%b,"context":{"registration":"' % (said, target, result),
                    b'","platform":"Example Academy","language":"en","contextActivities":%b,' % context,
                    b'"extensions":{"%b":"%b"}}'
                    % ((_CMI5 + "context/extensions/sessionid").encode(), session.encode()),
                )
                head, middle, end = (part.replace(b"%", b"%%") for part in rest)
                parts.append(b'{"id":"%s","actor":%s' + head + b"%s" + middle + end + _END)
    return parts


def _activity(number: int) -> dict[str, object]:
    kinds = ("lesson", "assessment", "media", "cmi.interaction")
    definition = {
        "type": _ADL + "activities/" + kinds[number // COURSES % 4],
        "name": {"en": f"Unit {number // COURSES} of course {number % COURSES}"},
        "description": {"en": _DESCRIPTION},
    }
    return {"objectType": "Activity", "id": activity(number), "definition": definition}


def _activities(number: int) -> dict[str, object]:
    at = course(number % COURSES)
    module = f"{at}/module-{number // COURSES // 4}"
    return {
        "parent": [{"id": module, "definition": {"type": _ADL + "activities/module", "name": {"en": "A module"}}}],
        "grouping": [{"id": at, "definition": {"type": _ADL + "activities/course", "name": {"en": f"Course {at}"}}}],
        "category": [{"id": _CMI5 + "context/categories/cmi5"}],
    }


def _result(verb: str, random: Random) -> dict[str, object]:
    duration = f"PT{random.randrange(1, 1200)}.{random.randrange(100):02d}S"
    match verb.rpartition("/")[2]:
        case "answered":
            return {"success": random.random() < 0.7, "response": "b", "duration": duration}
        case "passed" | "failed" as outcome:
            raw = random.randrange(6, 11) if outcome == "passed" else random.randrange(6)
            score = {"scaled": raw / 10, "raw": raw, "min": 0, "max": 10}
            return {"score": score, "success": outcome == "passed", "duration": duration}
        case "played" | "paused" | "seeked":
            begin, length = random.randrange(100), random.randrange(1, 60)
            segments = f"{begin}[.]{begin + length}"
            return {"extensions": {_VIDEO + "extensions/time": begin, _VIDEO + "extensions/played-segments": segments}}
        case "completed":
            return {"completion": True, "duration": duration}
        case _:
            return {"duration": duration}
