"""The words of the field: verbs and activity types in the wild, and what they mean to the read models.

docs/read-models.md, sections 1, 3, 4 and 5, is the definition; nothing here computes.
"""

from enum import StrEnum

ADL = "http://adlnet.gov/expapi/verbs/"
ADLX = "https://w3id.org/xapi/adl/verbs/"
VIDEO = "https://w3id.org/xapi/video/verbs/"
TINCAN = "http://id.tincanapi.com/verb/"
TLA = "https://w3id.org/xapi/tla/verbs/"
EDLM = "https://xapi.edlm/profiles/edlm-lms/concepts/verbs/"
ACROSSX = "https://w3id.org/xapi/acrossx/verbs/"
DOD = "https://w3id.org/xapi/dod-isd/verbs/"
ACTIVITY_STREAMS = ("http://activitystrea.ms/", "http://activitystrea.ms/schema/1.0/")

VIDEO_EXTENSION = "https://w3id.org/xapi/video/extensions/"
CMI5_PROGRESS = "https://w3id.org/xapi/cmi5/result/extensions/progress"
CMI5_SESSION = "https://w3id.org/xapi/cmi5/context/extensions/sessionid"
OPEN_EDX_ATTEMPT = "http://id.tincanapi.com/extension/attempt-id"

VOIDED = ADL + "voided"
PLAYED = VIDEO + "played"


class Event(StrEnum):
    """What a statement means to the read models."""

    ENROLLED = "enrolled"
    LAUNCHED = "launched"
    WITHDRAWN = "withdrawn"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    COMPLETED = "completed"
    PASSED = "passed"
    FAILED = "failed"
    PROGRESSED = "progressed"
    SATISFIED = "satisfied"
    WAIVED = "waived"
    ABANDONED = "abandoned"
    ATTENDED = "attended"
    SUBMITTED = "submitted"
    UNCOMPLETED = "uncompleted"
    VIEWED = "viewed"
    SCORED = "scored"
    EVALUATED = "evaluated"
    ANSWERED = "answered"
    MEDIA = "media"
    OTHER = "other"


COURSE_EVENTS = {
    ADL + "registered": Event.ENROLLED,
    EDLM + "enrolled": Event.ENROLLED,
    TINCAN + "unregistered": Event.WITHDRAWN,
    **{prefix + "leave": Event.WITHDRAWN for prefix in ACTIVITY_STREAMS},
    TLA + "suspended": Event.SUSPENDED,
    TLA + "resumed": Event.RESUMED,
}
"""Verbs that mean something on a course object only."""

MEDIA_EVENTS = frozenset(ADL + verb for verb in ("terminated", "initialized", "interacted"))
"""Verbs that are media events on a media object only."""

EVENTS = {
    ADL + "launched": Event.LAUNCHED,
    ADL + "completed": Event.COMPLETED,
    ADL + "passed": Event.PASSED,
    ADL + "failed": Event.FAILED,
    ADL + "progressed": Event.PROGRESSED,
    ADLX + "satisfied": Event.SATISFIED,
    ADLX + "waived": Event.WAIVED,
    ADLX + "abandoned": Event.ABANDONED,
    ADL + "attended": Event.ATTENDED,
    **{prefix + "submit": Event.SUBMITTED for prefix in ACTIVITY_STREAMS},
    EDLM + "uncompleted": Event.UNCOMPLETED,
    TINCAN + "viewed": Event.VIEWED,
    ADL + "experienced": Event.VIEWED,
    DOD + "navigated": Event.VIEWED,
    ADL + "scored": Event.SCORED,
    TLA + "scored": Event.SCORED,
    TINCAN + "earned": Event.SCORED,
    ACROSSX + "evaluated": Event.EVALUATED,
    ADL + "answered": Event.ANSWERED,
    PLAYED: Event.MEDIA,
    VIDEO + "paused": Event.MEDIA,
    VIDEO + "seeked": Event.MEDIA,
}

BOOKKEEPING = frozenset(
    {
        Event.ENROLLED,
        Event.LAUNCHED,
        Event.WITHDRAWN,
        Event.SUSPENDED,
        Event.RESUMED,
        Event.SATISFIED,
        Event.WAIVED,
        Event.ABANDONED,
        Event.UNCOMPLETED,
        Event.SCORED,
    }
)
"""Events that are no activity of the learner's own."""


TRACKED = frozenset(
    {
        Event.LAUNCHED,
        Event.COMPLETED,
        Event.PASSED,
        Event.FAILED,
        Event.PROGRESSED,
        Event.SATISFIED,
        Event.WAIVED,
        Event.ATTENDED,
        Event.SUBMITTED,
        Event.SCORED,
        Event.EVALUATED,
        Event.ANSWERED,
        Event.MEDIA,
    }
)
"""Events that show their object to be learning content."""


