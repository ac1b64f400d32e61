"""Credentials: made once, verified in microseconds. The secret is never kept, only a keyed hash of it.

A made secret has 256 random bits, so a fast keyed hash is enough: there is nothing to guess from. A verdict is kept
for a second in memory, so that a credential that is disabled stops within a second.
"""

import base64
import hmac
import secrets
import time
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import aiosql
import msgspec

from lrs.database import Pool
from lrs.statement_log.log import Authority
from schemas.errors import LrsError

QUERIES: Any = aiosql.from_path(Path(__file__).with_name("queries.sql"), "psycopg", mandatory_parameters=False)
VERDICT_SECONDS = 1.0
HOME_PAGE = "https://live-lrs.invalid/credential"
"""homePage of the account that stands for a credential in a statement's authority."""


class NotSignedIn(LrsError):
    """The request carries no credential that is in force."""


class Credential(NamedTuple):
    """Who is asking: key, tenant, and what it vouches with."""

    key: str
    tenant: int
    authority: Authority


class Credentials:
    """The credentials of one database."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._verdicts: dict[str, tuple[float, Credential]] = {}

    async def verify(self, authorization: str | None) -> Credential | None:
        """The credential of an `Authorization: Basic …` header; None where it is absent or wrong."""
        if authorization is None:
            return None
        known = self._verdicts.get(authorization)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        parts = _basic(authorization)
        if parts is None:
            return None
        async with self._pool.connection() as connection:
            row = await (await connection.execute(QUERIES.find_credential.sql, {"key": parts[0]})).fetchone()
        if row is None:
            return None
        key, tenant, secret_hash, number, agent, salt = row
        if not hmac.compare_digest(secret_hash, _hash(parts[1], salt)):
            return None
        credential = Credential(key, tenant, Authority(number, agent, msgspec.json.decode(agent)))
        if len(self._verdicts) > 10_000:
            self._verdicts.clear()
        self._verdicts[authorization] = (time.monotonic() + VERDICT_SECONDS, credential)
        return credential

    async def create(self, tenant: int, key: str | None = None, secret: str | None = None) -> str | None:
        """Make a credential, with a random key and secret where none are given; answers `key:secret`.

        None where the key exists already: it is left as it is.
        """
        key = key or secrets.token_hex(8)
        secret = secret or secrets.token_urlsafe(32)
        agent = {"objectType": "Agent", "account": {"homePage": HOME_PAGE, "name": key}}
        async with self._pool.connection() as connection:
            salt = await (await connection.execute(QUERIES.tenant_salt.sql, {"tenant": tenant})).fetchone()
            assert salt is not None
            text = msgspec.json.encode(agent).decode()
            found = await connection.execute(QUERIES.add_authority.sql, {"tenant": tenant, "agent": text})
            authority = await found.fetchone()
            assert authority is not None
            values = {
                "key": key,
                "tenant": tenant,
                "secret_hash": _hash(secret, salt[0]),
                "authority": authority[0],
            }
            made = await (await connection.execute(QUERIES.add_credential.sql, values)).fetchone()
        return f"{key}:{secret}" if made else None

    async def any_exist(self) -> bool:
        """Whether the database has any credential yet."""
        async with self._pool.connection() as connection:
            row = await (await connection.execute(QUERIES.count_credentials.sql)).fetchone()
        return row is not None and row[0] > 0


def _hash(secret: str, salt: bytes) -> bytes:
    return blake2b(secret.encode(), digest_size=32, key=salt).digest()


def _basic(authorization: str) -> tuple[str, str] | None:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except ValueError:  # no base64, or no UTF-8
        return None
    key, colon, secret = text.partition(":")
    return (key, secret) if colon and "\0" not in text else None
