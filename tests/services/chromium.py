"""The browser of the browser tests is the system's Chromium, never one that a package downloads."""

import shutil
from pathlib import Path

from tests.services.missing import ServiceMissingError


def chromium() -> Path:
    """The program to start; raises ServiceMissingError where there is none."""
    if program := shutil.which("chromium"):
        return Path(program)
    raise ServiceMissingError("there is no chromium: run `make services`")
