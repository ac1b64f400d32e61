"""Puts the parts together into one application: the only place, with `lrs.cli`, that knows them all."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lrs import dashboard
from lrs.access.credentials import Credentials
from lrs.api import about, analytics, courses, live, problems, projections, statements
from lrs.api.services import Services
from lrs.clock import Clock
from lrs.dashboard import pages
from lrs.database import access_pool, projection_pool, read_pool, write_pool
from lrs.settings import Settings
from lrs.statement_log.log import StatementLog
from lrs.statement_log.search import Search
from schemas.errors import QueryRefused
from schemas.version import XapiVersion, read_version
from streams.bus import Bus
from streams.processor import Processor

VERSION_HEADER = "X-Experience-API-Version"


def create_app(settings: Settings, database_url: str) -> FastAPI:
    """The application over a migrated database: API, processor and live pages in one process."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        write = write_pool(database_url, size=settings.write_connections)
        read = read_pool(database_url, size=settings.read_connections)
        tables = projection_pool(database_url)
        access = access_pool(database_url)
        async with write, read, tables, access:
            log = StatementLog(write, read)
            clock = Clock(write, log, settings.clock_seconds)
            bus = Bus()
            processor = Processor(tables, bus)
            app.state.services = Services(
                settings=settings,
                read=read,
                log=log,
                credentials=Credentials(access),
                search=Search(read),
                bus=bus,
                wake=processor.wake.set,
            )
            running = [asyncio.create_task(processor.run()), asyncio.create_task(clock.run())]
            yield
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    app = FastAPI(title="Live LRS", version=version("live-lrs"), lifespan=lifespan, openapi_url=None)
    problems.install(app)
    for router in (
        statements.router,
        about.router,
        projections.router,
        courses.router,
        live.router,
        analytics.router,
        pages.router,
    ):
        app.include_router(router)
    static = Path(dashboard.__file__).parent / "static"
    app.mount("/static", StaticFiles(directory=static), name="static")
    app.add_middleware(NamedVersion)
    return app


class NamedVersion:
    """Every answer under /xapi names the version it speaks, errors included (xAPI Communication 3.3)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/xapi"):
            await self._app(scope, receive, send)
            return
        try:
            spoken = read_version(Headers(scope=scope).get(VERSION_HEADER))
        except QueryRefused:
            spoken = XapiVersion.V1_0_3

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[VERSION_HEADER] = spoken.value
            await send(message)

        await self._app(scope, receive, named)
