"""Who vouches for statements: an Agent, or an application and its user together; each kept once, known by its number.

xAPI 1.0.3 Data 2.4.9: the LRS sets the authority of every statement from the credential it came with.
"""

from typing import Any

import msgspec
from psycopg import AsyncConnection

from lrs.access.sql import QUERIES
from lrs.statement_log.log import Authority

HOME_PAGE = "https://live-lrs.invalid/credential"
"""homePage of the account that stands for a credential in a statement's authority."""


def account_agent(home_page: str, name: str) -> dict[str, Any]:
    """An Agent known by its account."""
    return {"objectType": "Agent", "account": {"homePage": home_page, "name": name}}


def pair(application: dict[str, Any], user: dict[str, Any]) -> dict[str, Any]:
    """An application and its user: an anonymous Group of exactly two (Data 2.4.9)."""
    return {"objectType": "Group", "member": [application, user]}


async def authority_of(connection: AsyncConnection, tenant: int, agent: dict[str, Any]) -> Authority:
    """The authority of an Agent, made if it is new."""
    text = msgspec.json.encode(agent).decode()
    values = {"tenant": tenant, "agent": text}
    while True:  # where somebody makes it at the same time, neither statement sees it, but the next one does
        for query in (QUERIES.find_authority, QUERIES.add_authority):
            row = await (await connection.execute(query.sql, values)).fetchone()
            if row is not None:
                return Authority(row[0], text, agent)
