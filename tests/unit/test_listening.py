"""Deaf is who hears nothing for long while a relay is at work, and nobody else."""

import pytest

from streams.kafka_relay import QUIET_SECONDS
from streams.listening import AWAY_SECONDS, DEAF_SECONDS, Listening


def test_silence_beside_a_relay_at_work_is_deafness_before_long() -> None:
    listening = Listening(100)
    assert not listening.wonders(100 + QUIET_SECONDS)
    assert listening.wonders(101 + QUIET_SECONDS)
    assert not listening.is_deaf(100 + DEAF_SECONDS, relayed=1)
    assert listening.is_deaf(101 + DEAF_SECONDS, relayed=1)


def test_whoever_hears_is_not_deaf() -> None:
    listening = Listening(100)
    listening.hears(120)
    assert not listening.is_deaf(101 + DEAF_SECONDS, relayed=1)


@pytest.mark.parametrize("away", [None, AWAY_SECONDS])
def test_silence_counts_from_when_a_relay_is_at_work_again(away: float | None) -> None:
    """An outage of an hour: whoever asks every second has all the time when it is over."""
    listening = Listening(0)
    assert not any(listening.is_deaf(now, away) for now in range(int(AWAY_SECONDS), 3600))
    assert not listening.is_deaf(3599 + DEAF_SECONDS, relayed=1)
    assert listening.is_deaf(3600 + DEAF_SECONDS, relayed=1)
