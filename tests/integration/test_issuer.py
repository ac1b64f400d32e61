"""The issuer's keys: fetched when they are needed, once for all, not often; good while it cannot be asked again."""

import asyncio

import pytest

from lrs.access import issuer as issuer_module
from lrs.access.issuer import Issuer
from schemas.errors import IssuerUnavailable
from tests.acceptance.token_issuer import TokenIssuer

pytestmark = pytest.mark.anyio


async def test_many_who_need_a_key_fetch_it_once() -> None:
    with TokenIssuer.running() as there:
        issuer = Issuer(there.url)
        keys = await asyncio.gather(*(issuer.key("first") for _ in range(50)))
        assert there.asked == 1
        assert len({id(key) for key in keys}) == 1
        assert keys[0] is not None
        assert "RS256" in keys[0].algorithms
        assert issuer.token_endpoint == f"{there.url}/token"


async def test_a_new_key_is_fetched_but_not_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with TokenIssuer.running() as there:
        issuer = Issuer(there.url)
        assert await issuer.key("second") is None
        there.add("second", "ES256")
        assert [await issuer.key("second") for _ in range(20)] == [None] * 20
        assert there.asked == 1
        monkeypatch.setattr(issuer_module, "RETRY_SECONDS", 0.0)
        found = await issuer.key("second")
        assert found is not None
        assert "RS256" not in found.algorithms
        assert there.asked == 2


async def test_old_keys_are_good_while_they_are_fetched_again_and_while_that_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(issuer_module, "RETRY_SECONDS", 0.0)
    with TokenIssuer.running() as there:
        issuer = Issuer(there.url)
        key = await issuer.key("first")
        monkeypatch.setattr(issuer_module, "KEYS_SECONDS", 0.0)
        there.is_away = True
        for _ in range(5):
            assert await issuer.key("first") is key
            await asyncio.sleep(0.01)
        with pytest.raises(IssuerUnavailable):
            await issuer.key("other")
        there.is_away = False
        del there.keys["first"]
        there.add("other")
        async with asyncio.timeout(10):
            while await issuer.key("first") is not None:  # noqa: ASYNC110 - each call has it ask again
                await asyncio.sleep(0.01)
        assert await issuer.key("other") is not None
        assert await issuer.key("nobody's") is None  # and with that no question is left open


async def test_a_token_without_a_key_id_means_the_only_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(issuer_module, "RETRY_SECONDS", 0.0)
    with TokenIssuer.running() as there:
        issuer = Issuer(there.url)
        assert await issuer.key("first") is not None
        assert await issuer.key(None) is not None
        there.add("second")
        assert await issuer.key("second") is not None
        assert await issuer.key(None) is None


@pytest.mark.parametrize("named", ["/", "x"])
async def test_an_issuer_that_calls_itself_otherwise_is_none(named: str) -> None:
    with TokenIssuer.running() as there:
        there.calls_itself = there.url + named
        with pytest.raises(IssuerUnavailable):
            await Issuer(there.url).key("first")
