"""Files of statements, and a replay of one to an endpoint that listens as long as the replay takes."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from lrs.replay_file import replay
from lrs.replay_report import ReplayReport
from tests.integration.fake_endpoint import CREDENTIAL, FakeEndpoint, Statement


def statement(number: int, **more: Any) -> Statement:
    """A statement that is told apart by its number."""
    return {
        "id": str(UUID(int=number + 1)),
        "actor": {"mbox": "mailto:a@example.com"},
        "verb": {"id": f"http://example.com/verbs/{number}"},
        "object": {"id": "http://example.com/thing"},
        **more,
    }


def lines(path: Path, statements: list[Statement]) -> Path:
    """A file of them, a line each; zipped where its name says so."""
    text = "".join(json.dumps(one) + "\n" for one in statements).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


def against(endpoint: FakeEndpoint, play: Callable[[], Awaitable[None]]) -> None:
    """Plays while the endpoint listens, at the address that it had before if it had one."""

    async def run() -> None:
        async with endpoint.listening(endpoint.port):
            await play()

    asyncio.run(run())


def replayed(endpoint: FakeEndpoint, path: Path, **options: Any) -> ReplayReport:
    """What a replay of the file reports."""
    reports: list[ReplayReport] = []

    async def play() -> None:
        reports.append(await replay(path, endpoint.url, CREDENTIAL, progress=False, **options))

    against(endpoint, play)
    return reports[0]


def verb_in(*numbers: int) -> Callable[[Statement], str | None]:
    """Why a statement of one of these numbers is refused."""
    bad = {f"http://example.com/verbs/{number}" for number in numbers}
    return lambda one: "is a bad verb" if one["verb"]["id"] in bad else None
