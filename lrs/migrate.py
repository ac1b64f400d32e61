"""Bringing a database to the schema this code expects: a command of its own, never a side effect of serving."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import NullPool

import migrations


def migrate(url: str) -> None:
    """Apply every migration that the database at `url` (a libpq URL) does not have yet."""
    with _engine(url).begin() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def revision_of(url: str) -> str | None:
    """The revision the database is at; None where nothing was ever migrated."""
    with _engine(url).connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def expected_revision() -> str:
    """The revision this code is written for."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def revisions() -> list[str]:
    """Every revision that this code has, the newest first."""
    return [one.revision for one in ScriptDirectory.from_config(_config()).walk_revisions()]


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    return config


def _engine(url: str) -> Engine:
    scheme, rest = url.split("://", 1)
    assert scheme in ("postgresql", "postgres")
    once = {"prepare_threshold": None}  # a pooler would keep what is prepared for whoever comes next
    return create_engine(f"postgresql+psycopg://{rest}", poolclass=NullPool, connect_args=once)
