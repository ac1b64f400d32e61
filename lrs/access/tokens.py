"""OAuth 2 bearer tokens: JWTs of one issuer, whose claims say who is asking and with which scopes.

RFC 6750, RFC 7519, RFC 9068. Verified here, with the issuer's public keys, so no request waits for the issuer but the
first with a new key. A token stands for its user in the first tenant; the authority is its application and its user
together (xAPI 1.0.3 Data 2.4.9).
"""

import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

import jwt

from lrs.access.authorities import account_agent, authority_of, pair
from lrs.access.credentials import DEFAULT_TENANT, Credential
from lrs.access.issuer import ALGORITHMS, Issuer
from lrs.access.key_lookup import FORGET
from lrs.database import Pool
from lrs.statement_log.log import Authority
from schemas.errors import TokenRefused
from schemas.scope import Scope, included

LEEWAY_SECONDS = 10
"""How far the issuer's clock and ours may lie apart."""
VERDICT_SECONDS = 1.0
VERDICTS = 1_000
LONGEST_KEPT = 8_000
"""Characters of a header whose verdict is remembered."""
LONGEST_NAME = 255
"""Bytes of a user's or an application's name (OpenID Connect Core, 2: sub)."""

_BEARER: Final = "bearer "
_ALGORITHMS: Final = frozenset(name for names in ALGORITHMS.values() for name in names)


def is_bearer(authorization: str | None) -> bool:
    """Whether an Authorization header carries a bearer token."""
    return authorization is not None and authorization[: len(_BEARER)].lower() == _BEARER


class Tokens:
    """The tokens of one issuer. prefix: what our scopes begin with in the claim; the others are not ours."""

    def __init__(self, pool: Pool, issuer: Issuer, audience: str, scope_claim: str, prefix: str) -> None:
        self._pool = pool
        self._issuer = issuer
        self._audience = audience
        self._scope_claim = scope_claim
        self._prefix = prefix
        self._verdicts: dict[str, tuple[float, Credential]] = {}
        self._authorities: dict[tuple[str, str | None], Authority] = {}

    async def verify(self, authorization: str) -> Credential:
        """Whom an `Authorization: Bearer …` header stands for. Raises TokenRefused and IssuerUnavailable."""
        known = self._verdicts.get(authorization)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        claims = await self._claims(authorization[len(_BEARER) :].strip())
        user, application = _user_and_application(claims)
        credential = Credential(
            f"{application or ''} {user}".strip(),
            DEFAULT_TENANT,
            await self._authority(user, application),
            included(read_scopes(claims.get(self._scope_claim), self._prefix)),
        )
        if len(authorization) <= LONGEST_KEPT:
            if len(self._verdicts) >= VERDICTS:
                self._verdicts.clear()
            left = int(claims["exp"]) + LEEWAY_SECONDS - time.time()
            self._verdicts[authorization] = (time.monotonic() + min(VERDICT_SECONDS, left), credential)
        return credential

    async def _claims(self, token: str) -> Mapping[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") not in _ALGORITHMS:
                raise TokenRefused("The token is signed in a way that is not taken here.")
            key = await self._issuer.key(header.get("kid"))
            if key is None:
                raise TokenRefused("The token is signed with a key that is not its issuer's.")
            claims: Mapping[str, Any] = jwt.decode(
                token,
                key.public,
                algorithms=key.algorithms,
                audience=self._audience,
                issuer=self._issuer.url,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError) as error:
            raise TokenRefused(f"The token is refused: {error}.") from None
        return claims

    async def _authority(self, user: str, application: str | None) -> Authority:
        key = (user, application)
        found = self._authorities.get(key)
        if found is None:
            agent = account_agent(self._issuer.url, user)
            if application is not None:
                consumer = account_agent(self._issuer.token_endpoint, application)
                agent = consumer if application == user else pair(consumer, agent)
            async with self._pool.connection() as connection:
                found = await authority_of(connection, DEFAULT_TENANT, agent)
            if len(self._authorities) >= FORGET:
                self._authorities.clear()
            self._authorities[key] = found
        return found


def read_scopes(claim: object, prefix: str) -> Iterable[Scope]:
    """The scopes in a claim: text with spaces between them, or a list; whatever is no scope of ours counts for nothing.

    Without a prefix `profile` is none of ours: OpenID Connect Core 5.4 has a scope of that name, which means another.
    """
    names = claim.split() if isinstance(claim, str) else claim if isinstance(claim, list) else []
    ours = {name[len(prefix) :] for name in names if isinstance(name, str) and name.startswith(prefix)}
    if not prefix:
        ours.discard(Scope.PROFILE)
    return [scope for scope in Scope if scope.value in ours]


def _user_and_application(claims: Mapping[str, Any]) -> tuple[str, str | None]:
    """Who the token speaks for, and through what (RFC 9068 2.2: client_id; OpenID Connect Core 2: azp)."""
    application = claims.get("client_id", claims.get("azp"))
    for name, value in (("sub", claims["sub"]), ("client_id", application)):
        if value is not None and not _is_name(value):
            raise TokenRefused(f"The token's {name} must be text of 1 to {LONGEST_NAME} bytes.")
    return claims["sub"], application


def _is_name(value: object) -> bool:
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        return False
    try:
        return len(value.encode()) <= LONGEST_NAME
    except UnicodeEncodeError:  # half a surrogate pair
        return False
