"""Credentials: made once, verified in microseconds. The secret is never kept, only a keyed hash of it.

A made secret has 256 random bits, so a fast keyed hash is enough: there is nothing to guess from. Whoever gives a key
that does not exist waits as long as whoever gives a wrong secret.
"""

import base64
import hmac
import secrets
import time
from collections.abc import Awaitable, Callable, Set
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final, NamedTuple

import msgspec

from lrs.access.authorities import HOME_PAGE, account_agent, authority_of
from lrs.access.key_lookup import FORGET, KeyLookup, Row
from lrs.access.sql import QUERIES
from lrs.database import Pool
from lrs.stand_in import own_connection
from lrs.statement_log.log import Authority
from schemas.errors import CredentialDisabled, NotFound
from schemas.scope import Scope, in_order, included

DEFAULT_TENANT = 1
"""Whose everything is that names no tenant: the first credential, and whoever comes with a bearer token."""

LONGEST_KEPT = 1_000
"""Characters of an Authorization header whose verdict is remembered; longer ones are verified every time."""

_EVERYTHING: Final = frozenset({Scope.ALL})
_NOBODY: Final = secrets.token_bytes(32)


class Credential(NamedTuple):
    """Who is asking: key, tenant, what it vouches with, and every scope that it has, the included ones too."""

    key: str
    tenant: int
    authority: Authority
    scopes: frozenset[Scope] = frozenset(Scope)
    compatibility: bool = False
    """Whether well-known invalid statements are repaired for it (docs/compatibility.md)."""

    def may(self, *scopes: Scope) -> bool:
        """Whether it has any of these scopes, by itself or within a wider one."""
        return not self.scopes.isdisjoint(scopes)

    @property
    def reads_only(self) -> Authority | None:
        """The authority whose statements it may read and no others'; None where it may read them all."""
        return None if Scope.STATEMENTS_READ in self.scopes else self.authority


class CredentialEntry(NamedTuple):
    """A credential as it is listed. previous_until: how long the secret before the last rotation is still good."""

    key: str
    name: str | None
    scopes: list[str]
    created: datetime
    rotated: datetime | None
    previous_until: datetime | None
    disabled: datetime | None
    compatibility: bool


class Made(NamedTuple):
    """A credential with its secret, which is never seen again."""

    entry: CredentialEntry
    secret: str


