"""Contents are kept once, whole or not at all, and given with what they came with; in the database and beside it."""

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from lrs.attachments.objects import Objects
from lrs.attachments.spool import IN_MEMORY, PIECE_BYTES, Content, Spool
from lrs.attachments.store import QUERIES, Attachments, Belonging
from lrs.database import attachment_pool
from schemas.errors import AttachmentsUnavailable, AttachmentUrlUnusable

pytestmark = [pytest.mark.anyio, pytest.mark.one_database("timescaledb")]

TENANT, OTHER_TENANT = 1, 2


@asynccontextmanager
async def attachments(url: str, objects: Objects | None = None) -> AsyncIterator[Attachments]:
    async with attachment_pool(url) as pool:
        yield Attachments(pool, objects)


async def spooled(spool: Spool, *contents: bytes) -> list[Content]:
    """The contents as a request that was received has them."""
    made = []
    for content in contents:
        made.append(Content(hashlib.sha256(content).digest(), len(content), spool.length, spool))
        await spool.write(content)
    return made


async def keep(store: Attachments, contents: Sequence[bytes], *, tenant: int = TENANT) -> list[Belonging]:
    """Keep contents as those of a statement."""
    identity = uuid4()
    with Spool() as spool:
        kept = await spooled(spool, *contents)
        belongings = [Belonging(identity, one.sha2) for one in kept]
        await store.keep(tenant, kept, belongings)
    return belongings


async def given(store: Attachments, belongings: Sequence[Belonging], *, tenant: int = TENANT) -> list[bytes]:
    """What is there of these, in their order."""
    found = await store.find(tenant, belongings)
    kept = [found[one.sha2] for one in belongings if one.sha2 in found]
    contents = [b"".join([data async for data in store.read(tenant, one)]) for one in kept]
    assert [len(content) for content in contents] == [one.length for one in kept]
    return contents


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchall()


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


SIZES = [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 2 * PIECE_BYTES, 3 * PIECE_BYTES - 7]


@pytest.mark.parametrize("beside", [False, True])
async def test_contents_of_any_size(database_url: str, tmp_path: Path, beside: bool) -> None:
    contents = [random.randbytes(size) for size in SIZES]
    async with attachments(database_url, Objects(f"file://{tmp_path}/of/mine") if beside else None) as store:
        belongings = await keep(store, contents)
        assert await given(store, belongings) == contents
    assert files_in(tmp_path) == (
        {hashlib.sha256(content).hexdigest(): content for content in contents} if beside else {}
    )
    pieces = rows(database_url, "SELECT count(*) FROM attachment_piece")
    assert pieces == [(0 if beside else 0 + 1 + 1 + 1 + 2 + 2 + 3,)]


async def test_each_tenant_and_each_statement_has_its_own(database_url: str) -> None:
    content = random.randbytes(100)
    async with attachments(database_url) as store:
        (mine,) = await keep(store, [content])
        assert await given(store, [mine], tenant=OTHER_TENANT) == []
        assert await given(store, [Belonging(uuid4(), mine.sha2)]) == []
        assert await given(store, []) == []
        (theirs,) = await keep(store, [content], tenant=OTHER_TENANT)
        assert await given(store, [theirs], tenant=OTHER_TENANT) == [content]
        assert await given(store, [theirs]) == []


@pytest.mark.parametrize("beside", [False, True])
async def test_the_same_contents_at_the_same_time(database_url: str, tmp_path: Path, beside: bool) -> None:
    contents = [random.randbytes(size) for size in (PIECE_BYTES * 2 + 5, 10, PIECE_BYTES + 1)]
    objects = Objects(f"file://{tmp_path}") if beside else None
    async with attachments(database_url, objects) as one, attachments(database_url, objects) as other:
        kept = await asyncio.gather(*(keep(store, random.sample(contents, 3)) for store in (one, other) * 4))
        for belongings in kept:
            assert sorted(await given(one, belongings)) == sorted(contents)
    assert rows(database_url, "SELECT count(*) FROM attachment") == [(3,)]
    assert rows(database_url, "SELECT count(*) FROM attachment_piece") == [(0 if beside else 6,)]
    assert rows(database_url, "SELECT count(*) FROM statement_attachment") == [(24,)]


