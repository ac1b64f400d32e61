"""Where content packages come from: another origin than the store's, with the libraries that they load."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from tests.services import node_clients
from tests.services.lrs_server import CREDENTIAL

PAGE = b"<!doctype html><html><head><title>A lesson</title></head><body></body></html>"
TOKEN = base64.b64encode(":".join(CREDENTIAL).encode()).decode()


class _Handler(SimpleHTTPRequestHandler):
    """/lesson is an empty page; /fetch gives a credential, as cmi5 has it; the rest are files of the libraries."""

    def do_GET(self) -> None:
        if self.path.partition("?")[0] == "/lesson":
            self._answer("text/html", PAGE)
        else:
            super().do_GET()

    def do_POST(self) -> None:
        self._answer("application/json", b'{"auth-token":"%s"}' % TOKEN.encode())

    def _answer(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@contextmanager
def content_pages() -> Iterator[str]:
    """The origin of the pages. Raises ServiceMissingError where the libraries are not installed."""
    handler = partial(_Handler, directory=str(node_clients.modules()))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
