"""Verifying costs the database little, whoever asks: what is known is asked once a second, all that is new together."""

import asyncio
import base64
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import psycopg
import pytest

from lrs.access import credentials as credentials_module
from lrs.access import key_lookup
from lrs.access.credentials import Credential, Credentials
from lrs.database import Pool, read_pool
from schemas.scope import Scope

pytestmark = [pytest.mark.anyio, pytest.mark.one_database("timescaledb")]


class Gate(NamedTuple):
    """Credentials over a pool that counts how often it is asked for a connection."""

    credentials: Credentials
    pool: Pool

    @property
    def asked(self) -> int:
        """Round trips so far."""
        return self.pool.get_stats().get("requests_num", 0)

    async def verify(self, pair: str) -> Credential | None:
        """Whom a `key:secret` stands for."""
        return await self.credentials.verify("Basic " + base64.b64encode(pair.encode()).decode())


@asynccontextmanager
async def gate(url: str) -> AsyncIterator[tuple[Gate, str]]:
    """A gate, and a `key:secret` that passes it."""
    async with read_pool(url, size=2) as pool:
        credentials = Credentials(pool)
        pair = await credentials.create(1, scopes={Scope.STATE})
        assert pair is not None
        yield Gate(credentials, pool), pair


async def test_a_credential_is_looked_up_once_a_second_right_or_wrong(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with gate(database_url) as (there, pair):
        before = there.asked
        for _ in range(100):
            found = await there.verify(pair)
            assert found is not None
            assert (found.key, found.tenant, list(found.scopes)) == (pair.partition(":")[0], 1, [Scope.STATE])
            assert await there.verify(pair + "x") is None
            assert await there.verify("nobody:" + pair) is None
        assert there.asked - before <= 4  # two keys, and a second may go by
        monkeypatch.setattr(key_lookup, "SECONDS", 0.0)
        other = Credentials(there.pool)
        for _ in range(3):
            before = there.asked
            assert await Gate(other, there.pool).verify(pair) is not None
            assert there.asked == before + 1


async def test_a_flood_of_made_up_keys_costs_few_round_trips_and_no_memory(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_lookup, "FORGET", 700)
    async with gate(database_url) as (there, pair):
        before = there.asked
        flood = [asyncio.create_task(there.verify(f"made-up-{number}:x")) for number in range(5_000)]
        right = asyncio.create_task(there.verify(pair))
        assert (await right) is not None
        assert set(await asyncio.gather(*flood)) == {None}
        assert there.asked - before <= 5_000 / key_lookup.TOGETHER + 3
        lookup = there.credentials._keys
        assert len(lookup._unknown) <= 700
        assert list(lookup._known) == [pair.partition(":")[0]]
        assert not lookup._asked


async def test_headers_without_end_are_not_remembered(database_url: str) -> None:
    async with gate(database_url) as (there, pair):
        encoded = base64.b64encode(pair.encode()).decode()
        for spaces in range(1, 3_000, 100):
            assert await there.credentials.verify(f"Basic {' ' * spaces}{encoded}") is not None
        assert max(map(len, there.credentials._verdicts)) <= credentials_module.LONGEST_KEPT


async def test_a_key_that_nobody_has_takes_the_work_that_a_wrong_secret_takes(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    really_hashed, really_compared = credentials_module._hash, hmac.compare_digest

    def hashed(secret: str, salt: bytes) -> bytes:
        done.append("hash")
        return really_hashed(secret, salt)

    def compared(one: bytes, other: bytes) -> bool:
        done.append("compare")
        return really_compared(one, other)

    async with gate(database_url) as (there, pair):
        monkeypatch.setattr(credentials_module, "_hash", hashed)
        monkeypatch.setattr(hmac, "compare_digest", compared)
        work = []
        for wrong in (pair + "x", "nobody:nothing"):
            done.clear()
            assert await there.verify(wrong) is None
            work.append([one for one in done if one == "hash"] + [one for one in done if one == "compare"])
        assert work == [["hash", "compare", "compare"]] * 2


async def test_who_leaves_takes_nobody_along_and_an_outage_is_told_to_all(database_url: str) -> None:
    async with gate(database_url) as (there, pair):
        first, second = (asyncio.create_task(there.verify(pair)) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        assert await second is not None
        await there.pool.close()
        outcomes = await asyncio.gather(*(there.verify(f"{n}:x") for n in range(3)), return_exceptions=True)
        assert all(isinstance(one, psycopg.OperationalError) for one in outcomes)
        assert await there.verify(pair) is not None  # for its second


async def test_headers_that_say_nothing(database_url: str) -> None:
    headers = ("", "Basic", "Basic ", "Basic !!!", "Basic Og==", "Basic bm9jb2xvbg==", "Basic AGE6Yg==", "Basic /zo=")
    async with gate(database_url) as (there, _):
        for header in (None, *headers, "Bearer x.y.z", "x y"):
            assert await there.credentials.verify(header) is None
