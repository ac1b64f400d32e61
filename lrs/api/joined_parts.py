"""Delimiters right behind a content, without the line break that belongs before them (RFC 2046, 5.1.1).

@xapi/xapi, TinCanJS and ADL's xAPIWrapper write such bodies as soon as a request has two contents. The rule of this
file: it says where such a delimiter may be, and no more. A content may have the same bytes, so it takes somebody who
knows whether the content is whole, by its hash, to decide.
"""

from typing import Final

LINE_BREAK: Final = b"\r\n"
MOST: Final = 1_000
"""So many places are shown: a body may be made of nothing else."""


class JoinedParts:
    """Cuts the chunks of a body; joined together, the pieces are the body."""

    def __init__(self, boundary: bytes) -> None:
        self._delimiter = b"--" + boundary + LINE_BREAK
        self._kept = LINE_BREAK
        """The last two bytes that were given, and those that may begin a delimiter; a line begins with the body."""
        self._left = MOST

    def cut(self, chunk: bytes) -> list[bytes]:
        """One piece or more, which may be empty; where one ends and the next begins, there may be such a delimiter."""
        text = self._kept + chunk
        pieces = []
        given = len(LINE_BREAK)
        place = text.find(self._delimiter, given)
        while place >= 0 and self._left:
            if not text.startswith(LINE_BREAK, place - len(LINE_BREAK)):
                pieces.append(text[given:place])
                given = place
                self._left -= 1
            place = text.find(self._delimiter, place + 1)
        end = max(given, len(text) - len(self._delimiter) + 1)
        pieces.append(text[given:end])
        self._kept = text[end - len(LINE_BREAK) :]
        return pieces

    def rest(self) -> bytes:
        """What is left when no more chunks come."""
        return self._kept[len(LINE_BREAK) :]
