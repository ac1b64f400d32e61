"""The body of a request, read piece by piece: never more of it is held than the limit allows."""

from fastapi import Request
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

from lrs.api.problems import BodyTooLarge


async def read_body(request: Request, most: int) -> bytes:
    """The whole body of a request. Raises BodyTooLarge and ClientDisconnect."""
    return await received(request.receive, request.headers.get("content-length"), most)


async def received(receive: Receive, length: str | None, most: int) -> bytes:
    """The whole body; `length` is its Content-Length, if it has one.

    Raises BodyTooLarge as soon as it is known to be longer than `most` bytes, and ClientDisconnect.
    """
    too_large = BodyTooLarge(f"The body is larger than {most} bytes.")
    if length is not None and int(length) > most:
        raise too_large
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk: bytes = message.get("body", b"")
        if not message.get("more_body", False) and not chunks and len(chunk) <= most:
            return chunk
        size += len(chunk)
        if size > most:
            raise too_large
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def given_back(body: bytes, receive: Receive) -> Receive:
    """A body that was read already, for somebody else to read; then whatever else comes."""
    said = False

    async def replayed() -> Message:
        nonlocal said
        if said:
            return await receive()
        said = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed
