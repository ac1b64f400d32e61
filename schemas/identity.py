"""Who an Agent is: its inverse functional identifier as one line of text, equal exactly when two Agents are the same.

xAPI Data 2.4.2.3: an Agent or identified Group is known by exactly one of mbox, mbox_sha1sum, openid, account. The
domain of an e-mail address and the digits of a SHA-1 mean the same in either case, here as in schemas/equivalence.py.
"""

from collections.abc import Mapping
from typing import Any


def inverse_functional_identifier(actor: Mapping[str, Any]) -> str | None:
    """`mbox:…`, `mbox_sha1sum:…`, `openid:…` or `account:{homePage}|{name}`; None for an anonymous Group."""
    if "account" in actor:
        account = actor["account"]
        return f"account:{account['homePage']}|{account['name']}"
    if "mbox" in actor:
        local, at, domain = actor["mbox"].rpartition("@")
        return f"mbox:{local}{at}{domain.lower()}"
    if "mbox_sha1sum" in actor:
        return f"mbox_sha1sum:{actor['mbox_sha1sum'].lower()}"
    return f"openid:{actor['openid']}" if "openid" in actor else None
