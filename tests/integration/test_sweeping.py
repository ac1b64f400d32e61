"""Contents that nobody has a statement for are swept, unless they are young: those may be on their way to one."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import AsyncConnection

from lrs.attachments import sweeping
from lrs.attachments.objects import Objects
from lrs.attachments.spool import PIECE_BYTES, Content
from lrs.attachments.store import QUERIES
from lrs.attachments.sweeping import SweptContents, sweep, to_sweep
from schemas.errors import AttachmentsUnavailable
from tests.integration.aged_log import age_contents
from tests.integration.test_attachment_store import TENANT, attachments, files_in, given, keep, rows

pytestmark = [pytest.mark.anyio, pytest.mark.one_database("timescaledb")]

NOTHING = SweptContents(0, 0)
NEVER = datetime(1970, 1, 1, tzinfo=UTC)


async def swept(url: str, objects: Objects | None = None) -> SweptContents:
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        expected = await to_sweep(connection, NEVER, objects)
        done = await sweep(connection, objects)
    assert (done.contents, done.bytes) == (expected.contents, expected.bytes)
    return done


@pytest.mark.parametrize("together", [1, 1000])
async def test_what_no_statement_came_with(database_url: str, together: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for most in ("TOGETHER", "PIECES_TOGETHER"):
        monkeypatch.setattr(sweeping, most, together)
    contents = [random.randbytes(size) for size in (PIECE_BYTES + 5, 10)]
    async with attachments(database_url) as store:
        await keep(store, contents)
        assert await swept(database_url) == NOTHING
        age_contents(database_url)
        again = await keep(store, contents[:1])
        assert await swept(database_url) == SweptContents(1, 10)
        assert await given(store, again) == contents[:1]
        assert rows(database_url, "SELECT count(*) FROM statement_attachment") == [(1,)]
        age_contents(database_url)
        assert await swept(database_url) == SweptContents(1, PIECE_BYTES + 5)
    for table in ("attachment", "attachment_piece", "statement_attachment"):
        assert rows(database_url, f"SELECT count(*) FROM {table}") == [(0,)]


async def test_what_an_upload_left_that_broke_off(database_url: str) -> None:
    async with await AsyncConnection.connect(database_url, autocommit=True) as connection:
        piece = {"tenant": TENANT, "sha2": b"left behind", "piece": 0, "data": b"12345"}
        await connection.execute(QUERIES.keep_piece.sql, piece)
        assert await swept(database_url) == NOTHING
        age_contents(database_url)
        await connection.execute(QUERIES.keep_piece.sql, piece)  # it goes on
        assert await swept(database_url) == NOTHING
        age_contents(database_url)
    assert await swept(database_url) == SweptContents(0, 0, broken_off=5)


async def test_a_content_that_is_kept_again_while_it_is_swept(database_url: str) -> None:
    """Whoever keeps it waits for the sweep, and then finds that it is gone."""
    content = random.randbytes(10)
    async with attachments(database_url) as store, await AsyncConnection.connect(database_url) as connection:
        await connection.set_autocommit(True)
        await keep(store, [content])
        age_contents(database_url)
        with psycopg.connect(database_url) as reader:
            reader.execute("SELECT FROM attachment_piece FOR UPDATE")  # the sweep has the content, and waits for this
            swept_meanwhile = asyncio.create_task(sweep(connection, None))
            await waiting(database_url, 1)
            keeping = asyncio.create_task(keep(store, [content]))
            await waiting(database_url, 2)
        assert await swept_meanwhile == SweptContents(1, 10)
        assert await given(store, await keeping) == [content]


async def test_two_that_keep_the_same_old_content(database_url: str) -> None:
    """The second waits for the first, and is told that it is there."""
    async with attachments(database_url) as store, await AsyncConnection.connect(database_url) as second:
        (belonging,) = await keep(store, [b"content"])
        age_contents(database_url)
        asked = {"tenant": TENANT, "hashes": [belonging.sha2]}
        with psycopg.connect(database_url) as first:
            assert first.execute(QUERIES.kept_contents.sql, asked).fetchall() == [(belonging.sha2,)]
            asking = asyncio.create_task(second.execute(QUERIES.kept_contents.sql, asked))
            await waiting(database_url, 1)
        assert await (await asking).fetchall() == [(belonging.sha2,)]


async def waiting(url: str, count: int) -> None:
    """Until so many wait for a lock."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    async with asyncio.timeout(20):
        while rows(url, query) != [(count,)]:  # noqa: ASYNC110 - it is the database that is waited for
            await asyncio.sleep(0.01)


