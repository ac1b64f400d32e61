"""Outlines out of a file, whoever wrote it. docs/rules.md, section 6.

The rule of this file: a file is of one of four formats; where nobody says which, its first bytes do.
"""

from collections.abc import Sequence
from typing import Final, Literal, get_args

from schemas.configuration_refusal import read_json, refuse
from schemas.course_outline import CourseOutline, read_outline
from schemas.errors import Violation
from schemas.outline_import.cmi5 import read_course_structure
from schemas.outline_import.cmi5_package import is_archive, read_package
from schemas.outline_import.open_edx import read_course_blocks
from schemas.outline_import.outline_yaml import read_yaml
from schemas.refusals import shown

Format = Literal["json", "yaml", "cmi5", "openedx"]
FORMATS: Final[tuple[Format, ...]] = get_args(Format)
CLAUSE: Final = "Rules 6"
_AT_HAND: Final = 10
"""Courses of a file that a refusal names."""


def guessed(file: bytes) -> Format:
    """The format of a file by its first bytes; a list and an object that has blocks are Open edX's."""
    start = file[:200].removeprefix(b"\xef\xbb\xbf").lstrip()
    if is_archive(file) or start.startswith(b"<"):
        return "cmi5"
    if start.startswith(b"["):
        return "openedx"
    if not start.startswith(b"{"):
        return "yaml"
    value = read_json(file, CLAUSE)
    return "openedx" if "blocks" in value else "json"


def read_outlines(
    file: bytes, format: Format, *, name: str | None = None, lms: str | None = None
) -> Sequence[CourseOutline]:
    """Every outline that a file has; only Open edX's may have several. Raises ConfigurationRefused.

    name: of the file. lms: the address of Open edX, such as https://lms.example.org.
    """
    match format:
        case "json":
            return [read_outline(read_json(file, CLAUSE))]
        case "yaml":
            return [read_yaml(file, name)]
        case "cmi5":
            return [(read_package if is_archive(file) else read_course_structure)(file, name)]
        case "openedx":
            return read_course_blocks(file, lms, name)


def outline_of(outlines: Sequence[CourseOutline], course: str) -> CourseOutline:
    """The one of this course. Raises ConfigurationRefused."""
    found = next((one for one in outlines if one.course == course), None)
    if found is None:
        others = ", ".join(one.course for one in outlines[:_AT_HAND])
        refuse([Violation("course", f"must be {course}, of which the outline is to be", CLAUSE, shown(others))])
    assert found is not None
    return found
