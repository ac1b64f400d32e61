"""Every error as the caller gets it: one table from exception to status, one JSON form (RFC 9457).

{"title", "status", "detail", "violations": [{"path", "rule", "clause", "found"}], "request_id"}
"""

import logging
from collections.abc import Sequence
from typing import Any

import msgspec
import psycopg
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from psycopg_pool import PoolTimeout, TooManyRequests
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from lrs.access.tokens import is_bearer
from lrs.bounded_http import TOO_BUSY
from lrs.request_id import REQUEST_ID
from schemas.errors import (
    AttachmentsUnavailable,
    ConfigurationRefused,
    CredentialDisabled,
    DatabaseUnavailable,
    DocumentConflict,
    DocumentRefused,
    IssuerUnavailable,
    LetterUndecidable,
    NotFound,
    NotReadYet,
    NotSignedIn,
    OtherOrigin,
    Overloaded,
    PreconditionFailed,
    QueryRefused,
    ScopeMissing,
    StatementConflict,
    StatementRefused,
    Violation,
)

_LOG = logging.getLogger("lrs.api")

CONFLICT_RULE = "an id that is known must come with the content that is stored"
CONFLICT_CLAUSE = "xAPI 1.0.3 Data 2.3.1; Communication 2.1.1"
SCOPE_CLAUSE = "xAPI 1.0.3 Communication 4.2"
RETRY_AFTER_SECONDS = "2"


class BodyTooLarge(Exception):
    """The request's body is larger than this server takes."""


def problem(
    status: int,
    title: str,
    detail: str = "",
    violations: Sequence[Violation] = (),
    headers: dict[str, str] | None = None,
) -> Response:
    """An error as an answer."""
    body: dict[str, Any] = {"title": title, "status": status}
    if detail:
        body["detail"] = detail
    if violations:
        body["violations"] = violations
    request = REQUEST_ID.get()
    if request:
        body["request_id"] = request
    return Response(msgspec.json.encode(body), status, headers, "application/problem+json")


def too_busy(error: Exception) -> Response:
    """The answer to Overloaded."""
    return problem(503, "Too busy", str(error), headers={"Retry-After": RETRY_AFTER_SECONDS})


async def answered(app: FastAPI, request: Request, error: Exception) -> Response:
    """What a route that raised the error would have answered; raises the error where nobody foresaw it."""
    for kind in type(error).__mro__:
        handler = app.exception_handlers.get(kind)
        if handler is not None:
            outcome = handler(request, error)
            return outcome if isinstance(outcome, Response) else await outcome
    raise error


