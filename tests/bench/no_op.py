"""What HTTP itself costs: a handler that reads the body and answers ids, in the kind of process that `lrs serve` is.

`python -m tests.bench.no_op`: it says where it listens in the words of `lrs serve`.
"""

import asyncio
import sys
from typing import Any

import msgspec
import uvicorn
from fastapi import FastAPI, Request, Response

from lrs.server_process import ServerProcess

_IDS = msgspec.json.encode(["00000000-0000-4000-8000-000000000000"])


def no_op() -> ServerProcess:
    """The server; entering answers its origin."""
    return ServerProcess([sys.executable, "-m", __name__], {})


def application() -> FastAPI:
    """One route, nothing behind it."""
    app = FastAPI(docs_url=None, redoc_url=None)

    @app.post("/xapi/statements")
    async def post_statements(request: Request) -> Response:
        await request.body()
        return Response(_IDS, 200, media_type="application/json")

    return app


class _Server(uvicorn.Server):
    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        print(f"xAPI endpoint  http://{host}:{port}/xapi", flush=True)


if __name__ == "__main__":
    config = uvicorn.Config(application(), host="127.0.0.1", port=0, log_level="warning", server_header=False)
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(_Server(config).serve())
