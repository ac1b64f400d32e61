"""A whole cohort's past. One rule: the same seed, size and day give the same statements, byte for byte.

The random numbers come from the seed and the learner's number; the ids also from the day that the past ends
at. So a demo run twice in a day on the same data posts nothing new, and one run on another day posts the
same past, moved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from uuid import NAMESPACE_URL, UUID, uuid5

from lrs.simulation import course
from lrs.simulation.course import MODULES
from lrs.simulation.learner import Learner, Persona
from lrs.simulation.people import person
from lrs.simulation.statements import Pen, TimedStatement, score

MIN_DAYS = 28
"""The vanishing need a second week that lies more than 14 days back."""

_LONGEST_STEP = timedelta(minutes=30)

# One of each persona among the first nine, then the mix of an ordinary course. The withdrawn are set apart.
_FIRST = (
    Persona.STEADY,
    Persona.FAST,
    Persona.SLOW,
    Persona.STUCK,
    Persona.VANISHING,
    Persona.NEVER_STARTED,
    Persona.VANISHING,
    Persona.STEADY,
    Persona.WITHDRAWN,
)
_MIX = (
    Persona.STEADY,
    Persona.FAST,
    Persona.SLOW,
    Persona.STEADY,
    Persona.FAST,
    Persona.STUCK,
    Persona.STEADY,
    Persona.SLOW,
    Persona.VANISHING,
    Persona.STEADY,
    Persona.FAST,
    Persona.NEVER_STARTED,
)
_SECOND_VANISHING = 6
_SECOND_WITHDRAWN = 30


@dataclass(frozen=True, slots=True)
class Cohort:
    """The statements of the past, by instant, and the learners as they stand at its end."""

    statements: list[TimedStatement]
    learners: list[Learner]


def persona_of(number: int) -> Persona:
    """The persona of learner `number` (from 0), the same in every cohort."""
    if number < len(_FIRST):
        return _FIRST[number]
    if number == _SECOND_WITHDRAWN:
        return Persona.WITHDRAWN
    return _MIX[(number - len(_FIRST)) % len(_MIX)]


def anchor(now: datetime) -> datetime:
    """The midnight (UTC) at or before `now`: the end of the simulated past."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def simulate(seed: int, learners: int, days: int, now: datetime) -> list[TimedStatement]:
    """The statements of a cohort of `learners` over the `days` before the day of `now`, ordered by instant
    and id.

    Raises ValueError when `days` is under 28 or there is no learner.
    """
    return simulate_cohort(seed, learners, days, now).statements


def simulate_cohort(seed: int, learners: int, days: int, now: datetime) -> Cohort:
    """As `simulate`, with the learners, who can go on from where they stand."""
    if days < MIN_DAYS:
        raise ValueError(f"a cohort's past takes at least {MIN_DAYS} days")
    if learners < 1:
        raise ValueError("a cohort has at least one learner")
    end = anchor(now)
    everyone = [_learner(seed, number, end) for number in range(learners)]
    statements = [statement for learner in everyone for statement in _past(learner, days, end)]
    statements.sort(key=lambda timed: (timed.at, timed.statement["id"]))
    return Cohort(statements, everyone)


def _learner(seed: int, number: int, end: datetime) -> Learner:
    persona = persona_of(number)
    random = Random(f"{seed}/{number}")
    own = uuid5(NAMESPACE_URL, f"{course.COURSE_IRI}#{seed}/{end:%Y-%m-%d}/{number}")
    pen = Pen(number, person(number), uuid5(own, "registration"), _numbered_ids(own))
    stuck_at = random.choice(MODULES[1:3]) if persona is Persona.STUCK else None
    return Learner(number, persona, pen, random, stuck_at)


def _numbered_ids(namespace: UUID) -> Callable[[], UUID]:
    numbers = count()
    return lambda: uuid5(namespace, str(next(numbers)))


