"""Puts the parts together: the only place, with `lrs.serving` and `lrs.serve_command`, that knows them all."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext, suppress
from functools import partial
from importlib.metadata import version
from multiprocessing import current_process
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
    completions,
    configuration,
    courses,
    credentials,
    days,
    dead_letters,
    documents,
    due_dates,
    edges,
    explain,
    grade_policy,
    grades,
    health,
    items,
    learners,
    live,
    mappings,
    media,
    metrics,
    outline,
    overrides,
    persons,
    problems,
    progress,
    projections,
    reference,
    rules,
    schemas,
    set_outline,
    statements,
    unassigned,
    what_if,
)
from lrs.api.held_bodies import HeldBodies
from lrs.api.identified import Identified
from lrs.api.measured import Measured
from lrs.api.metrics import OwnAddress
from lrs.api.services import Services
from lrs.api.short_read import ShortRead
from lrs.api.short_way import ShortWay
from lrs.attachments.objects import Objects
from lrs.attachments.store import Attachments
from lrs.chosen_redis import chosen_redis, redis_inlet, redis_outlet
from lrs.clock import Clock
from lrs.configuration.store import Configurations
from lrs.connection_plan import Sizes, connection_plan
from lrs.dashboard import pages
from lrs.dashboard.channels import Channels
from lrs.database import (
    Pool,
    access_pool,
    attachment_pool,
    document_pool,
    projection_pool,
    read_pool,
    replica_pool,
    worlds_pool,
    write_pool,
)
from lrs.documents.store import Documents
from lrs.health.standing import Watch
from lrs.metrics import sources
from lrs.metrics.meter import Meter
from lrs.settings import Settings
from lrs.statement_log.log import StatementLog
from lrs.statement_log.references import References
from lrs.statement_log.repairs import Repairs
from lrs.statement_log.replica import Replica, ReplicaBound, read_models_position
from lrs.statement_log.safe_bound import SafeBound
from lrs.statement_log.search import Search
from lrs.stopping import ended
from lrs.tracing.chosen import chosen_traces, traced
from lrs.worlds.builder import Builder
from streams.bus import Bus
from streams.process_bus import Inlet, Outlet
from streams.processor import Processor


def create_app(settings: Settings, database_url: str, relay: Path) -> FastAPI:
    """The application over a migrated database: the API and the live pages, told of changes at `relay`.

    Raises AttachmentUrlUnusable.
    """
    objects = None if settings.attachment_url is None else Objects(settings.attachment_url)
    meter = Meter(relay.parent, current_process().name)
    meter.add(sources.of_process)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        sizes = connection_plan(settings).sizes
        primary = read_pool(database_url, size=sizes.stand_in or sizes.read)
        replica = _replica(settings, primary, sizes)
        read, stand_in = (primary, None) if replica is None else (replica.pool, replica.pool)
        write = write_pool(database_url, size=sizes.write, prepared=settings.prepared_statements)
        access = access_pool(database_url, size=sizes.access, stand_in=stand_in)
        kept = document_pool(database_url, size=sizes.documents)
        contents = attachment_pool(database_url, size=sizes.attachments, stand_in=stand_in)
        async with write, primary, stand_in or nullcontext(), access, kept, contents:
            log = StatementLog(write, read)
            bound = SafeBound()
            bus = Bus()
            place = chosen_redis(settings)
            known = Credentials(access, None if place is None else place.tell_changed)
            at = partial(_reached, primary)
            inlet = Inlet(relay, bus) if place is None else redis_inlet(place, bus, at, known.forget)
            app.state.services = Services(
                settings=settings,
                read=read,
                log=log,
                documents=Documents(kept),
                attachments=Attachments(contents, objects),
                repairs=Repairs(write),
                credentials=known,
                configurations=Configurations(kept, read, primary),
                primary_search=Search(primary, bound),
                bus=bus,
                watch=Watch(access),
                meter=meter,
                wake=inlet.wake,
                tokens=_tokens(settings, access),
                replica=replica,
                bound=bound,
            )
            app.state.traces = chosen_traces(primary, every=settings.trace_every, process=current_process().name)
            pools = [write, primary, access, kept, contents, *([] if stand_in is None else [stand_in])]
            for source in (sources.of_log(log), sources.of_pools(pools), sources.of_live(bus, partial(_channels, app))):
                meter.add(source)
            running = [asyncio.create_task(inlet.run()), asyncio.create_task(meter.run())]
            yield
            await ended(running)
            if app.state.traces is not None:
                await app.state.traces.close()

    app = FastAPI(title="Live LRS", version=version("live-lrs"), lifespan=lifespan, openapi_url=None)
    problems.install(app)
    for router in (
        statements.router,
        documents.router,
        agents.router,
        activities.router,
        about.router,
        health.router,
        metrics.router,
        projections.router,
        dead_letters.router,
        courses.router,
        live.router,
        outline.router,
        learners.router,
        progress.router,
        grades.router,
        completions.router,
        media.router,
        items.router,
        days.router,
        unassigned.router,
        explain.router,
        what_if.router,
        analytics.router,
        credentials.router,
        configuration.router,
        set_outline.router,
        rules.router,
        grade_policy.router,
        due_dates.router,
        overrides.router,
        mappings.router,
        persons.router,
        schemas.router,
        reference.router,
        pages.router,
    ):
        app.include_router(router)
    app.state.meter = meter
    static = Path(dashboard.__file__).parent / "static"
    app.mount("/static", StaticFiles(directory=static), name="static")
    edges.install(app, settings)
    return app


def application(settings: Settings, database_url: str, relay: Path) -> ASGIApp:
    """What an API process serves: the application, the short ways into it, and a bound on what all hold."""
    app = create_app(settings, database_url, relay)
    ways = ShortRead(ShortWay(app, settings), app, settings)
    bodies = HeldBodies(ways, most=settings.max_held_bytes, each=settings.max_body_bytes)
    measured = Measured(bodies)
    app.state.meter.add(sources.of_requests(measured, bodies))
    port = settings.metrics_port
    answering = measured if port is None else OwnAddress(measured, app, port)
    return Identified(traced(answering, app))


async def run_processor(
    settings: Settings, database_url: str, relay: Path, stop: asyncio.Event, tell_ready: Callable[[], None]
) -> None:
    """What the other process does until it is told to stop: keep the read models, write clock events, settle
    references, and build courses as of other positions. Raises what ends one of them: whoever started the process
    starts it again.
    """
    write = write_pool(database_url, size=1, prepared=settings.prepared_statements)
    tables = projection_pool(database_url, prepared=settings.prepared_statements)
    worlds = worlds_pool(database_url, prepared=settings.prepared_statements)
    async with write, tables, worlds:
        place = chosen_redis(settings)
        outlet = Outlet() if place is None else redis_outlet(place)
        processor = Processor(tables, outlet, stands_by=settings.kafka_url is not None)
        meter = Meter(relay.parent, current_process().name)
        meter.add(sources.of_process)
        meter.add(sources.of_pools([write, tables, worlds]))
        traces = chosen_traces(tables, every=settings.trace_every, process=current_process().name)
        if traces is not None:
            outlet.on_publish = traces.projected
        clock = Clock(write, StatementLog(write, write), settings.clock_seconds)
        here = (
            outlet.listening(relay, processor.wake) if isinstance(outlet, Outlet) else outlet.listening(processor.wake)
        )
        async with here:
            with suppress(psycopg.Error, PoolTimeout):
                await clock.tick()  # after a long time off there is no partition for what comes now
            tell_ready()
            running = [
                asyncio.create_task(one.run()) for one in (processor, clock, References(write), Builder(worlds), meter)
            ]
            told = asyncio.create_task(stop.wait())
            done, _ = await asyncio.wait([told, *running], return_when=asyncio.FIRST_COMPLETED)
            told.cancel()
            await ended(running)
            if traces is not None:
                await traces.close()
            for one in done:
                one.result()


def _channels(app: FastAPI) -> Channels | None:
    return getattr(app.state, "channels", None)


async def _reached(pool: Pool) -> int:
    """Where the read models stand."""
    async with pool.connection() as connection:
        return await read_models_position(connection)


def _replica(settings: Settings, primary: Pool, sizes: Sizes) -> Replica | None:
    """What is read from the replica, where the settings name one."""
    if settings.read_database_url is None:
        return None
    pool, bound = replica_pool(settings.read_database_url, primary, size=sizes.read), ReplicaBound(primary)
    return Replica(pool, primary, bound, Search(pool, bound))


def _tokens(settings: Settings, pool: Pool) -> Tokens | None:
    """What verifies bearer tokens, where the settings name their issuer."""
    if settings.oidc_issuer is None or settings.oidc_audience is None:
        return None
    issuer = Issuer(settings.oidc_issuer)
    return Tokens(pool, issuer, settings.oidc_audience, settings.oidc_scope_claim, settings.oidc_scope_prefix)
