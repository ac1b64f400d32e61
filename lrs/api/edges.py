"""The layers around the routes, from the outside in; each lets an ordinary request pass at the cost of a look.

What marks every answer stands outside; what refuses or translates a request stands within it; an error that nobody
foresaw is answered in between, so that its answer is marked as well.
"""

from fastapi import FastAPI

from lrs.api.alternate_syntax import AlternateSyntax
from lrs.api.compression import Compressed
from lrs.api.consistent_through import ConsistentThrough
from lrs.api.cross_origin import CrossOrigin
from lrs.api.readable import Readable
from lrs.api.unforeseen import Unforeseen
from lrs.api.version_header import NamedVersion
from lrs.settings import Settings


def install(app: FastAPI, settings: Settings) -> None:
    """Put the layers around the application; what is added last is outermost."""
    app.add_middleware(Readable)
    app.add_middleware(AlternateSyntax, most_bytes=settings.max_body_bytes)
    app.add_middleware(Unforeseen)
    app.add_middleware(Compressed)
    app.add_middleware(CrossOrigin, origins=settings.cors_origins)
    app.add_middleware(ConsistentThrough)
    app.add_middleware(NamedVersion, otherwise=settings.unversioned_answer)
