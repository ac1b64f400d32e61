"""Puts the parts together: the only place, with `lrs.serving` and `lrs.cli`, that knows them all."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version
from pathlib import Path

import psycopg
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from psycopg_pool import PoolTimeout
from starlette.types import ASGIApp

from lrs import dashboard
from lrs.access.credentials import Credentials
from lrs.access.issuer import Issuer
from lrs.access.tokens import Tokens
from lrs.api import (
    about,
    activities,
    agents,
    analytics,
    courses,
    credentials,
    documents,
    edges,
    live,
    problems,
    projections,
    reference,
    statements,
)
from lrs.api.services import Services
from lrs.api.short_way import ShortWay
from lrs.attachments.objects import Objects
from lrs.attachments.store import Attachments
from lrs.clock import Clock
from lrs.dashboard import pages
from lrs.database import (
    Pool,
    access_pool,
    attachment_pool,
    document_pool,
    projection_pool,
    read_pool,
    write_pool,
)
from lrs.documents.store import Documents
from lrs.settings import Settings
from lrs.statement_log.log import StatementLog
from lrs.statement_log.references import References
from lrs.statement_log.repairs import Repairs
from lrs.statement_log.search import Search
from streams.bus import Bus
from streams.processor import Processor
from streams.relay import Inlet, Outlet


def create_app(settings: Settings, database_url: str, relay: Path) -> FastAPI:
    """The application over a migrated database: the API and the live pages, told of changes at `relay`.

    Raises AttachmentUrlUnusable.
    """
    objects = None if settings.attachment_url is None else Objects(settings.attachment_url)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        write = write_pool(database_url, size=settings.write_connections)
        read = read_pool(database_url, size=settings.read_connections)
        access = access_pool(database_url)
        kept = document_pool(database_url)
        contents = attachment_pool(database_url)
        async with write, read, access, kept, contents:
            log = StatementLog(write, read)
            bus = Bus()
            inlet = Inlet(relay, bus)
            app.state.services = Services(
                settings=settings,
                read=read,
                log=log,
                documents=Documents(kept),
                attachments=Attachments(contents, objects),
                repairs=Repairs(write),
                credentials=Credentials(access),
                search=Search(read),
                bus=bus,
                wake=inlet.wake,
                tokens=_tokens(settings, access),
            )
            running = [asyncio.create_task(inlet.run())]
            yield
            await _ended(running)

    app = FastAPI(title="Live LRS", version=version("live-lrs"), lifespan=lifespan, openapi_url=None)
    problems.install(app)
    for router in (
        statements.router,
        documents.router,
        agents.router,
        activities.router,
        about.router,
        projections.router,
        courses.router,
        live.router,
        analytics.router,
        credentials.router,
        reference.router,
        pages.router,
    ):
        app.include_router(router)
    static = Path(dashboard.__file__).parent / "static"
    app.mount("/static", StaticFiles(directory=static), name="static")
    edges.install(app, settings)
    return app


def application(settings: Settings, database_url: str, relay: Path) -> ASGIApp:
    """What an API process serves: the application, and the short way into it."""
    return ShortWay(create_app(settings, database_url, relay), settings)


async def run_processor(
    settings: Settings, database_url: str, relay: Path, stop: asyncio.Event, tell_ready: Callable[[], None]
) -> None:
    """What the other process does until it is told to stop: keep the read models, write clock events, and settle
    references. Raises what ends one of them: whoever started the process starts it again.
    """
    write = write_pool(database_url, size=1)
    tables = projection_pool(database_url)
    async with write, tables:
        outlet = Outlet()
        processor = Processor(tables, outlet)
        clock = Clock(write, StatementLog(write, write), settings.clock_seconds)
        async with outlet.listening(relay, processor.wake):
            with suppress(psycopg.Error, PoolTimeout):
                await clock.tick()  # after a long time off there is no partition for what comes now
            tell_ready()
            running = [asyncio.create_task(one.run()) for one in (processor, clock, References(write))]
            told = asyncio.create_task(stop.wait())
            done, _ = await asyncio.wait([told, *running], return_when=asyncio.FIRST_COMPLETED)
            told.cancel()
            await _ended(running)
            for one in done:
                one.result()


async def _ended(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel them until they have ended: the driver may take a cancellation for a cancelled query, and go on."""
    running = set(tasks)
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=0.5)
    await asyncio.gather(*tasks, return_exceptions=True)


def _tokens(settings: Settings, pool: Pool) -> Tokens | None:
    """What verifies bearer tokens, where the settings name their issuer."""
    if settings.oidc_issuer is None or settings.oidc_audience is None:
        return None
    issuer = Issuer(settings.oidc_issuer)
    return Tokens(pool, issuer, settings.oidc_audience, settings.oidc_scope_claim, settings.oidc_scope_prefix)
