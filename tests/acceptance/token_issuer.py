"""An issuer of bearer tokens as OpenID Connect describes one, over real HTTP; it counts what it is asked for."""

import json
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

AUDIENCE = "https://lrs.example.org"
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


def new_key(algorithm: str = "RS256") -> PrivateKey:
    """A key pair that an algorithm can use."""
    if algorithm.startswith("ES"):
        return ec.generate_private_key(ec.SECP256R1())
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class TokenIssuer:
    """Publishes its keys at `url`, and gives tokens. `asked`: how often its keys were fetched."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.keys: dict[str, tuple[str, PrivateKey]] = {}
        self.asked = 0
        self.is_away = False
        """Set: whoever asks gets no answer."""
        self.calls_itself = url
        self.add("first")

    @classmethod
    @contextmanager
    def running(cls) -> Iterator[Self]:
        """One that listens until the end of the block, each request in a thread."""

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.answer(self)

            def log_message(self, *_: Any) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            issuer = cls(f"http://127.0.0.1:{server.server_address[1]}")
            thread = threading.Thread(target=server.serve_forever, args=[0.05])
            thread.start()
            try:
                yield issuer
            finally:
                server.shutdown()
                thread.join()

    def add(self, key_id: str, algorithm: str = "RS256") -> None:
        """One more key."""
        self.keys[key_id] = algorithm, new_key(algorithm)

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Discovery, or the keys."""
        if self.is_away:
            request.close_connection = True
            return
        if request.path == "/keys":
            self.asked += 1
            body: Any = {
                "keys": [*self._published(), {"kty": "oct", "kid": "secret", "k": "c2VjcmV0"}, {"kty": "what"}]
            }
        else:
            assert request.path == "/.well-known/openid-configuration"
            body = {"issuer": self.calls_itself, "jwks_uri": f"{self.url}/keys", "token_endpoint": f"{self.url}/token"}
        content = json.dumps(body).encode()
        request.send_response(200)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    def _published(self) -> Iterator[dict[str, Any]]:
        for key_id, (algorithm, key) in self.keys.items():
            public: Any = key.public_key()
            described = jwt.get_algorithm_by_name(algorithm).to_jwk(public, as_dict=True)
            yield {**described, "kid": key_id, "use": "sig"}

    def token(self, scope: object = "all", *, key: str = "first", **changes: Any) -> str:
        """A token for Ann through an application; a claim that is changed to None is left out."""
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "ann",
            "client_id": "app",
            "iat": now,
            "exp": now + 300,
            "scope": scope,
            **changes,
        }
        algorithm, private = self.keys[key]
        kept = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(kept, private, algorithm, headers={"kid": key})


class Bearer(httpx.Auth):
    """Puts a token on every request."""

    def __init__(self, token: str) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """RFC 6750, 2.1."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request
