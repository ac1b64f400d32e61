"""What is loaded is read by whoever has read up to now, wherever his checkpoint is."""

import asyncio
from datetime import UTC, datetime

import pytest

from lrs.statement_log.safe_bound import EPOCH
from projections.checkpoint import Checkpoint
from streams.log_tail import LogTail
from tests.acceptance.course_log import CourseLog
from tests.integration.log_under_load import connections
from tests.integration.test_load import BEGIN, DAY, history, loaded

pytestmark = [pytest.mark.anyio, pytest.mark.one_database("timescaledb")]


async def test_history_is_found_by_those_whose_checkpoints_are_elsewhere(database_url: str) -> None:
    """As the relay is, and a worker that has read so far from Kafka."""
    async with CourseLog.open(database_url) as log, connections(database_url, 1) as (connection,):
        await log.tick(datetime.now(UTC))
        tail, at, found = LogTail(connection), Checkpoint(0, EPOCH), 0
        async with asyncio.timeout(10):
            while at.position == 0:
                _, at = await tail.read_on(at)
            assert at.stored_floor > BEGIN + 800 * DAY
            await loaded(database_url, history(3, step=400 * DAY))
            while found < 3:
                events, at = await tail.read(at, 2)
                found += len(events)
