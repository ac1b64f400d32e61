"""Chunks are as long as the volume asks for: within bounds, moderate in size, and few where that is possible."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from lrs.statement_log.chunks import (
    FEW_YEARS,
    LEAST_BYTES,
    LONGEST,
    MOST_CHUNKS,
    SHORTEST,
    STRETCH,
    UNKNOWN,
    chunk_interval,
)

DAY = timedelta(days=1)
VOLUMES = st.floats(0, 1e13)
CACHES = st.integers(128 * 2**10, 2**41)
KNOWN = st.timedeltas(timedelta(0), timedelta(days=4000))


@given(VOLUMES, CACHES, KNOWN)
def test_bounds(volume: float, cache: int, known: timedelta) -> None:
    found = chunk_interval(volume, cache, known)
    assert SHORTEST <= found <= LONGEST
    assert found % DAY == timedelta(0)
    assert found <= max(known, UNKNOWN) + DAY / 2


@given(VOLUMES, CACHES, KNOWN)
def test_size_and_number(volume: float, cache: int, known: timedelta) -> None:
    found = chunk_interval(volume, cache, known)
    target = max(cache / 4, LEAST_BYTES)
    size = volume * (found / DAY)
    rounding = 1.5
    if found > SHORTEST:
        assert size <= STRETCH * target * rounding
    if found < min(LONGEST, max(known, UNKNOWN)) - DAY / 2 and FEW_YEARS / found > MOST_CHUNKS:
        assert size >= STRETCH * target / rounding


@given(VOLUMES, VOLUMES, CACHES, KNOWN)
def test_more_volume_makes_no_longer_chunks(one: float, other: float, cache: int, known: timedelta) -> None:
    less, more = sorted((one, other))
    assert chunk_interval(more, cache, known) <= chunk_interval(less, cache, known)


def test_some_volumes() -> None:
    long = timedelta(days=3650)
    cache = 8 * 2**30
    assert chunk_interval(0, cache, long) == LONGEST
    assert chunk_interval(1e6, cache, long) == LONGEST
    assert chunk_interval(1e6, cache, timedelta(days=20)) == timedelta(days=20)
    assert chunk_interval(1e8, cache, long) == timedelta(days=21)  # 2.1 GB
    assert chunk_interval(5e8, cache, long) == timedelta(days=11)  # fewer of 5.5 GB rather than many of 2 GB
    assert chunk_interval(1e9, cache, long) == timedelta(days=9)  # 9 GB
    assert chunk_interval(1e11, cache, long) == SHORTEST
