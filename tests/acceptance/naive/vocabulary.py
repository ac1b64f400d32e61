"""The rule of this file: every IRI of docs/read-models.md, written out once, exactly as the page names it.

Nothing here is computed from a statement, except the level that a type or an Open edX block identifier gives.
"""

import re

ADL = "http://adlnet.gov/expapi/verbs/"
ADLX = "https://w3id.org/xapi/adl/verbs/"
VIDEO = "https://w3id.org/xapi/video/verbs/"
TC = "http://id.tincanapi.com/verb/"
TLA = "https://w3id.org/xapi/tla/verbs/"
EDLM = "https://xapi.edlm/profiles/edlm-lms/concepts/verbs/"
AS = ("http://activitystrea.ms/", "http://activitystrea.ms/schema/1.0/")
AX = "https://w3id.org/xapi/acrossx/verbs/"
DOD = "https://w3id.org/xapi/dod-isd/verbs/"

VOIDED = ADL + "voided"
PLAYED = VIDEO + "played"

# Section 1: verbs with one meaning whatever their object is.
EVENT_OF_VERB = {
    ADL + "launched": "launched",
    ADL + "completed": "completed",
    ADL + "passed": "passed",
    ADL + "failed": "failed",
    ADL + "progressed": "progressed",
    ADLX + "satisfied": "satisfied",
    ADLX + "waived": "waived",
    ADLX + "abandoned": "abandoned",
    ADL + "attended": "attended",
    AS[0] + "submit": "submitted",
    AS[1] + "submit": "submitted",
    EDLM + "uncompleted": "uncompleted",
    TC + "viewed": "viewed",
    ADL + "experienced": "viewed",
    DOD + "navigated": "viewed",
    ADL + "scored": "scored",
    TLA + "scored": "scored",
    TC + "earned": "scored",
    AX + "evaluated": "evaluated",
    ADL + "answered": "answered",
    PLAYED: "media",
    VIDEO + "paused": "media",
    VIDEO + "seeked": "media",
}
# Verbs that mean this on a course object only, and `other` elsewhere.
EVENT_ON_COURSE = {
    ADL + "registered": "enrolled",
    EDLM + "enrolled": "enrolled",
    TC + "unregistered": "withdrawn",
    AS[0] + "leave": "withdrawn",
    AS[1] + "leave": "withdrawn",
    TLA + "suspended": "suspended",
    TLA + "resumed": "resumed",
}
# Verbs that are `media` on an object of a media type only, and `other` elsewhere.
MEDIA_ON_MEDIA = {ADL + "terminated", ADL + "initialized", ADL + "interacted"}

ACTIVITY_OF_LEARNER = {
    *("completed", "passed", "failed", "progressed", "attended", "submitted"),
    *("viewed", "evaluated", "answered", "media", "other"),
}

PROGRESS = "https://w3id.org/xapi/cmi5/result/extensions/progress"
SESSION = "https://w3id.org/xapi/cmi5/context/extensions/sessionid"
ATTEMPT_NUMBER = "http://id.tincanapi.com/extension/attempt-id"
VIDEO_EXTENSION = "https://w3id.org/xapi/video/extensions/"

