"""Who an Agent is: its inverse functional identifier as one line of text, equal exactly when two Agents are the same.

xAPI Data 2.4.2.3: an Agent or identified Group is known by exactly one of mbox, mbox_sha1sum, openid, account.
"""

from collections.abc import Mapping
from typing import Any


def inverse_functional_identifier(actor: Mapping[str, Any]) -> str | None:
    """`mbox:…`, `mbox_sha1sum:…`, `openid:…` or `account:{homePage}|{name}`; None for an anonymous Group."""
    if "account" in actor:
        account = actor["account"]
        return f"account:{account['homePage']}|{account['name']}"
    for name in ("mbox", "mbox_sha1sum", "openid"):
        if name in actor:
            return f"{name}:{actor[name]}"
    return None
