"""The events of a course as a client reads them. The id of each must be its position."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx

from tests.integration.live_course import (
    COURSE,
)

Event = tuple[str, dict[str, Any]]
URL = f"/api/courses/{COURSE}"


async def events_of(answer: httpx.Response) -> AsyncIterator[Event]:
    """The events of a stream; each one's id must be its position."""
    fields: dict[str, str] = {}
    async for line in answer.aiter_lines():
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif fields:
            data = json.loads(fields["data"])
            assert fields.get("id") == (None if fields["event"] == "outline" else str(data["position"]))
            yield fields["event"], data
            fields = {}


@asynccontextmanager
async def following(
    client: httpx.AsyncClient,
    *,
    after: int | None = None,
    last_event_id: int | None = None,
    outlined: int | None = None,
) -> AsyncIterator[AsyncIterator[Event]]:
    asked = {"after": after, "outlined": outlined}
    params = {name: value for name, value in asked.items() if value is not None}
    headers = {} if last_event_id is None else {"Last-Event-ID": str(last_event_id)}
    async with client.stream("GET", f"{URL}/live", params=params, headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield events_of(answer)


async def until(events: AsyncIterator[Event], wanted: str) -> dict[str, Any]:
    """The data of the next event of a kind; others in between are passed over."""
    async with asyncio.timeout(10):
        async for name, data in events:
            if name == wanted:
                return data
    raise AssertionError(f"the stream ended before {wanted}")


async def silent(events: AsyncIterator[Event], seconds: float) -> bool:
    """Whether nothing comes for a while."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            return [await anext(events)] == []
    return True
