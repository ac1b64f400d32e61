"""What was done.

The rule of this file: an IRI carries the meaning, and the display only words it for people (1.0.3 Data
2.4.3, 2.0.0 4.2.2.2).
"""

from __future__ import annotations

from typing import Final, NotRequired

from pydantic import with_config
from typing_extensions import TypedDict

from schemas.identifiers import Iri
from schemas.language_map import LanguageMap
from schemas.shape import STRICT

VOIDED: Final = "http://adlnet.gov/expapi/verbs/voided"
"""The one verb that the specification reserves (1.0.3 Data 2.3.2, 2.0.0 4.2.5)."""


@with_config(STRICT)
class Verb(TypedDict):
    """A verb, as it came."""

    id: Iri
    display: NotRequired[LanguageMap]
