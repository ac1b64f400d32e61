"""The demo's course. One rule: all text is fixed, so that two runs speak of the same activities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

SITE = "https://learn.example.com"
COURSE_IRI = f"{SITE}/courses/food-safety-essentials"

COURSE_TYPE = "http://adlnet.gov/expapi/activities/course"
MODULE_TYPE = "http://adlnet.gov/expapi/activities/module"
LESSON_TYPE = "http://adlnet.gov/expapi/activities/lesson"
QUIZ_TYPE = "http://adlnet.gov/expapi/activities/assessment"
QUESTION_TYPE = "http://adlnet.gov/expapi/activities/cmi.interaction"
ATTEMPT_TYPE = "http://adlnet.gov/expapi/activities/attempt"
VIDEO_TYPE = "https://w3id.org/xapi/video/activity-type/video"
PROFILE_TYPE = "http://adlnet.gov/expapi/activities/profile"

Activity = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """One cmi.interaction (xAPI 1.0.3 Data 2.4.4.1). `right` and `wrong` are responses in its
    interactionType's form.
    """

    text: str
    kind: str
    right: str
    wrong: tuple[str, ...]
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Module:
    """A module: one lesson page, one video (length in seconds) and one quiz."""

    slug: str
    title: str
    lesson: str
    video: str
    video_length: float
    quiz: str
    questions: tuple[Question, ...]


def _choice(text: str, right: str, *wrong: str) -> Question:
    options = sorted((right, *wrong))
    keys = {option: "abcdef"[place] for place, option in enumerate(options)}
    return Question(text, "choice", keys[right], tuple(keys[w] for w in wrong), tuple((keys[o], o) for o in options))


def _true_false(text: str, right: bool) -> Question:
    return Question(text, "true-false", str(right).lower(), (str(not right).lower(),))


def _number(text: str, right: str, *wrong: str) -> Question:
    return Question(text, "numeric", right, wrong)


MODULES = (
    Module(
        "hygiene",
        "Clean Hands, Safe Food",
        "How germs travel in a kitchen",
        "Washing your hands in six steps",
        148.0,
        "Check yourself: personal hygiene",
        (
            _choice(
                "When must you wash your hands?",
                "After handling raw meat",
                "Only at the start of the shift",
                "Only when they look dirty",
            ),
            _number("For how many seconds do you rub your hands with soap?", "20", "3", "60"),
            _true_false("Gloves make washing your hands unnecessary.", False),
            _choice(
                "You have a cut on your finger. What do you do?",
                "Cover it with a blue plaster and wear a glove",
                "Rinse it and go on",
                "Work with the other hand",
            ),
            _true_false("You must report vomiting or diarrhoea before you start work.", True),
        ),
    ),
    Module(
        "temperature",
        "Hot, Cold and the Danger Zone",
        "Why temperature decides",
        "Using a probe thermometer",
        265.5,
        "Check yourself: temperature",
        (
            _number("At most how many degrees Celsius may a fridge have?", "5", "12", "0"),
            _choice(
                "Where is the danger zone?",
                "Between 5 and 63 °C",
                "Between −18 and 0 °C",
                "Above 75 °C",
            ),
            _true_false("Bacteria die in the freezer.", False),
            _choice(
                "Where do you measure a roast?",
                "In the middle of its thickest part",
                "On its surface",
                "In the pan beside it",
            ),
            _number("Within how many minutes should cooked rice be cooled?", "90", "240", "480"),
        ),
    ),
    Module(
        "contamination",
        "Keeping Things Apart",
        "Cross-contamination and allergens",
        "A day at two cutting boards",
        392.0,
        "Check yourself: cross-contamination",
        (
            _choice(
                "Which board is for raw poultry?",
                "The one marked for raw meat",
                "Any board that is dry",
                "The bread board",
            ),
            _true_false("Raw meat is stored below ready-to-eat food.", True),
            _choice(
                "A guest asks whether the soup contains celery. What do you do?",
                "Look it up in the allergen list",
                "Taste it",
                "Say that it probably does not",
            ),
            _number("How many allergens must be declared in the European Union?", "14", "8", "20"),
            _true_false("A wiped knife is safe for a guest with a nut allergy.", False),
        ),
    ),
    Module(
        "cleaning",
        "A Kitchen That Stays Clean",
        "Clean first, then disinfect",
        "Closing the kitchen, step by step",
        318.25,
        "Check yourself: cleaning",
        (
            _choice(
                "What comes first?",
                "Removing the food remains",
                "Disinfecting",
                "Drying with a cloth",
            ),
            _true_false("A disinfectant works at once.", False),
            _choice(
                "You find droppings under a shelf. What do you do?",
                "Report it and throw away food that may be touched",
                "Sweep them up and say nothing",
                "Wait until they come back",
            ),
            _number("After how many hours, at the latest, is a cleaning cloth changed?", "4", "24", "72"),
            _true_false("Chemicals are kept in their own labelled bottles.", True),
        ),
    ),
)


def _activity(iri: str, kind: str, title: str) -> Activity:
    return {"objectType": "Activity", "id": iri, "definition": {"type": kind, "name": {"en": title}}}


def course() -> Activity:
    return _activity(COURSE_IRI, COURSE_TYPE, "Food Safety Essentials")


def module(m: Module) -> Activity:
    return _activity(f"{COURSE_IRI}/{m.slug}", MODULE_TYPE, m.title)


def lesson(m: Module) -> Activity:
    return _activity(f"{COURSE_IRI}/{m.slug}/lesson", LESSON_TYPE, m.lesson)


def video(m: Module) -> Activity:
    return _activity(f"{COURSE_IRI}/{m.slug}/video", VIDEO_TYPE, m.video)


def quiz(m: Module) -> Activity:
    return _activity(f"{COURSE_IRI}/{m.slug}/quiz", QUIZ_TYPE, m.quiz)


def attempt(m: Module, registration: str, number: int) -> Activity:
    """The attempt-typed activity that the statements of one try at the quiz share (number from 1)."""
    return _activity(f"{COURSE_IRI}/{m.slug}/quiz/attempts/{registration}/{number}", ATTEMPT_TYPE, f"Attempt {number}")


def question(m: Module, number: int) -> Activity:
    """The quiz's question `number` (0 … 4) as an interaction activity."""
    asked = m.questions[number]
    activity = _activity(f"{COURSE_IRI}/{m.slug}/quiz/q{number + 1}", QUESTION_TYPE, f"Question {number + 1}")
    activity["definition"] |= {
        "description": {"en": asked.text},
        "interactionType": asked.kind,
        "correctResponsesPattern": [asked.right],
    }
    if asked.choices:
        activity["definition"]["choices"] = [{"id": key, "description": {"en": text}} for key, text in asked.choices]
    return activity