class Credentials:
    """The credentials of one database. tell_changed: what tells other processes of a key that is another now."""

    def __init__(self, pool: Pool, tell_changed: Callable[[str], Awaitable[None]] | None = None) -> None:
        self._pool = pool
        self._tell_changed = tell_changed
        self._keys = KeyLookup(pool)
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
        forgotten = self._keys.forgotten
        until, row = await self._keys.find(parts[0])
        if not _fits(parts[1], row) or row is None:
            return None
        authority = Authority(row.authority, row.agent, msgspec.json.decode(row.agent))
        scopes = included(map(Scope, row.scopes))
        credential = Credential(row.key, row.tenant, authority, scopes, row.compatibility)
        if len(authorization) <= LONGEST_KEPT and forgotten == self._keys.forgotten:
            if len(self._verdicts) >= FORGET:
                self._verdicts.clear()
            self._verdicts[authorization] = (until, credential)
        return credential

    def forget(self, key: str) -> None:
        """Look this credential up again, whatever is remembered of it."""
        self._keys.forget(key)
        self._verdicts = {given: one for given, one in self._verdicts.items() if one[1].key != key}

    async def create(
        self, tenant: int, key: str | None = None, secret: str | None = None, scopes: Set[Scope] = _EVERYTHING
    ) -> str | None:
        """Make a credential, with a random key and secret where none are given; answers `key:secret`.

        None where the key exists already: it is left as it is.
        """
        made = await self.make(tenant, key=key, secret=secret, scopes=scopes)
        return f"{made.entry.key}:{made.secret}" if made else None

    async def make(
        self,
        tenant: int,
        *,
        scopes: Set[Scope],
        name: str | None = None,
        key: str | None = None,
        secret: str | None = None,
        compatibility: bool = False,
    ) -> Made | None:
        """As `create`, and what people call it. Raises NotFound where there is no such tenant."""
        key = key or secrets.token_hex(8)
        secret = secret or _new_secret()
        secret_hash = _hash(secret, await self._salt(tenant))
        async with own_connection(self._pool) as connection:
            authority = await authority_of(connection, tenant, account_agent(HOME_PAGE, key))
            values = {
                "key": key,
                "tenant": tenant,
                "name": name,
                "scopes": [scope.value for scope in in_order(scopes)],
                "secret_hash": secret_hash,
                "authority": authority.number,
                "compatibility": compatibility,
            }
            row = await (await connection.execute(QUERIES.add_credential.sql, values)).fetchone()
        return Made(CredentialEntry(*row), secret) if row else None

    async def any_exist(self) -> bool:
        """Whether the database has any credential yet."""
        async with self._pool.connection() as connection:
            row = await (await connection.execute(QUERIES.count_credentials.sql)).fetchone()
        return row is not None and row[0] > 0

    async def entries(self, tenant: int) -> list[CredentialEntry]:
        """Every credential of a tenant, the disabled ones too, in the order they were made."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(QUERIES.list_credentials.sql, {"tenant": tenant})
            return [CredentialEntry(*row) for row in await cursor.fetchall()]

    async def rotate(self, tenant: int, key: str, keep_for: float = 0) -> Made:
        """Give a credential another secret; the one before is good for `keep_for` seconds more.

        Raises NotFound, and CredentialDisabled.
        """
        secret = _new_secret()
        secret_hash = _hash(secret, await self._salt(tenant))
        values = {"tenant": tenant, "key": key, "secret_hash": secret_hash, "keep_for": keep_for}
        row = await self._change(QUERIES.rotate_credential.sql, values)
        if row is None:
            raise CredentialDisabled(f"The credential {key} is disabled; make another.")
        return Made(CredentialEntry(*row), secret)

    async def disable(self, tenant: int, key: str) -> CredentialEntry:
        """Take a credential out of force, for ever. Raises NotFound."""
        row = await self._change(QUERIES.disable_credential.sql, {"tenant": tenant, "key": key})
        assert row is not None
        return CredentialEntry(*row)

    async def switch_compatibility(self, tenant: int, key: str, *, on: bool) -> CredentialEntry:
        """Repair well-known invalid statements for a credential from now on, or no more. Raises NotFound."""
        values = {"tenant": tenant, "key": key, "compatibility": on}
        row = await self._change(QUERIES.switch_compatibility.sql, values)
        assert row is not None
        return CredentialEntry(*row)

    async def _change(self, sql: str, values: dict[str, Any]) -> tuple[Any, ...] | None:
        async with own_connection(self._pool) as connection:
            row = await (await connection.execute(sql, values)).fetchone()
            if row is None:
                found = await (await connection.execute(QUERIES.credential_exists.sql, values)).fetchone()
                if found is None or not found[0]:
                    raise NotFound(f"There is no credential {values['key']} here.")
        self.forget(values["key"])
        if self._tell_changed is not None:
            await self._tell_changed(values["key"])
        return row

    async def _salt(self, tenant: int) -> bytes:
        async with self._pool.connection() as connection:
            row = await (await connection.execute(QUERIES.tenant_salt.sql, {"tenant": tenant})).fetchone()
        if row is None:
            raise NotFound(f"There is no tenant {tenant} here.")
        return bytes(row[0])


def _new_secret() -> str:
    return secrets.token_urlsafe(32)


def _fits(secret: str, row: Row | None) -> bool:
    """Whether the secret is the credential's; takes as long where there is no credential."""
    hashed = _hash(secret, _NOBODY if row is None else row.salt)
    now, before = (_NOBODY, None) if row is None else (row.secret_hash, row.previous_hash)
    is_now = hmac.compare_digest(hashed, now)
    was_before = hmac.compare_digest(hashed, before or _NOBODY)
    return is_now or was_before


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
