"""What the log must hold after writers kept account, whatever was killed meanwhile, and what follows from it."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

import psycopg

from tests.acceptance.accountable_writers import Sent
from tests.acceptance.course_log import CourseLog
from tests.acceptance.read_back import read_models


def stored_ids(url: str) -> Counter[UUID]:
    """Every id in the log, and how often it is there."""
    with psycopg.connect(url) as connection:
        return Counter(row[0] for row in connection.execute("SELECT id FROM statement"))


def faults(stored: Counter[UUID], sent: Sequence[Sent]) -> list[str]:
    """Where the log differs from the account: what was acknowledged is there, all of it once, and no half request."""
    found = [f"{one} is there {count} times" for one, count in stored.items() if count > 1]
    known = {one for request in sent for one in request.ids}
    found += [f"{one} was never sent" for one in stored if one not in known]
    for request in sent:
        there = sum(one in stored for one in request.ids)
        if request.status == 200 and there < len(request.ids):
            found.append(f"acknowledged, but {there} of {len(request.ids)} are there: {request.ids[0]}")
        elif there not in (0, len(request.ids)):
            found.append(f"half a request is there, {there} of {len(request.ids)}: {request.ids[0]}")
    return found


async def must_equal_a_rebuild(url: str, statements: int) -> None:
    """The read models hold so many facts, and are what projecting the log anew gives."""
    async with CourseLog.open(url) as log:
        await log.project()
        live = read_models(url)
        assert len(live["fact"]) == statements
        await log.forget_read_models()
        await log.project()
        assert read_models(url) == live
