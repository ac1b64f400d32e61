"""Who is asking, and may they: one dependency for each thing that a route lets one do.

xAPI 1.0.3 Communication 4.2 has the scopes. What is not said there: Agents, Activities, the course pages and the counts
are made from everyone's statements, so they need statements/read; only `all` may see or change credentials, or
set anything of courses and persons.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request

from lrs.access.credentials import Credential
from lrs.api.cross_origin import is_another_site
from lrs.api.services import SignedIn
from schemas.errors import OtherOrigin, ScopeMissing
from schemas.scope import Scope, in_order


def needs(*scopes: Scope) -> Callable[[Credential], Awaitable[Credential]]:
    """A dependency that answers the credential where it has any of these scopes; raises NotSignedIn, ScopeMissing."""

    async def permitted(who: SignedIn) -> Credential:
        permit(who, *scopes)
        return who

    return permitted


def permit(who: Credential, *scopes: Scope) -> None:
    """Raises ScopeMissing where the credential has none of these scopes."""
    if not who.may(*scopes):
        raise ScopeMissing(scopes, in_order(who.scopes))


StatementWriter = Annotated[Credential, Depends(needs(Scope.STATEMENTS_WRITE))]
StatementReader = Annotated[Credential, Depends(needs(Scope.STATEMENTS_READ_MINE))]
"""May read statements: all, or those that `credential.reads_only` vouches for."""
RecordReader = Annotated[Credential, Depends(needs(Scope.STATEMENTS_READ))]
StateReader = Annotated[Credential, Depends(needs(Scope.STATE, Scope.ALL_READ))]
StateWriter = Annotated[Credential, Depends(needs(Scope.STATE))]
ProfileReader = Annotated[Credential, Depends(needs(Scope.PROFILE, Scope.ALL_READ))]
ProfileWriter = Annotated[Credential, Depends(needs(Scope.PROFILE))]


async def administering(request: Request, who: Annotated[Credential, Depends(needs(Scope.ALL))]) -> Credential:
    """A credential that may do everything, and not because a page of another site borrowed it from a browser."""
    if is_another_site(request.headers.get("origin"), request.headers.get("host")):
        raise OtherOrigin
    return who


Administrator = Annotated[Credential, Depends(administering)]
