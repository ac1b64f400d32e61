"""Amounts of time in the format with designators of ISO 8601:2004, section 4.4.3.2.

The rule of this file: a duration is a text and never a number of seconds, because months and years have no
fixed length (1.0.3 Data 2.3.1). Weeks stand alone (`P4W`, never `P4W1D`); only the smallest unit may have
decimals. Whatever lies beyond a hundredth of a second is accepted and left out of comparisons (1.0.3 Data
4.6, 2.0.0 4.2.7): it is cut off, never rounded.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import StringConstraints

from schemas.clauses import Clause

_WHOLE = "[0-9]+"
_LAST = "[0-9]+(?:[.,][0-9]+)?"


def _pattern() -> str:
    days, hours = ("Y", "M", "D"), ("H", "M", "S")
    forms = [f"{_LAST}W"]
    for units, before in ((days, ""), (hours, "".join(f"(?:{_WHOLE}{unit})?" for unit in days) + "T")):
        for index, unit in enumerate(units):
            larger = "".join(f"(?:{_WHOLE}{earlier})?" for earlier in units[:index])
            forms.append(f"{before}{larger}{_LAST}{unit}")
    return f"^P(?:{'|'.join(forms)})$"


DURATION_PATTERN = _pattern()
"""`PnYnMnDTnHnMnS` with any of its parts but at least one, or `PnW`."""

Duration = Annotated[str, StringConstraints(strict=True, pattern=DURATION_PATTERN)]

RULES: dict[str, tuple[str, Clause]] = {
    DURATION_PATTERN: ("must be an ISO 8601 duration such as PT1H30M or P4W", Clause.DURATION),
}
"""What each pattern demands, in words."""

_BEYOND_A_HUNDREDTH = re.compile(r"([.,][0-9]{2})[0-9]+S$")


def to_the_hundredth(duration: str) -> str:
    """The duration without what lies beyond a hundredth of a second: `PT1.129S` is `PT1.12S`."""
    if duration[-1] != "S" or (duration[-4:-3] in (".", ",") and duration[-3:-1].isdecimal()):
        return duration  # which most of them are
    return _BEYOND_A_HUNDREDTH.sub(r"\1S", duration)
