"""Whether requests may be sent here: every part by its name, with its state; pure.

The rule of this file: not ready is only who cannot do his work while another might. What all share and can do without
for a while (the read models' pace, Redis, Kafka) is told as degraded: statements are stored all the same, and a
balancer that took every process away for it would make an outage of a delay. What is told has no secret in it.
"""

from enum import StrEnum
from typing import Final

import msgspec

from lrs.health.standing import Figures, Relayed, Standing

LATE_SECONDS: Final = 60.0
"""Read models, or a topic, that are so far behind are degraded."""


class State(StrEnum):
    """Of a part, or of all of them together."""

    OK = "ok"
    DEGRADED = "degraded"
    FAILED = "failed"


class Part(msgspec.Struct, frozen=True, omit_defaults=True):
    """One part. note: what is wrong, or what to do."""

    state: State
    note: str = ""
    revision: str | None = None
    position: int | None = None
    log_position: int | None = None
    lag_positions: int | None = None
    lag_seconds: float | None = None
    parked: int | None = None
    waiting: int | None = None


class Readiness(msgspec.Struct, frozen=True):
    """All parts; the worst state of them is that of the whole."""

    state: State
    parts: dict[str, Part]

    @property
    def is_ready(self) -> bool:
        """Whether requests may be sent here."""
        return self.state != State.FAILED


class Expected(msgspec.Struct, frozen=True):
    """What this process needs. revisions: those it knows, the newest first; version: of its read models.

    topic: that Kafka is to have, where one is configured; has_redis: whether one is.
    """

    revisions: tuple[str, ...]
    version: int
    topic: str | None
    has_redis: bool


def readiness(expected: Expected, found: Standing | None, *, has_heard: bool, delayed: bool) -> Readiness:
    """found: None where the database is away. has_heard, delayed: what this process hears of the processor."""
    parts = {"database": _database(found), **({} if found is None else _of_database(expected, found))}
    parts["redis" if expected.has_redis else "bus"] = _bus(has_heard=has_heard, delayed=delayed)
    states = {part.state for part in parts.values()}
    worst = next(state for state in (State.FAILED, State.DEGRADED, State.OK) if state in states)
    return Readiness(worst, parts)


def _database(found: Standing | None) -> Part:
    if found is None:
        return Part(State.FAILED, "it does not answer")
    if found.read_only:
        return Part(State.DEGRADED, "it takes no writes; what is read is answered")
    return Part(State.OK)


def _of_database(expected: Expected, found: Standing) -> dict[str, Part]:
    parts = {"migrations": _migrations(expected.revisions, found.revision)}
    if found.figures is not None:
        parts["read_models"] = _read_models(expected.version, found.figures)
        parts["dead_letters"] = _letters(found.figures.letters)
        if expected.topic is not None:
            served = {one.topic: one for one in found.figures.relayed}
            parts["broker"] = _broker(served.get(expected.topic))
    return parts


def _migrations(known: tuple[str, ...], revision: str | None) -> Part:
    """A newer schema than ours is that of whoever takes over from us, and no reason to stop before he has."""
    if revision == known[0]:
        return Part(State.OK, revision=revision)
    if revision is None or revision in known:
        return Part(State.FAILED, f"run `lrs migrate`: this version needs {known[0]}", revision=revision)
    return Part(State.DEGRADED, f"the schema is newer than this version, which has {known[0]}", revision=revision)


def _read_models(version: int, figures: Figures) -> Part:
    state, note = State.OK, ""
    if figures.version not in (version, None):
        state, note = State.DEGRADED, "they are of another version: run `lrs replay`"
    elif figures.lag_seconds > LATE_SECONDS:
        state, note = State.DEGRADED, "they are behind the log"
    return Part(
        state,
        note,
        position=figures.position,
        log_position=figures.log_position,
        lag_positions=figures.lag_positions,
        lag_seconds=round(figures.lag_seconds, 3),
    )


def _letters(letters: dict[str, int]) -> Part:
    parked, waiting = letters.get("parked", 0), letters.get("waiting", 0)
    if parked:
        return Part(State.DEGRADED, "somebody has to decide: `lrs dead-letters`", parked=parked, waiting=waiting)
    return Part(State.OK, parked=0, waiting=waiting)


def _broker(relayed: Relayed | None) -> Part:
    """As the relay finds it, which is acknowledged something every ten seconds, or more often."""
    if relayed is None:
        return Part(State.DEGRADED, "no relay has served the topic")
    told = Part(
        State.OK,
        position=relayed.position,
        lag_positions=relayed.lag_positions,
        lag_seconds=round(relayed.lag_seconds, 3),
    )
    if relayed.quiet_seconds > LATE_SECONDS:
        note = f"nothing was acknowledged for {relayed.quiet_seconds:.0f} s: there is no relay, or no Kafka"
        return msgspec.structs.replace(told, state=State.DEGRADED, note=note)
    if relayed.lag_seconds > LATE_SECONDS:
        return msgspec.structs.replace(told, state=State.DEGRADED, note="it is behind the log")
    return told


def _bus(*, has_heard: bool, delayed: bool) -> Part:
    if not has_heard:
        return Part(State.DEGRADED, "nothing is heard of the processor")
    if delayed:
        return Part(State.DEGRADED, "changes are looked for instead of told: live pages are delayed")
    return Part(State.OK)