def _past(learner: Learner, days: int, end: datetime) -> Iterator[TimedStatement]:
    """Everything the learner did before `end`: enrolment, sittings, and how it ended for those for whom it
    did.
    """
    random = learner.random
    enrolled, leaves = _first_and_last_day(learner, days, end)
    yield learner.pen.on_course("registered", enrolled)
    if learner.persona is Persona.NEVER_STARTED:
        return
    sittings = _sittings(learner, enrolled, leaves, end)
    corrected = learner.number % 12 != 1
    for begin, last in sittings:
        clock = begin
        for _ in range(random.randint(*learner.habits.steps)):
            if learner.finished or clock + _LONGEST_STEP > end:
                break
            if learner.persona is Persona.VANISHING and learner.done >= 3 * (len(MODULES) - 1):
                break
            place, kind = divmod(learner.done, 3)
            said = learner.step(clock)
            yield from said
            clock = said[-1].at + timedelta(seconds=random.uniform(20, 240))
            if kind == 2 and not corrected and clock + timedelta(hours=2) < end:
                corrected = True
                yield from _mistake(learner, place, clock)
        if last and learner.persona is Persona.VANISHING:
            yield from learner.give_up(clock)
        if last and learner.persona is Persona.WITHDRAWN:
            yield learner.pen.on_course("unregistered", clock + timedelta(minutes=10))


def _mistake(learner: Learner, place: int, at: datetime) -> Iterator[TimedStatement]:
    """A full score entered by hand for the wrong person, and taken back within the hour."""
    m = MODULES[place]
    entered = learner.pen.on_quiz(
        "scored", m, at, learner.attempts[m.slug], result={"score": score(len(m.questions), len(m.questions))}
    )
    yield entered
    yield learner.pen.voided(entered.statement, at + timedelta(minutes=learner.random.uniform(10, 55)))


def _first_and_last_day(learner: Learner, days: int, end: datetime) -> tuple[datetime, datetime]:
    """When the learner enrols, and when they are heard of last (`end` for those still there)."""
    random = learner.random

    def before(least: float, most: float, mode: float | None = None) -> datetime:
        return end - timedelta(days=min(days - 0.5, random.triangular(least, most, mode)))

    match learner.persona:
        case Persona.FAST:
            return before(0.6, 16, 2), end
        case Persona.STEADY:
            return before(3, days - 1, 12), end
        case Persona.SLOW:
            return before(5, days - 1, 14), end
        case Persona.STUCK:
            return before(15, days - 5, 24), end
        case Persona.NEVER_STARTED:
            return before(1, 20), end
        case Persona.WITHDRAWN:
            leaves = before(2, 9)
            return leaves - timedelta(days=random.uniform(5, 10)), leaves
        case Persona.VANISHING:
            long_ago = (learner.number // len(_MIX)) % 2 == 0 and learner.number != _SECOND_VANISHING
            leaves = end - timedelta(days=random.uniform(16, 17.5) if long_ago else random.uniform(8.5, 12))
            return leaves - timedelta(days=random.uniform(8, 10)), leaves


def _sittings(learner: Learner, enrolled: datetime, leaves: datetime, end: datetime) -> Iterator[tuple[datetime, bool]]:
    """Begins of the learner's sittings, each at a waking hour where the learner lives, and whether it is
    the last.

    Whoever is still there sits down on the last day, most of the time: the live part of the demo is made of
    that.
    """
    random = learner.random
    begins = [enrolled + timedelta(minutes=random.uniform(2, 90))]
    day = enrolled
    while True:
        day += timedelta(days=random.uniform(*learner.habits.gap_days))
        if day >= leaves - timedelta(days=1):
            break
        local = day.replace(hour=0, minute=0) + timedelta(hours=random.triangular(7, 22, 18))
        begins.append(local - timedelta(hours=learner.pen.person.utc_offset))
    if leaves < end:
        begins.append(leaves)
    elif random.random() < 0.85:
        begins.append(end - timedelta(hours=random.triangular(0.7, 14, 3)))
    begins = sorted(begin for begin in begins if begin >= begins[0])
    spaced: list[datetime] = []
    for begin in begins:
        if not spaced or begin - spaced[-1] > timedelta(hours=4):
            spaced.append(begin)
        elif begin == begins[-1]:
            spaced[-1] = begin
    for place, begin in enumerate(spaced):
        yield begin, place == len(spaced) - 1
