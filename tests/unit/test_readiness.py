"""Not ready is only who cannot do his work: whatever else is wrong is named, and statements are still taken."""

from typing import Any

import pytest

from lrs.health.readiness import Expected, Readiness, State, readiness
from lrs.health.standing import Figures, Relayed, Standing

EXPECTED = Expected(revisions=("0003", "0002", "0001"), version=3, topic="lrs.log", has_redis=True)
SERVED = Relayed("lrs.log", 90, 10, 0.5, 2.0)


def figures(**others: Any) -> Figures:
    standing = {"log_position": 100, "position": 90, "version": 3, "lag_positions": 10, "lag_seconds": 0.5}
    return Figures(**{**standing, "relayed": (SERVED,), "letters": {}, "oldest_transaction_seconds": 0.0, **others})


def found(revision: str | None = "0003", *, read_only: bool = False, **others: Any) -> Standing:
    return Standing(revision, read_only, figures(**others))


def told(standing: Standing | None, *, has_heard: bool = True, delayed: bool = False) -> Readiness:
    return readiness(EXPECTED, standing, has_heard=has_heard, delayed=delayed)


def test_all_is_well() -> None:
    whole = told(found())
    assert (whole.state, whole.is_ready) == (State.OK, True)
    assert set(whole.parts) == {"database", "migrations", "read_models", "dead_letters", "broker", "redis"}
    assert {part.state for part in whole.parts.values()} == {State.OK}


@pytest.mark.parametrize(
    ("standing", "part"),
    [
        (None, "database"),
        (Standing(None, read_only=False, figures=None), "migrations"),
        (Standing("0002", read_only=False, figures=None), "migrations"),
    ],
)
def test_who_cannot_work_is_not_ready(standing: Standing | None, part: str) -> None:
    whole = told(standing)
    assert not whole.is_ready
    assert [name for name, one in whole.parts.items() if one.state == State.FAILED] == [part]


@pytest.mark.parametrize(
    ("standing", "part"),
    [
        (found(read_only=True), "database"),
        (found("0004"), "migrations"),  # whoever takes over has migrated already
        (found(version=2), "read_models"),
        (found(lag_seconds=61.0), "read_models"),
        (found(letters={"parked": 1, "waiting": 4}), "dead_letters"),
        (found(relayed=()), "broker"),
        (found(relayed=(Relayed("another", 100, 0, 0.0, 0.0),)), "broker"),
        (found(relayed=(Relayed("lrs.log", 90, 10, 0.5, 61.0),)), "broker"),
        (found(relayed=(Relayed("lrs.log", 90, 10, 61.0, 0.1),)), "broker"),
    ],
)
def test_what_can_be_done_without_is_named(standing: Standing, part: str) -> None:
    whole = told(standing)
    assert (whole.state, whole.is_ready) == (State.DEGRADED, True)
    assert [name for name, one in whole.parts.items() if one.state == State.DEGRADED] == [part]
    assert whole.parts[part].note


@pytest.mark.parametrize(("has_heard", "delayed"), [(False, False), (True, True)])
def test_live_pages_may_be_late(has_heard: bool, delayed: bool) -> None:
    whole = told(found(), has_heard=has_heard, delayed=delayed)
    assert whole.is_ready
    assert whole.parts["redis"].state == State.DEGRADED


def test_what_is_not_configured_is_not_told() -> None:
    alone = Expected(EXPECTED.revisions, EXPECTED.version, topic=None, has_redis=False)
    whole = readiness(alone, found(relayed=()), has_heard=True, delayed=False)
    assert whole.state == State.OK
    assert set(whole.parts) == {"database", "migrations", "read_models", "dead_letters", "bus"}


def test_what_is_read_models_without_a_row_is_not_another_version() -> None:
    assert told(found(version=None)).state == State.OK
