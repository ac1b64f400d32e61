"""Reading the statements of a request for whoever sends it: strictly, or with repairs where the credential has them.

The rule of this file: a repair is never silent. What came is kept before the statement that it was read as, and the
answer names the rules (docs/compatibility.md).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial
from urllib.parse import quote
from uuid import UUID

from lrs.access.credentials import Credential
from lrs.api.large_bodies import beside, read_beside
from schemas.judgement import Repair, read_repairing
from schemas.repair import Rule
from schemas.statement import NewStatement
from schemas.version import XapiVersion

REPAIRED = "X-LRS-Repaired"
"""How many statements of a request were repaired, and by which rules: `2; account-home-page=1, group-activity=2`."""


def home_page_of(who: Credential) -> str | None:
    """The homePage of accounts that came without one, which differs by credential; None where nothing is repaired."""
    return f"https://live-lrs.invalid/accounts-of/{quote(who.key, safe='')}" if who.compatibility else None


class Reading:
    """Reads the JSON of one request; afterwards it knows what was repaired."""

    def __init__(
        self, who: Credential, version: XapiVersion, *, statement_id: UUID | None = None, single: bool = False
    ) -> None:
        self.repairs: Sequence[Repair] = ()
        self._home_page = home_page_of(who)
        self._version = version
        self._statement_id = statement_id
        self._single = single

    async def __call__(self, body: bytes) -> list[NewStatement]:
        """What `read_statements` reads and raises."""
        if self._home_page is None:
            return await read_beside(body, self._version, statement_id=self._statement_id, single=self._single)
        read = partial(
            read_repairing,
            body,
            self._version,
            self._home_page,
            statement_id=self._statement_id,
            single=self._single,
        )
        statements, self.repairs = await beside(body, read)
        return statements


def repaired_header(repairs: Iterable[Repair]) -> dict[str, str]:
    """The header of an answer; nothing where nothing was repaired."""
    rules = [one.rules for one in repairs]
    if not rules:
        return {}
    counts = Counter(rule for each in rules for rule in each)
    named = ", ".join(f"{rule}={counts[rule]}" for rule in Rule if rule in counts)
    return {REPAIRED: f"{len(rules)}; {named}"}
