"""One story in values: Ann completes the first lesson of a course about sailing."""

from typing import Final

from lrs.reference.operation import Json

STATEMENT_ID: Final = "0198f3d1-6a1c-7c3e-9d4b-2f8a5e6b7c10"
REGISTRATION: Final = "6f2c1d5e-4b7a-4c8e-9f3d-1a2b3c4d5e6f"
COURSE: Final = "https://example.org/courses/sailing"
LESSON: Final = f"{COURSE}/lessons/1"
COMPLETED: Final = "http://adlnet.gov/expapi/verbs/completed"
COURSE_ID: Final = "0f5c2c7e-51a3-5d9e-8a54-0b6f1f0a9c11"
PERSON_ID: Final = "7d1f0c52-93e4-5b0a-b6a7-2c9e8d4f1a03"
MOMENT: Final = "2026-03-29T10:15:00Z"

ANN: Final[Json] = {"objectType": "Agent", "name": "Ann", "mbox": "mailto:ann@example.org"}
ACTIVITY: Final[Json] = {
    "objectType": "Activity",
    "id": LESSON,
    "definition": {"type": "http://adlnet.gov/expapi/activities/lesson", "name": {"en": "Knots", "de": "Knoten"}},
}
STATEMENT: Final[Json] = {
    "id": STATEMENT_ID,
    "actor": ANN,
    "verb": {"id": COMPLETED, "display": {"en": "completed"}},
    "object": ACTIVITY,
    "result": {"score": {"scaled": 0.85}, "success": True, "completion": True, "duration": "PT12M"},
    "context": {"registration": REGISTRATION, "contextActivities": {"parent": [{"id": COURSE}]}},
    "timestamp": MOMENT,
}
STORED: Final[Json] = {
    **STATEMENT,
    "stored": "2026-03-29T10:15:01.123456Z",
    "authority": {
        "objectType": "Agent",
        "account": {"homePage": "https://live-lrs.invalid/credential", "name": "my-key"},
    },
    "version": "1.0.0",
}
PERSON: Final[Json] = {"objectType": "Person", "name": ["Ann"], "mbox": ["mailto:ann@example.org"]}
CREDENTIAL: Final[Json] = {
    "key": "my-key",
    "name": "the sailing course",
    "scopes": ["statements/write", "statements/read/mine"],
    "created": MOMENT,
    "rotated": None,
    "previous_until": None,
    "disabled": None,
    "compatibility": False,
}
BOOKMARK: Final[Json] = {"page": 7}
RESULTS: Final[Json] = {
    "results": [
        {"id": STATEMENT_ID, "outcome": "stored", "position": 48213},
        {
            "id": None,
            "outcome": "refused",
            "violations": [
                {"path": "verb.id", "rule": "is required", "clause": "xAPI 1.0.3 Data 2.4.3", "found": "nothing"}
            ],
        },
    ],
    "counts": {"stored": 1, "refused": 1},
}
