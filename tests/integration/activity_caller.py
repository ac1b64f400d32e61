"""Asks for the activity over HTTP, in this process, of one database and as any of its tenants."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from lrs.access.credentials import Credentials
from lrs.api import analytics, problems
from lrs.api.services import Services
from lrs.attachments.store import Attachments
from lrs.configuration.store import Configurations
from lrs.database import read_pool
from lrs.documents.store import Documents
from lrs.health.standing import Watch
from lrs.metrics.meter import Meter
from lrs.settings import Settings
from lrs.statement_log.log import StatementLog
from lrs.statement_log.repairs import Repairs
from lrs.statement_log.search import Search
from streams.bus import Bus

PATH = "/api/analytics/activity"


class Caller:
    """Asks from tests that are not async themselves; `authorizations` has a header for each tenant."""

    def __init__(self, runner: asyncio.Runner, client: httpx.AsyncClient, authorizations: dict[int, str]) -> None:
        self._runner = runner
        self._client = client
        self._authorizations = authorizations

    def get(
        self,
        params: dict[str, str] | None = None,
        *,
        url: str = PATH,
        tenant: int = 1,
        authorization: str | None = None,
        accept: str = "*/*",
    ) -> httpx.Response:
        """The answer to a GET by a tenant, or by whoever `authorization` says."""
        headers = {"Accept": accept, "Authorization": authorization or self._authorizations[tenant]}

        async def ask() -> httpx.Response:
            return await self._client.get(url, params=params, headers=headers)

        return self._runner.run(ask())

    def rows(self, params: dict[str, str]) -> list[dict[str, Any]]:
        """The rows of an answer."""
        answer = self.get(params)
        assert answer.status_code == 200, answer.text
        return list(read_json(answer)["rows"])


def read_json(answer: httpx.Response) -> Any:
    """JSON without the loss of a digit."""
    return json.loads(answer.content, parse_float=Decimal)


def basic(pair: str) -> str:
    """The Authorization header of a `key:secret`."""
    return "Basic " + base64.b64encode(pair.encode()).decode()


@contextmanager
def calling(url: str) -> Iterator[Caller]:
    """A caller of the database at `url`, whose tenants are 1 and 2."""
    with asyncio.Runner() as runner:
        served = _serving(url)
        client, authorizations = runner.run(served.__aenter__())
        try:
            yield Caller(runner, client, authorizations)
        finally:
            runner.run(served.__aexit__(None, None, None))


@asynccontextmanager
async def _serving(url: str) -> AsyncIterator[tuple[httpx.AsyncClient, dict[int, str]]]:
    app = FastAPI()
    problems.install(app)
    app.include_router(analytics.router)
    async with read_pool(url) as pool:
        credentials = Credentials(pool)
        app.state.services = Services(
            settings=Settings(),
            read=pool,
            log=StatementLog(pool, pool),
            documents=Documents(pool),
            attachments=Attachments(pool, None),
            repairs=Repairs(pool),
            credentials=credentials,
            configurations=Configurations(pool, pool),
            primary_search=Search(pool),
            bus=Bus(),
            watch=Watch(pool),
            meter=Meter(Path("nowhere"), "test"),
            wake=lambda: None,
        )
        pairs = {tenant: await credentials.create(tenant) for tenant in (1, 2)}
        authorizations = {tenant: basic(pair) for tenant, pair in pairs.items() if pair is not None}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://lrs") as client:
            yield client, authorizations