async def test_an_upload_that_broke_off_is_completed_by_the_next(database_url: str) -> None:
    content = random.randbytes(PIECE_BYTES * 2 + 1)
    sha2 = hashlib.sha256(content).digest()
    identity = uuid4()
    async with attachments(database_url) as store, attachment_pool(database_url) as pool, pool.connection() as left:
        piece = {"tenant": TENANT, "sha2": sha2, "piece": 1, "data": content[PIECE_BYTES : 2 * PIECE_BYTES]}
        await left.execute(QUERIES.keep_piece.sql, piece)
        belonging = {"tenant": TENANT, "ids": [identity], "hashes": [sha2]}
        await left.execute(QUERIES.came_with.sql, belonging)
        assert await given(store, [Belonging(identity, sha2)]) == []
        assert await given(store, await keep(store, [content])) == [content]


async def test_what_is_in_the_database_stays_there(database_url: str, tmp_path: Path) -> None:
    before, after = random.randbytes(10), random.randbytes(10)
    async with attachments(database_url) as store:
        first = await keep(store, [before])
    async with attachments(database_url, Objects(f"file://{tmp_path}")) as store:
        second = await keep(store, [before, after])
        assert await given(store, first) == [before]
        assert await given(store, second) == [before, after]
    assert list(files_in(tmp_path).values()) == [after]
    async with attachments(database_url) as store:
        assert await given(store, first) == [before]
        with pytest.raises(AttachmentsUnavailable, match="LRS_ATTACHMENT_URL is not set"):
            await given(store, second)


async def test_an_object_that_is_gone(database_url: str, tmp_path: Path) -> None:
    async with attachments(database_url, Objects(f"file://{tmp_path}")) as store:
        belongings = await keep(store, [b"here", b"gone"])
        (tmp_path / str(TENANT) / belongings[1].sha2.hex()).unlink()
        with pytest.raises(AttachmentsUnavailable):
            await store.find(TENANT, belongings)


async def test_a_store_that_cannot_be_written(database_url: str, tmp_path: Path) -> None:
    async with attachments(database_url, Objects(f"file://{tmp_path}")) as store:
        (tmp_path / str(TENANT)).write_text("no folder")
        with pytest.raises(AttachmentsUnavailable):
            await keep(store, [b"content"])
    assert rows(database_url, "SELECT FROM attachment") == rows(database_url, "SELECT FROM statement_attachment") == []


async def test_memory(database_url: str) -> None:
    async with attachments(database_url, Objects("memory:///")) as store:
        assert await given(store, await keep(store, [b"content", b""])) == [b"content", b""]


@pytest.mark.parametrize("url", ["nonsense://x", "s3://", "file://host/folder", "file:///dev/null/folder"])
def test_urls_that_name_no_store(url: str) -> None:
    with pytest.raises(AttachmentUrlUnusable, match="LRS_ATTACHMENT_URL"):
        Objects(url)


@pytest.mark.parametrize("size", [10, IN_MEMORY, IN_MEMORY + 1, 3 * IN_MEMORY])
async def test_a_spool(size: int) -> None:
    content = random.randbytes(size)
    with Spool() as spool:
        for start in range(0, size, 70_000):
            await spool.write(content[start : start + 70_000])
        assert spool.length == size
        assert await spool.read(0, size) == content
        assert await spool.read(5, 3) == content[5:8]
        (part,) = [Content(b"", size - 4, 3, spool)]
        assert [piece async for piece in part.pieces()] == [
            content[start : min(start + PIECE_BYTES, size - 1)] for start in range(3, size - 1, PIECE_BYTES)
        ]
