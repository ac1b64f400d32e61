"""The issuer of bearer tokens and its keys, asked for only when they are needed and never often.

OpenID Connect Discovery 1.0; RFC 7517. Known keys stay good while the issuer cannot be reached; a key that is not known
is asked for at most every RETRY_SECONDS, however many tokens name it.
"""

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Any, Final

import httpx
import jwt

from schemas.errors import IssuerUnavailable

KEYS_SECONDS = 600.0
"""After this the keys are asked for again, beside the requests."""
RETRY_SECONDS = 10.0
ANSWER_SECONDS = 5.0

ALGORITHMS: Final[Mapping[str, tuple[str, ...]]] = {
    "RSA": ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    "EC": ("ES256", "ES384", "ES512"),
    "OKP": ("EdDSA",),
}
"""What a key of each type may sign with: never a shared secret, never nothing."""

_LOG = logging.getLogger("lrs.access")


class Key:
    """One public key of the issuer, and the algorithms that it may be used with."""

    def __init__(self, described: Mapping[str, Any]) -> None:
        self.id = described.get("kid")
        self.public = jwt.PyJWK(dict(described)).key
        allowed = ALGORITHMS[described["kty"]]
        self.algorithms = [described["alg"]] if described.get("alg") in allowed else list(allowed)


class Issuer:
    """The issuer at `url`, which is also what its tokens call it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.token_endpoint = url
        """Where it gives its tokens; the issuer itself as long as it has not said."""
        self._keys: list[Key] = []
        self._asked = float("-inf")
        self._asking: asyncio.Task[None] | None = None
        self._answered = False

    async def key(self, identity: str | None) -> Key | None:
        """The key of this id, or the only one where a token names none. Raises IssuerUnavailable."""
        key = self._known(identity)
        age = time.monotonic() - self._asked
        if key is not None and age < KEYS_SECONDS:
            return key
        if self._asking is None and age >= RETRY_SECONDS:
            self._asked = time.monotonic()
            self._asking = asyncio.create_task(self._ask())
        if key is not None:
            return key
        if self._asking is not None:
            await asyncio.shield(self._asking)  # others may wait for it too
        key = self._known(identity)
        if key is None and not self._answered:
            raise IssuerUnavailable
        return key

    def _known(self, identity: str | None) -> Key | None:
        if identity is None:
            return self._keys[0] if len(self._keys) == 1 else None
        return next((key for key in self._keys if key.id == identity), None)

    async def _ask(self) -> None:
        """Discovery, then the keys; whatever is wrong is said in the log, and what was known stays."""
        try:
            async with httpx.AsyncClient(timeout=ANSWER_SECONDS) as client:
                about = await _get(client, self.url.rstrip("/") + "/.well-known/openid-configuration")
                if about["issuer"] != self.url:
                    raise ValueError(f"it calls itself {about['issuer']!r}: set LRS_OIDC_ISSUER to exactly that")
                described = (await _get(client, about["jwks_uri"]))["keys"]
            self._keys = [key for key in map(_key, described) if key is not None]
            endpoint = about.get("token_endpoint")
            if isinstance(endpoint, str) and endpoint.startswith(("https://", "http://")) and len(endpoint) <= 500:
                self.token_endpoint = endpoint
            self._answered = True
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, TypeError, LookupError, RecursionError) as error:
            self._answered = False
            _LOG.warning("the issuer %s cannot be asked for its keys: %s", self.url, error or type(error).__name__)
        finally:
            self._asking = None


async def _get(client: httpx.AsyncClient, url: str) -> Any:
    answer = await client.get(url)
    answer.raise_for_status()
    return answer.json()


def _key(described: Mapping[str, Any]) -> Key | None:
    """A key that signs, of a type that is understood; the others are none of ours (RFC 7517, 5)."""
    if described.get("kty") not in ALGORITHMS or described.get("use", "sig") != "sig":
        return None
    try:
        return Key(described)
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        _LOG.warning("a key of the issuer cannot be used: %s", error)
        return None
