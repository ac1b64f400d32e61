"""Every test has a database of its own; a migrated one is a copy of one that was migrated once a session."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
from psycopg import sql

from lrs.migrate import migrate
from tests.services.postgres import PostgresServer


@contextmanager
def fresh_database(server: PostgresServer) -> Iterator[str]:
    """The libpq URL of a new empty database, with TimescaleDB where `server` has it; dropped at the end."""
    name = _create(server)
    try:
        _load_timescaledb(url_of(server, name))
        yield url_of(server, name)
    finally:
        _drop(server, name)


@contextmanager
def migrated_database(server: PostgresServer) -> Iterator[str]:
    """The libpq URL of a new database with the product's schema and no data; dropped at the end."""
    name = _create(server, template=_template(server))
    try:
        yield url_of(server, name)
    finally:
        _drop(server, name)


def url_of(server: PostgresServer, database: str) -> str:
    """The URL of another database of `server`."""
    return urlsplit(server.url)._replace(path=f"/{database}").geturl()


def drop_template(server: PostgresServer) -> None:
    """Remove the database that `migrated_database` copies; for a server that outlives the tests."""
    if server.template is not None:
        _drop(server, server.template)
        server.template = None


def _template(server: PostgresServer) -> str:
    """A migrated database that nobody can be connected to, which is what PostgreSQL asks of a template.

    TimescaleDB's launcher connects to every database that allows it, so closing this one keeps that away too.
    """
    if server.template is None:
        name = _create(server)
        try:
            migrate(url_of(server, name))
        except BaseException:
            _drop(server, name)
            raise
        _execute(server.url, sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(sql.Identifier(name)))
        server.template = name
    return server.template


def _create(server: PostgresServer, *, template: str = "template1") -> str:
    name = f"lrs_test_{uuid4().hex[:12]}"
    _execute(
        server.url,
        sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)),
    )
    return name


def _drop(server: PostgresServer, name: str) -> None:
    _execute(server.url, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _load_timescaledb(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        offered = connection.execute("SELECT FROM pg_available_extensions WHERE name = 'timescaledb'")
        if offered.rowcount:
            connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")


def _execute(url: str, statement: sql.Composed) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)
