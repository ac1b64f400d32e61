"""A map of whatever a community of practice needs, keyed by IRI.

The rule of this file: the keys are IRIs and the values are anything at all, null included; a statement is
never refused for what an extension holds (1.0.3 Data 4.1, 2.0.0 4.2.7).
"""

from __future__ import annotations

from typing import Any

from schemas.identifiers import Iri

Extensions = dict[Iri, Any]
