"""The course structure within a cmi5 package: the file cmi5.xml at the top of a ZIP archive (cmi5 14.1).

The rule of this file: nothing but that one file is unpacked, by the two methods that every archive knows, and no more
of it than a course structure may be long, whatever the archive says of its size.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import Final

from schemas.configuration_refusal import refuse
from schemas.course_outline import CourseOutline
from schemas.errors import Violation
from schemas.outline_import.cmi5 import read_course_structure
from schemas.outline_import.xml_tree import LARGEST

CLAUSE: Final = "cmi5 14.1"
FILE: Final = "cmi5.xml"
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_UNREADABLE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    NotImplementedError,
    RuntimeError,
)


def read_package(archive: bytes, name: str | None = None) -> CourseOutline:
    """The outline of a package. Raises ConfigurationRefused, with every fault."""
    document = b""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as package:
            method = package.getinfo(FILE).compress_type
            if method not in _METHODS:
                refuse([Violation(FILE, "must be stored or deflated", CLAUSE, f"method {method}")])
            with package.open(FILE) as file:
                document = file.read(LARGEST + 1)
    except KeyError:
        refuse([Violation(FILE, "must be at the top of the archive", CLAUSE, "nothing")])
    except _UNREADABLE as error:
        refuse([Violation("", "must be a ZIP archive that can be unpacked", CLAUSE, str(error)[:100])])
    return read_course_structure(document, name)


def is_archive(data: bytes) -> bool:
    """Whether the data begin as a ZIP archive does."""
    return data[:2] == b"PK"
