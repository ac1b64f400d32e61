"""Our own form of an outline, in YAML: what docs/rules.md, section 6, shows.

The rule of this file: the YAML is the outline's JSON and nothing more. No tags, no anchors and aliases (so nothing
grows when it is read), no key twice; what YAML would take for a date stays text. What is written reads back the same.
"""

from __future__ import annotations

from typing import Any, Final

import yaml

from schemas.configuration_refusal import as_json, refuse
from schemas.course_outline import CourseOutline, read_outline
from schemas.errors import ConfigurationRefused, Violation
from schemas.outline_import.lines import at_line, with_lines
from schemas.refusals import Path, shown, written

CLAUSE: Final = "Rules 6"
LARGEST: Final = 5_000_000
"""Bytes of a document."""
DEEPEST: Final = 60
_TAG: Final = "tag:yaml.org,2002:"
_Loader: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Dumper: Final[Any] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Refused(Exception):
    def __init__(self, rule: str, line: int, path: Path, found: str) -> None:
        self.rule, self.line, self.path, self.found = rule, line, path, found


def read_yaml(document: bytes, name: str | None = None) -> CourseOutline:
    """The outline that a document says. Raises ConfigurationRefused, with every fault and its line."""
    if len(document) > LARGEST:
        refuse([Violation("", f"must have at most {LARGEST} bytes", CLAUSE, f"{len(document)} bytes")])
    lines: dict[Path, int] = {}
    value: Any = None
    try:
        text = document.decode("utf-8-sig")
        _bounded(text)
        node = yaml.compose(text, Loader=_Loader)
        value = None if node is None else _built(node, (), lines)
    except UnicodeDecodeError as error:
        refuse([Violation("", "must be UTF-8", CLAUSE, str(error)[:100])])
    except _Refused as error:
        refuse([Violation(at_line(error.line, written(error.path)), error.rule, CLAUSE, error.found)])
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = 1 if mark is None else mark.line + 1
        found = str(getattr(error, "problem", None) or error)[:100]
        refuse([Violation(at_line(line, ""), "must be well-formed YAML", CLAUSE, found)])
    if isinstance(value, dict) and "source" not in value:
        value["source"] = {"kind": "yaml"} | ({"name": name} if name else {})
    try:
        return read_outline(value)
    except ConfigurationRefused as error:
        raise ConfigurationRefused(with_lines(error.violations, lines)) from None


def write_yaml(outline: CourseOutline) -> str:
    """The outline as a document that `read_yaml` reads as the same outline."""
    text: str = yaml.dump(as_json(outline), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    return text


def _bounded(text: str) -> None:
    """Refuses what would have to be walked through by recursion too deep, or grows by aliases."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        line = 1 if event.start_mark is None else event.start_mark.line + 1
        anchor = getattr(event, "anchor", None)  # of an anchor, and of an alias to it
        if anchor is not None:
            raise _Refused("must have no anchors and aliases", line, (), shown(anchor))
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            raise _Refused(f"must not be nested more than {DEEPEST} deep", line, (), str(depth))


def _built(node: Any, path: Path, lines: dict[Path, int]) -> Any:
    line = lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode) and node.tag == _TAG + "seq":
        return [_built(one, (*path, index), lines) for index, one in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode) and node.tag == _TAG + "map":
        found: dict[str, Any] = {}
        for name, one in node.value:
            if not isinstance(name, yaml.ScalarNode) or name.tag != _TAG + "str":
                raise _Refused("must have keys that are text", name.start_mark.line + 1, path, shown(str(name.value)))
            key = str(name.value)
            if key in found:
                raise _Refused("must be there no more than once", name.start_mark.line + 1, (*path, key), shown(key))
            found[key] = _built(one, (*path, key), lines)
        return found
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node, line, path)
    raise _Refused("must have no tags", line, path, shown(node.tag))


def _scalar(node: yaml.ScalarNode, line: int, path: Path) -> Any:
    text = str(node.value)
    try:
        match node.tag.removeprefix(_TAG):
            case "str" | "timestamp":
                return text
            case "null":
                return None
            case "bool":
                return text.lower() in ("true", "yes", "on")
            case "int":
                return int(text.replace("_", ""))
            case "float":
                return float(text.replace("_", "").lower().replace(".inf", "inf").replace(".nan", "nan"))
    except ValueError:
        raise _Refused("must be a decimal number", line, path, shown(text[:100])) from None
    raise _Refused("must have no tags", line, path, shown(node.tag))
