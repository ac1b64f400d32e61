"""Signed statements: a JSON Web Signature as an attachment of the statement that it signs.

The rule of this file: a signature is well formed, or its statement is refused (1.0.3 Data 2.6, 2.0.0 4.2.6). It is a
JWS in compact form by RS256, RS384 or RS512, its payload is a statement equivalent to the one it came with, and where
its header has certificates it was made with the key of the first. Whether anyone should trust that certificate is not
asked: "a way to catch mistakes in the signature, not a security measure".
"""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final
from uuid import UUID

import jwt
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import RSAAlgorithm

from schemas.equivalence import digest
from schemas.errors import StatementRefused
from schemas.statement import NewStatement, read_statements
from schemas.version import XapiVersion

CONTENT_TYPE: Final = "application/octet-stream"
ALGORITHMS: Final = ("RS256", "RS384", "RS512")

_COMPACT: Final = re.compile(rb"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_JWS: Final = jwt.PyJWS(algorithms=ALGORITHMS)
_UNVERIFIED: Final[Any] = {"verify_signature": False}  # the key is in the header, which is read first


class Malformed(Exception):
    """The content is no signature that may be kept; `rule` says what must hold, `found` what was there."""

    def __init__(self, rule: str, found: str) -> None:
        self.rule = rule
        self.found = found[:100]
        super().__init__(rule, found)


@dataclass(frozen=True, slots=True)
class Signed:
    """The statement that a signature was made of: its id, if it has one, and its digests with and without timestamp."""

    id: UUID | None
    with_timestamp: bytes | None
    without_timestamp: bytes

    def is_of(self, statement: NewStatement) -> bool:
        """Whether the statement is the one that was signed; what an LRS assigns may be missing on either side."""
        if self.id not in (None, statement.id):
            return False
        if self.with_timestamp is not None and statement.timestamp is not None:
            return self.with_timestamp == statement.digest
        return self.without_timestamp == digest(statement.value, None)


def read_signature(content: bytes, version: XapiVersion) -> Signed:
    """What the signature signs. Raises Malformed, and nothing else, whatever the bytes are."""
    if not _COMPACT.fullmatch(content):
        raise Malformed("must be a JWS in compact form, three times base64url", _start_of(content))
    try:
        opened = _JWS.decode_complete(content, options=_UNVERIFIED)
    except jwt.PyJWTError as error:
        raise Malformed(f"must be a JWS in compact form ({error})", _start_of(content)) from None
    header = opened["header"]
    if header.get("alg") not in ALGORITHMS:
        raise Malformed(f"must be signed by {', '.join(ALGORITHMS)}", repr(header.get("alg")))
    if "x5c" in header:
        algorithm = _JWS.get_algorithm_by_name(header["alg"])
        assert isinstance(algorithm, RSAAlgorithm)
        if not algorithm.verify(content.rpartition(b".")[0], _key(header["x5c"]), opened["signature"]):
            raise Malformed("must be signed with the key of the first certificate of x5c", "another signature")
    return _signed(opened["payload"], version)


def _signed(payload: bytes, version: XapiVersion) -> Signed:
    try:
        (statement,) = read_statements(payload, version, single=True)
    except StatementRefused as error:
        raise Malformed("must sign a valid statement", str(error.violations[0])) from None
    value = statement.value
    return Signed(
        statement.id if "id" in value else None,
        statement.digest if statement.timestamp is not None else None,
        digest(value, None),
    )


def _key(chain: Any) -> RSAPublicKey:
    """The key of the first certificate; each of the others must certify the one before it (RFC 7515, 4.1.6)."""
    if not isinstance(chain, list) or not chain or not all(isinstance(one, str) for one in chain):
        raise Malformed("must have an array of certificates in base64 as its x5c", repr(chain))
    try:
        certificates = [x509.load_der_x509_certificate(b64decode(one, validate=True)) for one in chain]
        names = [(one.subject, one.issuer) for one in certificates]
        key = certificates[0].public_key()
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion) as error:
        raise Malformed("must have X.509 certificates in its x5c", str(error)) from None
    for (_, issuer), (subject, _) in pairwise(names):
        if issuer != subject:
            rule = "must have each certificate of x5c followed by the one that certifies it"
            raise Malformed(rule, "another name than that of the issuer")
    if not isinstance(key, RSAPublicKey):
        raise Malformed("must have an RSA key in the first certificate of x5c", type(key).__name__)
    return key


def _start_of(content: bytes) -> str:
    return repr(content[:60])[1:]
