"""The shapes of what can be set and how it is answered, by their names in the reference."""

import json
from typing import Any, Final

import msgspec
from pydantic import TypeAdapter

from lrs.api.due_dates import DueDate
from lrs.api.mappings import Place
from lrs.api.overrides import Override
from lrs.api.persons import Merge
from lrs.configuration import shown
from lrs.configuration.store import Change
from lrs.reference.operation import Json
from schemas import course_outline, grade_policy

ANSWERED: Final = (
    shown.CourseConfiguration,
    shown.TenantConfiguration,
    shown.History,
    shown.RuleInForce,
    shown.PolicyInForce,
    shown.Mapping,
    Change,
)
_NAMES: Final = {name: name for name in ("CompletionRule", "OutlineNode")} | {"Source": "OutlineSource"}


def configuration_shapes(template: str) -> Json:
    """Every shape by its name; template: what a reference begins with."""
    _, found = msgspec.json.schema_components(ANSWERED, ref_template=f"{template}{{name}}")
    for kind in (DueDate, Override, Place, Merge):
        found[kind.__name__] = TypeAdapter[Any](kind).json_schema()
    found |= _renamed("Outline", course_outline.json_schema(), "Rule", template)
    found |= _renamed("GradePolicy", grade_policy.json_schema(), "Grade", template)
    return found


def _renamed(name: str, schema: Json, prefix: str, template: str) -> Json:
    """A schema and those within it as components; the names of these are common words."""
    names = {inner: _NAMES.get(inner, f"{prefix}{inner}") for inner in schema["$defs"]}
    text = json.dumps(schema)
    for inner, other in names.items():
        text = text.replace(f'"#/$defs/{inner}"', f'"{template}{other}"')
    plain: Json = json.loads(text)
    inner_schemas = plain.pop("$defs")
    return {name: plain} | {other: inner_schemas[inner] for inner, other in names.items()}
