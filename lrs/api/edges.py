"""The layers around the routes, from the outside in; each lets an ordinary request pass at the cost of a look.

What marks every answer stands outside; what refuses or translates a request stands within it; an error that nobody
foresaw is answered in between, so that its answer is marked as well.
"""

from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp

from lrs.api.alternate_syntax import AlternateSyntax
from lrs.api.compression import Compressed
from lrs.api.consistent_through import ConsistentThrough
from lrs.api.cross_origin import CrossOrigin
from lrs.api.read_after import ReadAfter
from lrs.api.readable import Readable
from lrs.api.unforeseen import Unforeseen
from lrs.api.version_header import NamedVersion
from lrs.settings import Settings


def install(app: FastAPI, settings: Settings) -> None:
    """Put the layers around the application; what is added last is outermost."""
    for layer, options in _layers(settings):
        app.add_middleware(layer, **options)


def around(answering: ASGIApp, settings: Settings) -> ASGIApp:
    """The same layers around what answers beside the application."""
    for layer, options in _layers(settings):
        answering = layer(answering, **options)
    return answering


def _layers(settings: Settings) -> list[tuple[Any, dict[str, Any]]]:
    return [
        (ReadAfter, {}),
        (Readable, {}),
        (AlternateSyntax, {"most_bytes": settings.max_body_bytes}),
        (Unforeseen, {}),
        (Compressed, {}),
        (CrossOrigin, {"origins": settings.cors_origins}),
        (ConsistentThrough, {}),
        (NamedVersion, {"otherwise": settings.unversioned_answer}),
    ]