class Level(StrEnum):
    """Where an activity stands in a course."""

    COURSE = "course"
    MODULE = "module"
    UNIT = "unit"
    ITEM = "item"


_ADL_TYPE = "http://adlnet.gov/expapi/activities/"
_TINCAN_TYPE = "http://id.tincanapi.com/activitytype/"
_AS_TYPE = "http://activitystrea.ms/schema/1.0/"

ATTEMPT_TYPE = _ADL_TYPE + "attempt"
MEDIA_TYPES = frozenset(
    {
        "https://w3id.org/xapi/video/activity-type/video",
        "https://w3id.org/xapi/audio/activity-type/audio",
        _ADL_TYPE + "media",
        _AS_TYPE + "video",
        _AS_TYPE + "audio",
    }
)
LEVELS: dict[str, Level] = {
    _ADL_TYPE + "course": Level.COURSE,
    "https://w3id.org/xapi/cmi5/activitytype/course": Level.COURSE,
    _TINCAN_TYPE + "lms/course": Level.COURSE,
    "http://vocab.xapi.fr/activities/course": Level.COURSE,
    _ADL_TYPE + "module": Level.MODULE,
    _TINCAN_TYPE + "section": Level.MODULE,
    "https://w3id.org/xapi/cmi5/activitytype/block": Level.MODULE,
    _ADL_TYPE + "lesson": Level.UNIT,
    _ADL_TYPE + "assessment": Level.UNIT,
    "http://vocab.xapi.fr/activities/quiz": Level.UNIT,
    "http://xapi.jisc.ac.uk/vle/quiz": Level.UNIT,
    _TINCAN_TYPE + "test": Level.UNIT,
    **dict.fromkeys(MEDIA_TYPES, Level.UNIT),
    _ADL_TYPE + "cmi.interaction": Level.ITEM,
    _ADL_TYPE + "question": Level.ITEM,
    _ADL_TYPE + "interaction": Level.ITEM,
    _AS_TYPE + "question": Level.ITEM,
    _TINCAN_TYPE + "solution": Level.ITEM,
    _TINCAN_TYPE + "discussion": Level.ITEM,
    "https://w3id.org/xapi/acrossx/extensions/supplemental-info": Level.ITEM,
    _ADL_TYPE + "objective": Level.ITEM,
}
OPEN_EDX_LEVELS = {
    "chapter": Level.MODULE,
    "sequential": Level.MODULE,
    "vertical": Level.UNIT,
    "video": Level.UNIT,
    "problem": Level.ITEM,
}

ASSESSMENT_TYPES = frozenset(
    {
        _ADL_TYPE + "assessment",
        "http://vocab.xapi.fr/activities/quiz",
        "http://xapi.jisc.ac.uk/vle/quiz",
        _TINCAN_TYPE + "test",
        _ADL_TYPE + "cmi.interaction",
        _ADL_TYPE + "question",
        _ADL_TYPE + "interaction",
        _AS_TYPE + "question",
    }
)
DOCUMENT_TYPES = frozenset(
    {
        _AS_TYPE + "page",
        _AS_TYPE + "file",
        _AS_TYPE + "article",
        _ADL_TYPE + "link",
        _ADL_TYPE + "file",
        _TINCAN_TYPE + "resource",
        _TINCAN_TYPE + "document",
        _TINCAN_TYPE + "page",
        "http://xapi.jisc.ac.uk/activities/externalContent",
        "http://xapi.jisc.ac.uk/vle/page",
        "http://xapi.jisc.ac.uk/vle/content",
    }
)
LISTED_TYPES = frozenset(LEVELS) | DOCUMENT_TYPES
"""Types that are known to be parts of courses."""

UNRULED_TYPES = frozenset(
    {
        ATTEMPT_TYPE,
        _TINCAN_TYPE + "discussion",
        _TINCAN_TYPE + "solution",
        "https://w3id.org/xapi/acrossx/extensions/supplemental-info",
        _ADL_TYPE + "objective",
    }
)
GENERIC_TITLES = frozenset(
    {
        "untitled",
        "storyline",
        "articulate storyline",
        "course",
        "lesson",
        "module",
        "quiz",
        "video",
        "interactive content",
        "new activity",
        "question",
    }
)

CLAIMS = frozenset({Event.COMPLETED, Event.ATTENDED, Event.SUBMITTED})
"""What claims completion, unless the same fact denies it."""
GIVEN = frozenset({Event.SATISFIED, Event.WAIVED})
"""What gives completion."""
JUDGED = frozenset({Event.EVALUATED, Event.ANSWERED})
"""What is judged right or wrong, with or without a score."""
