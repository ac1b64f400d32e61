"""One statement as the log takes it, and many as the parameters of the query `append`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from lrs.statement_log import arrays
from lrs.statement_log.definitions import NewDefinition


class Row(NamedTuple):
    """keys: as `arrays.bigint` writes them; payload: JSON in UTF-8."""

    tenant: int
    id: UUID
    digest: bytes
    timestamp: datetime | None
    authority: int
    keys: frozenset[bytes] | set[bytes]
    payload: bytes
    voids: UUID | None
    definitions: tuple[NewDefinition, ...] = ()
    refers: UUID | None = None


def columns(rows: Sequence[Row]) -> dict[str, Any]:
    """The parameters of `append`. All keys are one array, and a row has those from one place to another in it, counted
    from 1: an array for each row would have to be written, sent and read as text.
    """
    tenants, ids, digests, timestamps, authorities, keys, payloads, voids, _, refers = zip(*rows, strict=True)
    ends: list[int] = []
    end = 0
    for some in keys:
        end += len(some)
        ends.append(end)
    return {
        "tenants": arrays.integers(tenants),
        "ids": arrays.uuids(ids),
        "digests": arrays.byteas(digests),
        "timestamps": arrays.instants(timestamps),
        "authorities": arrays.integers(authorities),
        "keys": arrays.bigints([key for some in keys for key in some]),
        "first_keys": arrays.integers([1, *(end + 1 for end in ends[:-1])]),
        "last_keys": arrays.integers(ends),
        "payloads": arrays.texts(payloads),
        "voids": arrays.uuids(voids),
        "refers": arrays.uuids(refers),
    }
