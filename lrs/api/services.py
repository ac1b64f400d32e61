"""What the routes work with; put together in `lrs.main`, found on the application's state."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends, Request

from lrs.access.credentials import Credential, Credentials
from lrs.access.tokens import Tokens, is_bearer
from lrs.api.shared_look import SharedLook
from lrs.attachments.store import Attachments
from lrs.configuration.store import Configurations
from lrs.database import Pool
from lrs.documents.store import Documents
from lrs.health.standing import Watch
from lrs.metrics.meter import Meter
from lrs.settings import Settings
from lrs.statement_log.definitions import Definitions
from lrs.statement_log.log import StatementLog
from lrs.statement_log.repairs import Repairs
from lrs.statement_log.replica import Replica
from lrs.statement_log.safe_bound import SafeBound
from lrs.statement_log.search import Search
from schemas.errors import NotSignedIn
from streams.bus import Bus


@dataclass(frozen=True, slots=True)
class Services:
    """One of each, for the life of the process."""

    settings: Settings
    read: Pool
    log: StatementLog
    documents: Documents
    attachments: Attachments
    repairs: Repairs
    credentials: Credentials
    configurations: Configurations
    primary_search: Search
    bus: Bus
    watch: Watch
    meter: Meter
    wake: Callable[[], None]
    """Call it after a commit: the processor looks at once instead of at its next poll."""
    tokens: Tokens | None = None
    """None where the settings name no issuer of bearer tokens."""
    replica: Replica | None = None
    """None where the settings name no replica; `read` is its pool where they do."""
    bound: SafeBound = field(default_factory=SafeBound)
    """The safe bound of the primary."""
    looks: defaultdict[Any, SharedLook] = field(default_factory=lambda: defaultdict(SharedLook), compare=False)
    """What is waited for, by how it is looked at."""

    @property
    def primary(self) -> Pool:
        """For what must be as new as the last commit."""
        return self.read if self.replica is None else self.replica.primary

    @property
    def search(self) -> Search:
        """Where this request reads: on the replica, where there is one and it is not passed over."""
        replica = self.replica
        return self.primary_search if replica is None or replica.pool.is_passed_over else replica.search

    @property
    def definitions(self) -> Definitions:
        """What the log says of Activities."""
        return self.log.definitions

    async def verify(self, authorization: str | None) -> Credential:
        """Whom an Authorization header stands for (xAPI 1.0.3 Communication 4.0). Raises NotSignedIn, TokenRefused."""
        if authorization is not None and self.tokens is not None and is_bearer(authorization):
            return await self.tokens.verify(authorization)
        credential = await self.credentials.verify(authorization)
        if credential is None:
            raise NotSignedIn
        return credential


async def services(request: Request) -> Services:
    """The application's services (async: FastAPI would send anything else to a thread)."""
    found: Services = request.app.state.services
    return found


async def signed_in(request: Request) -> Credential:
    """Who is asking, whatever they may do; a route asks for more with `lrs.api.signed_in`. Raises NotSignedIn."""
    return await (await services(request)).verify(request.headers.get("authorization"))


Serving = Annotated[Services, Depends(services)]
SignedIn = Annotated[Credential, Depends(signed_in)]
