"""Connections: every pool is opened here, with the settings its work needs."""

from psycopg import AsyncConnection
from psycopg.types.array import ListBinaryDumper
from psycopg_pool import AsyncConnectionPool

Pool = AsyncConnectionPool[AsyncConnection]


def write_pool(url: str, *, size: int = 4) -> Pool:
    """For appending: more than four connections add little; a statement that hangs is given up after 30 s."""
    return _pool(url, size, "lrs-write", "-c statement_timeout=30000")


def read_pool(url: str, *, size: int = 4) -> Pool:
    """For queries: planned for their actual values, so that chunks are excluded when planning."""
    return _pool(url, size, "lrs-read", "-c statement_timeout=30000 -c plan_cache_mode=force_custom_plan")


def document_pool(url: str) -> Pool:
    """For documents: of its own, so that those who wait for a turn at one document hold up no statements."""
    return _pool(url, 4, "lrs-documents", "-c statement_timeout=30000")


def attachment_pool(url: str) -> Pool:
    """For contents of attachments: of its own, so that large ones hold up nobody who has none."""
    return _pool(url, 2, "lrs-attachments", "-c statement_timeout=30000")


def access_pool(url: str) -> Pool:
    """For credentials: of its own, so that no slow query keeps anyone from signing in."""
    return _pool(url, 2, "lrs-access", "-c statement_timeout=5000")


def projection_pool(url: str) -> Pool:
    """For the processor: one connection writes read models, one reads the log."""
    return _pool(url, 2, "lrs-projection", "-c idle_in_transaction_session_timeout=60000")


def _pool(url: str, size: int, name: str, options: str) -> Pool:
    async def configure(connection: AsyncConnection) -> None:
        connection.adapters.register_dumper(list, ListBinaryDumper)  # as text every quote of a payload is escaped

    return AsyncConnectionPool(
        configure=configure,
        conninfo=url,
        min_size=min(2, size),
        max_size=size,
        open=False,
        name=name,
        timeout=5,
        check=None if name == "lrs-write" else AsyncConnectionPool.check_connection,
        kwargs={
            "autocommit": True,
            "application_name": name,
            "options": f"{options} -c TimeZone=UTC",  # the ends of the calendar fit no other zone
            "keepalives_idle": 30,
            "tcp_user_timeout": 30_000,
        },
    )
