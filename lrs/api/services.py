"""What the routes work with; put together in `lrs.main`, found on the application's state."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from lrs.access.credentials import Credential, Credentials, NotSignedIn
from lrs.database import Pool
from lrs.settings import Settings
from lrs.statement_log.log import StatementLog
from lrs.statement_log.search import Search
from streams.bus import Bus


@dataclass(frozen=True, slots=True)
class Services:
    """One of each, for the life of the process."""

    settings: Settings
    read: Pool
    log: StatementLog
    credentials: Credentials
    search: Search
    bus: Bus
    wake: Callable[[], None]
    """Call it after a commit: the processor looks at once instead of at its next poll."""


async def services(request: Request) -> Services:
    """The application's services (async: FastAPI would send anything else to a thread)."""
    found: Services = request.app.state.services
    return found


async def signed_in(request: Request) -> Credential:
    """The credential of the request's HTTP Basic authorization (xAPI Communication 4.1); raises NotSignedIn."""
    credential = await (await services(request)).credentials.verify(request.headers.get("authorization"))
    if credential is None:
        raise NotSignedIn
    return credential


Serving = Annotated[Services, Depends(services)]
SignedIn = Annotated[Credential, Depends(signed_in)]
