"""`python -m tests.bench.push`: from POST to a thousand live pages, and what fifty readers who are stuck do to them.

Statements are posted one by one at a steady rate, over courses each of which several pages follow. What a page is told
is timed from when the statement was sent; the POST's own answer, in the same run, is what it is compared with.
"""

import asyncio
import re
import time
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path
from statistics import quantiles
from typing import Any
from uuid import uuid4

import click
import httpx
import msgspec
import psutil

from tests.bench import catch_up
from tests.bench.endurance import said
from tests.bench.endurance_store import STARTERS, Store, running_store
from tests.bench.ingest import BASIC
from tests.bench.live_readers import Reader, Stuck, follow
from tests.bench.posting import Posting
from tests.bench.replay import caught_up
from tests.bench.statements import BEFORE_ID, after_id, bodies
from tests.services.lrs_server import CREDENTIAL

PLACE = b"https://courses.example.org/"
COURSE = re.compile(PLACE + rb"[0-9]+-[0-9]+")
DIFFERENT = 20_000
SETTLE_SECONDS = 5.0
CONNECTIONS = 64


def _of_many_courses(courses: int) -> Iterator[bytes]:
    """Statements (tests/bench/statements.py) whose ten courses have become `courses`, under ever new ids, for ever."""
    tails = map(after_id, bodies(DIFFERENT))
    apart = [tail.replace(PLACE, b"%s%d-" % (PLACE, number % (courses // 10))) for number, tail in enumerate(tails)]
    return (BEFORE_ID + str(uuid4()).encode() + tail for tail in cycle(apart))


def _spread(milliseconds: Sequence[float]) -> dict[str, float]:
    cuts = quantiles(milliseconds, n=100)
    return {"p50_ms": cuts[49], "p95_ms": cuts[94], "p99_ms": cuts[98]}


def _found(posting: Posting, readers: list[Reader], names: dict[bytes, str]) -> dict[str, Any]:
    posts = _spread([1000 * (one.answered - one.began) for one in posting.sent])
    by_course: dict[str, list[Reader]] = {}
    for reader in readers:
        by_course.setdefault(reader.course, []).append(reader)
    late: list[float] = []
    missed = 0
    for one in posting.sent:
        for reader in by_course.get(names[COURSE.findall(one.body)[0]], ()):
            at = reader.told_of(one.position)
            missed += at is None
            if at is not None:
                late.append(1000 * (at - one.began))
    told = _spread(late)
    return {
        "POST": posts,
        "POST to page": told,
        "ratio": {name: told[name] / posts[name] for name in ("p50_ms", "p95_ms")},
        "told": len(late),
        "not told": missed,
        "pages that began anew": sum(reader.resets for reader in readers),
        "pages that lost their line": sum(reader.lost for reader in readers),
    }


def _memory(store: Store) -> int:
    processes = [psutil.Process(store.server.pid), *psutil.Process(store.server.pid).children()]
    return sum(one.memory_info().rss for one in processes)


async def _measured(store: Store, rate: int, pages: int, courses: int, seconds: float, stuck: int) -> dict[str, Any]:
    statements = _of_many_courses(courses)
    posting = Posting(store.server.origin, BASIC, statements, CONNECTIONS)
    await catch_up.load(store.url, list(islice(statements, DIFFERENT)))  # so that every node is known
    await asyncio.to_thread(caught_up, store)
    async with httpx.AsyncClient(base_url=store.server.origin, auth=CREDENTIAL, timeout=60) as client:
        listed = (await client.get("/api/courses", params={"limit": 1000})).json()["courses"]
    names = {one["iri"].encode(): one["id"] for one in listed}
    before = _memory(store)
    opened = [await follow(store.server.origin, listed[n % len(listed)]["id"], BASIC) for n in range(pages)]
    readers = [reader for reader, _ in opened]
    await asyncio.sleep(SETTLE_SECONDS)
    found: dict[str, Any] = {
        "courses": len(listed),
        "pages": pages,
        "statements/s": rate,
        "bytes a page": (_memory(store) - before) / pages,
    }
    for name, number in (("all read", 0), ("some are stuck", stuck)):
        posting.sent.clear()
        usage = psutil.Process(store.server.pid)
        began, cpu = time.monotonic(), _cpu(usage)
        jam = Stuck(store.server.origin, [one["id"] for one in listed], BASIC, number)
        await posting.run(rate, seconds)
        used = (_cpu(usage) - cpu) / (time.monotonic() - began)
        await asyncio.to_thread(caught_up, store)
        await asyncio.sleep(SETTLE_SECONDS)
        found[name] = _found(posting, readers, names) | {"cores of the server": used}
        if number:
            found[name] |= {"stuck": number, "of them cut off": await asyncio.to_thread(jam.end)}
    for _, transport in opened:
        transport.abort()
    return found


def _cpu(parent: psutil.Process) -> float:
    return sum(sum(one.cpu_times()[:2]) for one in (parent, *parent.children()))


@click.command()
@click.option("--rate", default=500, show_default=True, help="Statements a second.")
@click.option("--pages", default=1000, show_default=True)
@click.option("--courses", default=100, show_default=True, help="Ten, or tens.")
@click.option("--seconds", default=60.0, show_default=True, help="Of each of the two loads.")
@click.option("--stuck", default=50, show_default=True, help="Readers who read nothing, in the second.")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1), help="API processes.")
@click.option("--database", default="timescaledb", show_default=True, type=click.Choice(sorted(STARTERS)))
@click.option("--json", "file", type=click.Path(path_type=Path), help="The figures as JSON, to this file.")
def main(
    *, rate: int, pages: int, courses: int, seconds: float, stuck: int, workers: int, database: str, file: Path | None
) -> None:
    """Post at a steady rate while pages follow their courses."""
    with running_store(database, workers) as store:
        found = asyncio.run(_measured(store, rate, pages, courses, seconds, stuck))
    click.echo("\n".join(said(found)))
    if file is not None:
        file.write_bytes(msgspec.json.format(msgspec.json.encode(found)))


if __name__ == "__main__":
    main()
