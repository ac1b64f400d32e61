"""Statements signed by a key that is made once a test run: a JWS as its bytes."""

import json
from base64 import b64encode
from datetime import UTC, datetime
from functools import cache
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

_BEGIN, _END = datetime(2020, 1, 1, tzinfo=UTC), datetime(2021, 1, 1, tzinfo=UTC)


@cache
def key(_name: str) -> rsa.RSAPrivateKey:
    """The key of that name."""
    return rsa.generate_private_key(65537, 2048)


def certificate(subject: str = "signer", issuer: str = "issuer", *, curve: bool = False) -> str:
    """A certificate of the subject's key, expired long ago, in base64 as x5c has it."""
    public = ec.generate_private_key(ec.SECP256R1()).public_key() if curve else key(subject).public_key()
    made = x509.CertificateBuilder(
        issuer_name=_name(issuer),
        subject_name=_name(subject),
        public_key=public,
        serial_number=1,
        not_valid_before=_BEGIN,
        not_valid_after=_END,
    ).sign(key(issuer), hashes.SHA256())
    return b64encode(made.public_bytes(Encoding.DER)).decode()


def signed(statement: Any, algorithm: str = "RS256", *, by: Any = None, **headers: Any) -> bytes:
    """The JWS of a statement, or of bytes as they are."""
    payload = statement if isinstance(statement, bytes) else json.dumps(statement).encode()
    secret = by or (b"a secret that both of them know, 64 bytes of it" * 2 if algorithm == "HS256" else key("signer"))
    return jwt.PyJWS().encode(payload, secret, algorithm, headers=headers or None).encode()


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])