def install(app: FastAPI) -> None:
    """Teach the application every exception that a caller may cause or meet."""

    @app.exception_handler(StatementRefused)
    @app.exception_handler(QueryRefused)
    @app.exception_handler(DocumentRefused)
    @app.exception_handler(ConfigurationRefused)
    async def refused(_: Request, error: Exception) -> Response:
        assert isinstance(error, StatementRefused | QueryRefused | DocumentRefused | ConfigurationRefused)
        return problem(400, type(error).__name__.replace("Refused", " refused"), violations=error.violations)

    @app.exception_handler(DocumentConflict)
    async def document_conflict(_: Request, error: Exception) -> Response:
        assert isinstance(error, DocumentConflict)
        return problem(409, "Document conflict", str(error), error.violations)

    @app.exception_handler(PreconditionFailed)
    async def precondition_failed(_: Request, error: Exception) -> Response:
        assert isinstance(error, PreconditionFailed)
        return problem(412, "Precondition failed", str(error), error.violations)

    @app.exception_handler(StatementConflict)
    async def conflict(_: Request, error: Exception) -> Response:
        assert isinstance(error, StatementConflict)
        violation = Violation("id", CONFLICT_RULE, CONFLICT_CLAUSE, str(error.statement_id))
        return problem(409, "Statement conflict", str(error), [violation])

    @app.exception_handler(NotFound)
    async def not_found(_: Request, error: Exception) -> Response:
        return problem(404, "Not found", str(error))

    @app.exception_handler(NotSignedIn)
    async def not_signed_in(request: Request, error: Exception) -> Response:
        challenge = 'Basic realm="Live LRS", charset="UTF-8"'
        if request.app.state.services.tokens is not None and is_bearer(request.headers.get("authorization")):
            challenge = 'Bearer realm="Live LRS", error="invalid_token"'
        return problem(401, "Not signed in", str(error), headers={"WWW-Authenticate": challenge})

    @app.exception_handler(ScopeMissing)
    async def scope_missing(request: Request, error: Exception) -> Response:
        assert isinstance(error, ScopeMissing)
        rule = f"must stand for a credential with the scope {' or '.join(error.needed)}"
        violation = Violation("Authorization", rule, SCOPE_CLAUSE, " ".join(error.held) or "none")
        headers = {}
        if is_bearer(request.headers.get("authorization")):
            headers["WWW-Authenticate"] = f'Bearer error="insufficient_scope", scope="{" ".join(error.needed)}"'
        return problem(403, "Scope missing", str(error), [violation], headers)

    @app.exception_handler(OtherOrigin)
    async def other_origin(_: Request, error: Exception) -> Response:
        return problem(403, "Other origin", str(error))

    @app.exception_handler(CredentialDisabled)
    async def disabled(_: Request, error: Exception) -> Response:
        return problem(409, "Credential disabled", str(error))

    @app.exception_handler(LetterUndecidable)
    async def undecidable(_: Request, error: Exception) -> Response:
        return problem(409, "Letter undecidable", str(error))

    @app.exception_handler(IssuerUnavailable)
    async def issuer_unavailable(_: Request, error: Exception) -> Response:
        return problem(503, "Issuer unavailable", str(error), headers={"Retry-After": RETRY_AFTER_SECONDS})

    @app.exception_handler(BodyTooLarge)
    async def too_large(_: Request, error: Exception) -> Response:
        return problem(413, "Body too large", str(error))

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        found = [
            Violation(".".join(map(str, one["loc"])), str(one["msg"]), "", repr(one.get("input"))[:100])
            for one in error.errors()
        ]
        return problem(400, "Query refused", violations=found)

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return problem(error.status_code, str(error.detail), headers=dict(error.headers or {}))

    @app.exception_handler(Overloaded)
    async def overloaded(request: Request, error: Exception) -> Response:
        request.scope[TOO_BUSY] = True
        return too_busy(error)

    @app.exception_handler(NotReadYet)
    async def not_read_yet(_: Request, error: Exception) -> Response:
        return problem(503, "Not read yet", str(error), headers={"Retry-After": RETRY_AFTER_SECONDS})

    @app.exception_handler(AttachmentsUnavailable)
    async def attachments_unavailable(_: Request, error: Exception) -> Response:
        _LOG.warning("attachments unavailable: %s", error)
        retry = {"Retry-After": RETRY_AFTER_SECONDS}
        return problem(503, "Attachments unavailable", str(AttachmentsUnavailable()), headers=retry)

    @app.exception_handler(psycopg.DataError)
    async def unfit(_: Request, error: Exception) -> Response:
        return problem(400, "Query refused", f"the database cannot take a value of this request: {error}")

    @app.exception_handler(ClientDisconnect)
    async def gone(_: Request, error: Exception) -> Response:
        return problem(400, "Body incomplete", "the client left before its body was whole; nothing is stored")

    @app.exception_handler(psycopg.OperationalError)
    @app.exception_handler(psycopg.InterfaceError)
    @app.exception_handler(psycopg.InternalError)  # among others: the database takes no writes for now
    @app.exception_handler(PoolTimeout)
    @app.exception_handler(TooManyRequests)
    @app.exception_handler(DatabaseUnavailable)
    async def unavailable(_: Request, error: Exception) -> Response:
        _LOG.warning("database unavailable: %s", error)
        retry = {"Retry-After": RETRY_AFTER_SECONDS}
        return problem(503, "Database unavailable", str(DatabaseUnavailable()), headers=retry)
