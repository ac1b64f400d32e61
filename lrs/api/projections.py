"""How far the read models have come: /api/projections."""

from pathlib import Path
from typing import Annotated, Any

import aiosql
import msgspec
from fastapi import APIRouter, Query

from lrs.api.read_after import wait_for_read_models
from lrs.api.services import Serving
from lrs.api.signed_in import RecordReader
from projections.apply import VERSION
from projections.dead_letter_queries import count_letters

router = APIRouter(prefix="/api/projections", tags=["read models"])
QUERIES: Any = aiosql.from_path(Path(__file__).with_name("projections.sql"), "psycopg", mandatory_parameters=False)
LONGEST_WAIT_SECONDS = 10.0


@router.get("")
async def get_projections(
    who: RecordReader, here: Serving, wait_for: Annotated[int | None, Query(ge=0)] = None
) -> dict[str, Any]:
    """Position of the read models and of the log, the number of rows in each read model, and what could not be
    digested; the version of the code that computes them, and of that which has written them.

    wait_for: answer once the read models have reached this position (of X-LRS-Position), or after 10 s.
    """
    if wait_for is not None:
        return {"position": await wait_for_read_models(here, wait_for, LONGEST_WAIT_SECONDS)}
    async with here.read.connection() as connection:
        row = await (await connection.execute(QUERIES.standing.sql, {"tenant": who.tenant})).fetchone()
        cursor = await connection.execute(QUERIES.count_rows.sql, {"tenant": who.tenant})
        counts: dict[str, int] = dict(await cursor.fetchall())
        letters = await count_letters(connection, who.tenant)
    assert row is not None
    position, log_position, written_by = row
    told = {"position": position, "log_position": log_position, "version": VERSION, "written_by": written_by}
    if written_by not in (VERSION, None):
        told["note"] = "run `lrs replay`"
    return {**told, "counts": counts, "dead_letters": msgspec.structs.asdict(letters)}