class BrokenOff(Exception):
    """What ends a sweep at an unlucky moment."""


class Unlucky(Objects):
    """Removes, and is not heard of again; takes nothing."""

    async def remove(self, tenant: int, sha2: bytes) -> None:
        await super().remove(tenant, sha2)
        raise BrokenOff

    async def keep(self, tenant: int, content: Content) -> None:
        raise AttachmentsUnavailable


async def test_an_object_that_a_sweep_took_which_broke_off(database_url: str, tmp_path: Path) -> None:
    """Its row is there still: it is put again, however often that fails before."""
    url = f"file://{tmp_path}"
    async with (
        await AsyncConnection.connect(database_url, autocommit=True) as connection,
        attachments(database_url, Objects(url)) as store,
    ):
        await keep(store, [b"one"])
        age_contents(database_url)
        with pytest.raises(BrokenOff):
            await sweep(connection, Unlucky(url))
        assert rows(database_url, "SELECT count(*) FROM attachment") == [(1,)]
        async with attachments(database_url, Unlucky(url)) as away:
            for _ in range(2):
                with pytest.raises(AttachmentsUnavailable):
                    await keep(away, [b"one"])
        kept = await keep(store, [b"one"])
        assert await given(store, kept) == [b"one"]
        assert await swept(database_url, Objects(url)) == NOTHING
        assert await given(store, kept) == [b"one"]


class Silent(Objects):
    """Never answers."""

    async def remove(self, tenant: int, sha2: bytes) -> None:
        await asyncio.Event().wait()


async def test_a_store_that_does_not_answer_ends_the_sweep(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "REMOVE_SECONDS", 0.05)
    url = f"file://{tmp_path}"
    async with attachments(database_url, Objects(url)) as store:
        await keep(store, [b"one"])
    age_contents(database_url)
    async with await AsyncConnection.connect(database_url, autocommit=True) as connection:
        with pytest.raises(AttachmentsUnavailable):
            await sweep(connection, Silent(url))
    assert await swept(database_url, Objects(url)) == SweptContents(1, 3)


async def test_objects_go_with_them(database_url: str, tmp_path: Path) -> None:
    objects = Objects(f"file://{tmp_path}")
    async with attachments(database_url, objects) as store:
        await keep(store, [b"one", b"two"])
        age_contents(database_url, timedelta(days=2))
        stays = await keep(store, [b"two"])
        assert await swept(database_url) == SweptContents(0, 0, out_of_reach=1)
        assert len(files_in(tmp_path)) == 2
        assert await swept(database_url, objects) == SweptContents(1, 3)
        assert list(files_in(tmp_path).values()) == [b"two"]
        assert await given(store, stays) == [b"two"]


async def test_a_store_that_is_away(database_url: str, tmp_path: Path) -> None:
    """What cannot be removed there stays known here."""
    objects = Objects(f"file://{tmp_path}/contents")
    async with attachments(database_url, objects) as store:
        await keep(store, [b"one"])
    age_contents(database_url)
    (tmp_path / "contents").rename(tmp_path / "away")
    (tmp_path / "contents").write_text("a file where the folder was")
    async with await AsyncConnection.connect(database_url, autocommit=True) as connection:
        with pytest.raises(AttachmentsUnavailable):
            await sweep(connection, objects)
    assert rows(database_url, "SELECT count(*) FROM attachment") == [(1,)]
    (tmp_path / "contents").unlink()
    (tmp_path / "away").rename(tmp_path / "contents")
    assert await swept(database_url, objects) == SweptContents(1, 3)
