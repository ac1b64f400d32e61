"""Every setting, from the environment (`LRS_…`) or the command line; `lrs settings` lists them."""

import os
from pathlib import Path
from typing import Annotated

from platformdirs import user_data_path
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


def default_data_dir() -> Path:
    """The user's data folder; for root /var/lib, since the database's own user must be able to reach it."""
    return Path("/var/lib/live-lrs") if hasattr(os, "geteuid") and os.geteuid() == 0 else user_data_path("live-lrs")


class Settings(BaseSettings):
    """The settings of one server."""

    model_config = SettingsConfigDict(env_prefix="LRS_", extra="forbid")

    host: Annotated[str, Field(description="address to listen on")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, description="port to listen on; 0 takes a free one")] = 8080
    data_dir: Annotated[
        Path, Field(description="folder of the embedded PostgreSQL, used when no database_url is given")
    ] = Field(default_factory=default_data_dir)
    database_url: Annotated[
        str | None,
        Field(pattern="^postgres(ql)?://", description="a PostgreSQL or TimescaleDB of your own, as postgresql://…"),
    ] = None
    bootstrap_credential: Annotated[
        SecretStr | None, Field(description="key:secret of a credential to create if it does not exist")
    ] = None
    max_body_bytes: Annotated[int, Field(gt=0, description="largest request body, in bytes")] = 16_000_000
    page_size: Annotated[int, Field(gt=0, le=10_000, description="most statements in one page")] = 100
    clock_seconds: Annotated[float, Field(gt=0, description="how often a clock event is written, in seconds")] = 3600.0
    write_connections: Annotated[int, Field(gt=0, description="connections for storing statements")] = 4
    read_connections: Annotated[int, Field(gt=0, description="connections for queries")] = 4