ATTEMPT_TYPE = "http://adlnet.gov/expapi/activities/attempt"
MEDIA_TYPES = {
    "https://w3id.org/xapi/video/activity-type/video",
    "https://w3id.org/xapi/audio/activity-type/audio",
    "http://adlnet.gov/expapi/activities/media",
    "http://activitystrea.ms/schema/1.0/video",
    "http://activitystrea.ms/schema/1.0/audio",
}
COURSE_TYPES = {
    "http://adlnet.gov/expapi/activities/course",
    "https://w3id.org/xapi/cmi5/activitytype/course",
    "http://id.tincanapi.com/activitytype/lms/course",
    "http://vocab.xapi.fr/activities/course",
}
MODULE_TYPES = {
    "http://adlnet.gov/expapi/activities/module",
    "http://id.tincanapi.com/activitytype/section",
    "https://w3id.org/xapi/cmi5/activitytype/block",
}
TEST_TYPES = {
    "http://adlnet.gov/expapi/activities/assessment",
    "http://vocab.xapi.fr/activities/quiz",
    "http://xapi.jisc.ac.uk/vle/quiz",
    "http://id.tincanapi.com/activitytype/test",
}
UNIT_TYPES = {"http://adlnet.gov/expapi/activities/lesson", *TEST_TYPES, *MEDIA_TYPES}
QUESTION_TYPES = {
    "http://adlnet.gov/expapi/activities/cmi.interaction",
    "http://adlnet.gov/expapi/activities/question",
    "http://adlnet.gov/expapi/activities/interaction",
    "http://activitystrea.ms/schema/1.0/question",
}
UNCOUNTED_ITEM_TYPES = {
    "http://id.tincanapi.com/activitytype/solution",
    "http://id.tincanapi.com/activitytype/discussion",
    "https://w3id.org/xapi/acrossx/extensions/supplemental-info",
    "http://adlnet.gov/expapi/activities/objective",
}
ITEM_TYPES = QUESTION_TYPES | UNCOUNTED_ITEM_TYPES

# Section 5.
ASSESSMENT_TYPES = TEST_TYPES | QUESTION_TYPES
RULELESS_TYPES = UNCOUNTED_ITEM_TYPES | {ATTEMPT_TYPE}
DOCUMENT_TYPES = {
    "http://activitystrea.ms/schema/1.0/page",
    "http://activitystrea.ms/schema/1.0/file",
    "http://activitystrea.ms/schema/1.0/article",
    "http://adlnet.gov/expapi/activities/link",
    "http://adlnet.gov/expapi/activities/file",
    "http://id.tincanapi.com/activitytype/resource",
    "http://id.tincanapi.com/activitytype/document",
    "http://id.tincanapi.com/activitytype/page",
    "http://xapi.jisc.ac.uk/activities/externalContent",
    "http://xapi.jisc.ac.uk/vle/page",
    "http://xapi.jisc.ac.uk/vle/content",
}

LISTED_TYPES = COURSE_TYPES | MODULE_TYPES | UNIT_TYPES | ITEM_TYPES | MEDIA_TYPES | DOCUMENT_TYPES
TRACKED_EVENTS = {
    *("launched", "completed", "passed", "failed", "progressed", "satisfied", "waived", "attended"),
    *("submitted", "scored", "evaluated", "answered", "media"),
}

GENERIC_TITLES = {
    *("untitled", "storyline", "articulate storyline", "course", "lesson", "module", "quiz", "video"),
    *("interactive content", "new activity", "question"),
}

# Section 4. Groups: base, xblock/, ccx-, course-v1: or ccx-v1:, key, kind.
OPEN_EDX_BLOCK = re.compile(
    r"^(.*?)(xblock/)?(ccx-)?block-v1:(course-v1:|ccx-v1:)?(.+?)\+type@([^+]+)\+block@", re.DOTALL
)
MODULE_BLOCKS = {"chapter", "sequential"}
LEVEL_OF_BLOCK = {
    "chapter": "module",
    "sequential": "module",
    "vertical": "unit",
    "video": "unit",
    "problem": "item",
}


def block_kind(iri: str) -> str | None:
    """KIND of an Open edX block identifier, None for any other identifier."""
    match = OPEN_EDX_BLOCK.match(iri)
    return match.group(6) if match else None


def level(iri: str, activity_type: str | None) -> str | None:
    """course, module, unit or item as section 4 gives it; None where neither type nor identifier says."""
    kind = block_kind(iri)
    if kind in MODULE_BLOCKS:
        return "module"
    if activity_type in COURSE_TYPES:
        return "course"
    if activity_type in MODULE_TYPES:
        return "module"
    if activity_type in UNIT_TYPES:
        return "unit"
    if activity_type in ITEM_TYPES:
        return "item"
    return LEVEL_OF_BLOCK.get(kind) if kind else None
