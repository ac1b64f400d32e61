"""The demo run. One rule: it knows the server only by its address, like any content package and any
dashboard.

The cohort's past is posted as fast as the server takes it, over several connections; its newest part
singly, each statement timed from the answer to where it is seen; and while somebody looks on, the learners
then go on in real time.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any
from uuid import UUID

import msgspec
from tqdm import tqdm

from lrs.simulation.cohort import Cohort, simulate_cohort
from lrs.simulation.course import COURSE_IRI
from lrs.simulation.delivery import Delivery, deliveries, hold_back
from lrs.simulation.latency import LiveStream, percentiles, time_to_push, time_to_visible
from lrs.simulation.statements import TimedStatement
from lrs.simulation.today import Today
from lrs.statement_client import EndpointUnavailable, StatementClient, Verdict

VERSION = "1.0.3"
MEASURED_RATE = 30.0
"""Statements a second of the newest part in a run that exits."""
WATCHED_RATE = 3.0
"""The same while somebody looks on."""
_TICK = 0.25
_REASONS = 5

_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class DemoReport:
    """What the demo did. Counts are statements; milliseconds by percentile, None where nothing new was
    posted.

    `statements_per_second` is the rate of the past alone (batches, several connections). `duplicates` were
    known to the server already. `reasons` holds the first few refusals in words.
    """

    page: str = ""
    statements_posted: int = 0
    accepted: int = 0
    duplicates: int = 0
    conflicts: int = 0
    refused: int = 0
    statements_per_second: float = 0.0
    catch_up_ms: float | None = None
    read_models: dict[str, int] = field(default_factory=dict)
    visible_ms: list[float] = field(default_factory=list)
    push_ms: list[float] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    def as_json(self) -> str:
        """One line of JSON. `catch_up_ms`: from the past's last answer to the read models' having all of
        it.
        """
        return json.dumps(
            {
                "statements_posted": self.statements_posted,
                "accepted": self.accepted,
                "duplicates": self.duplicates,
                "conflicts": self.conflicts,
                "refused": self.refused,
                "read_models": self.read_models,
                "statements_per_second": self.statements_per_second,
                "catch_up_ms": self.catch_up_ms,
                "commit_to_visible_ms": percentiles(self.visible_ms),
                "commit_to_push_ms": percentiles(self.push_ms),
                "measured": len(self.visible_ms),
                "course": COURSE_IRI,
                "page": self.page,
            }
        )

    def as_text(self) -> str:
        visible, push = percentiles(self.visible_ms), percentiles(self.push_ms)
        lines = [
            f"{self.statements_posted} statements posted at {self.statements_per_second:.0f} a second: "
            f"{self.accepted} new, {self.duplicates} known already, {self.conflicts} in conflict, "
            f"{self.refused} refused.",
            "Read models: " + ", ".join(f"{count} {name}" for name, count in self.read_models.items()) + ".",
        ]
        if self.visible_ms:
            lines.append(
                f"From a statement's commit to the read models {visible['p50']:.0f} ms (p95 "
                f"{visible['p95']:.0f} ms)"
                + (f", to the page {push['p50']:.0f} ms (p95 {push['p95']:.0f} ms)." if self.push_ms else ".")
            )
        return "\n".join([*lines, *self.reasons])


async def run_demo(
    endpoint: str,
    key: str,
    secret: str,
    *,
    seed: int = 2024,
    learners: int = 60,
    days: int = 35,
    live: bool = True,
    as_json: bool = False,
    now: datetime | None = None,
    connections: int = 4,
    patience: float = 60.0,
    stop: asyncio.Event | None = None,
    echo: Callable[[str], object] = print,
) -> DemoReport:
    """Plays a cohort against the xAPI endpoint (`http://host:port/xapi`) and says through `echo` what came
    of it.

    `live`: go on with the learners in real time until `stop` is set, after showing the page's address;
    otherwise return when the read models have caught up with the log. `as_json`: say one line of JSON at
    the end, and nothing else. `connections` post at once; `patience` is in seconds. Raises EndpointRefused
    and EndpointUnavailable.
    """
    moment = now or datetime.now(UTC)
    cohort = simulate_cohort(seed, learners, days, moment)
    past, newest = hold_back(cohort.statements)
    plan = deliveries(past, seed)
    async with StatementClient(endpoint, f"{key}:{secret}", patience=patience, connections=64) as client:
        run = _Run(client, stop or asyncio.Event(), quiet=as_json)
        await run.deliver(plan[0])
        course_id = await run.find_course()
        run.report.page = f"{client.origin}/courses/{course_id}"
        if live and not as_json:
            echo(f"The course page: {run.report.page}\nIt fills while you look; Ctrl-C ends the demo.")
        await run.play_past(plan[1:], connections)
        await run.play_newest(newest, course_id, WATCHED_RATE if live else MEASURED_RATE, Random(seed))
        await run.catch_up()
        echo(run.report.as_json() if as_json else run.report.as_text())
        if live:
            await run.go_on(cohort, echo)
    return run.report


class _Run:
    def __init__(self, client: StatementClient, stop: asyncio.Event, *, quiet: bool) -> None:
        self.report = DemoReport()
        self._client = client
        self._stop = stop
        self._quiet = quiet

    async def deliver(self, delivery: Delivery) -> Verdict:
        """Sends one request and counts it; the statements of a refused batch are then sent one by one."""
        values = [timed.statement for timed in delivery.statements]
        if delivery.put:
            verdict = await self._client.put(UUID(values[0]["id"]), _encode(values[0]), VERSION)
        else:
            verdict = await self._client.post(_encode(values if len(values) > 1 else values[0]), VERSION)
        self.report.statements_posted += len(values)
        if verdict.accepted:
            new = verdict.count_stored(len(values), position_means_new=True)
            self.report.accepted += new
            self.report.duplicates += len(values) - new
        elif len(values) > 1:
            self.report.statements_posted -= len(values)
            for timed in delivery.statements:
                await self.deliver(Delivery(delivery.at, (timed,)))
        elif verdict.status == 409:
            self.report.conflicts += 1
        else:
            self.report.refused += 1
        if not verdict.accepted and len(values) == 1 and len(self.report.reasons) < _REASONS:
            why = "; ".join(map(str, verdict.violations))
            self.report.reasons.append(f"{values[0]['id']}: {verdict.status} {verdict.title} {why}".rstrip())
        return verdict

    async def find_course(self) -> str:
        """The id by which the read models know the course, as soon as they do."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            found = await self._client.get("/api/courses", {"iri": COURSE_IRI})
            if found["courses"]:
                return str(found["courses"][0]["id"])
            await asyncio.sleep(0.1)
        raise EndpointUnavailable("the read models do not know the course 60 s after its first statement")

    async def play_past(self, plan: Sequence[Delivery], connections: int) -> None:
        before = self.report.statements_posted
        begin = time.perf_counter()
        queue: Iterator[Delivery] = iter(plan)
        with self._bar(sum(len(delivery.statements) for delivery in plan), "the past weeks") as bar:

            async def device() -> None:
                for delivery in queue:
                    if self._stop.is_set():
                        return
                    await self.deliver(delivery)
                    bar.update(len(delivery.statements))

            async with asyncio.TaskGroup() as devices:
                for _ in range(connections):
                    devices.create_task(device())
        seconds = time.perf_counter() - begin
        self.report.statements_per_second = round((self.report.statements_posted - before) / seconds, 1)
        await self.catch_up()
        self.report.catch_up_ms = round((time.perf_counter() - begin - seconds) * 1000, 1)

    async def play_newest(self, newest: Sequence[TimedStatement], course_id: str, rate: float, random: Random) -> None:
        """One statement after another, `rate` a second; what the server knows already is not waited for."""
        async with LiveStream(self._client, course_id) as stream, asyncio.TaskGroup() as watches:
            await stream.arrival(0)
            with self._bar(len(newest), "the last hours") as bar:
                for timed in newest:
                    if self._stop.is_set():
                        break
                    begin = time.perf_counter()
                    verdict = await self.deliver(Delivery(timed.at, (timed,), put=random.random() < 0.2))
                    answered = time.perf_counter()
                    bar.update()
                    if verdict.accepted and verdict.position is not None:
                        watches.create_task(self._watch(stream, verdict.position, answered))
                        await self._pause(1 / rate - (answered - begin))

    async def _watch(self, stream: LiveStream, position: int, answered: float) -> None:
        visible, push = await asyncio.gather(
            time_to_visible(self._client, position, answered), time_to_push(stream, position, answered)
        )
        if visible is not None:
            self.report.visible_ms.append(visible)
        if push is not None:
            self.report.push_ms.append(push)

    async def catch_up(self) -> None:
        """Waits until the read models have reached the log as it is now, and notes their counts."""
        target = (await self._client.get("/api/projections"))["log_position"]
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            state: dict[str, Any] = await self._client.get("/api/projections", {"wait_for": target})
            if state["position"] >= target:
                self.report.read_models = (await self._client.get("/api/projections"))["counts"]
                return
        raise EndpointUnavailable(f"the read models are at {state['position']}, 120 s after {target}")

    async def go_on(self, cohort: Cohort, echo: Callable[[str], object]) -> None:
        today = Today(cohort.learners, datetime.now(UTC), Random())
        while not self._stop.is_set():
            for timed in today.due(datetime.now(UTC)):
                await self.deliver(Delivery(timed.at, (timed,)))
            if today.over:
                if not self._quiet:
                    echo("Everybody has finished the course. Ctrl-C ends the demo.")
                await self._stop.wait()
            await self._pause(_TICK)

    async def _pause(self, seconds: float) -> None:
        """Sleeps, but not after `stop` is set."""
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                await self._stop.wait()
        except TimeoutError:
            pass

    def _bar(self, total: int, title: str) -> tqdm[Any]:
        return tqdm(total=total, desc=title, unit="", disable=None)
