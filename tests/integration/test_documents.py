"""The order of changes in the document store: `updated` only grows, and `since` is exact to the microsecond."""

from datetime import timedelta
from uuid import UUID

import psycopg
import pytest

from lrs.database import document_pool
from lrs.documents.store import Documents, KeptDocument
from schemas.document import Document, Owner, Resource

pytestmark = pytest.mark.anyio
OWNER = Owner(Resource.STATE, "http://example.com/a", "mbox:mailto:ann@example.com", UUID(int=1))
TICK = timedelta(microseconds=1)


def replace(_: KeptDocument | None) -> Document:
    return Document("text/plain", b"1")


async def test_since_excludes_its_own_microsecond(database_url: str) -> None:
    async with document_pool(database_url) as pool:
        documents = Documents(pool)
        times = []
        for id in ("one", "two", "three"):
            await documents.change(1, OWNER, id, replace)
            kept = await documents.find(1, OWNER, id)
            assert kept is not None
            times.append(kept.updated)
        assert times == sorted(set(times))
        for number, time in enumerate(times):
            after, from_there = [await documents.ids(1, OWNER, since) for since in (time, time - TICK)]
            assert after.ids == ["one", "two", "three"][number + 1 :]
            assert from_there.ids == ["one", "two", "three"][number:]
        assert (await documents.ids(1, OWNER, None)).updated == times[-1]


async def test_a_clock_that_was_set_back(database_url: str) -> None:
    """Who saw the newest document still finds what is changed later, whichever of the owner's documents it is."""
    async with document_pool(database_url) as pool:
        documents = Documents(pool)
        for id in ("one", "two"):
            await documents.change(1, OWNER, id, replace)
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
            await connection.execute("UPDATE document SET updated = updated + interval '1 hour' WHERE id = 'two'")
        newest = (await documents.ids(1, OWNER, None)).updated
        for id in ("one", "three", "one"):
            await documents.change(1, OWNER, id, replace)
            found = await documents.ids(1, OWNER, newest)
            assert found.ids == [id]
            newest = found.updated


async def test_tenants_share_nothing(database_url: str) -> None:
    async with document_pool(database_url) as pool:
        documents = Documents(pool)
        await documents.change(1, OWNER, "one", replace)
        assert await documents.find(2, OWNER, "one") is None
        assert (await documents.ids(2, OWNER, None)).ids == []
        await documents.change(2, OWNER, "one", lambda _: None)
        await documents.delete_all(2, OWNER)
        assert (await documents.ids(1, OWNER, None)).ids == ["one"]
