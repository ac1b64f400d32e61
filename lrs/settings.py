"""Every setting, from the environment (`LRS_…`) or the command line; `lrs settings` lists them."""

import os
from pathlib import Path
from typing import Annotated, Literal, Self

from platformdirs import user_data_path
from pydantic import Field, SecretStr, field_validator, model_validator
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
    read_database_url: Annotated[
        str | None,
        Field(
            pattern="^postgres(ql)?://",
            description="a streaming replica of it, which queries, course pages and counts are read from",
        ),
    ] = None
    redis_url: Annotated[
        str | None,
        Field(
            pattern="^(rediss?|unix)://",
            description="a Redis through which the processes of many machines tell each other of changes",
        ),
    ] = None
    redis_prefix: Annotated[
        str, Field(min_length=1, description="what its keys begin with; another for each store that uses that Redis")
    ] = "live-lrs"
    prepared_statements: Annotated[
        Literal["auto", "on"],
        Field(description="on: prepare statements behind a pooler too, as PgBouncer 1.22 lets one; auto: only without"),
    ] = "auto"
    bootstrap_credential: Annotated[
        SecretStr | None, Field(description="key:secret of a credential to create if it does not exist")
    ] = None
    oidc_issuer: Annotated[
        str | None,
        Field(
            pattern=r"^https?://[^\s?#]+$",
            max_length=500,
            description="issuer of bearer tokens that are taken, exactly as it calls itself, such as https://id.example.org",
        ),
    ] = None
    oidc_audience: Annotated[
        str | None,
        Field(min_length=1, description="whom those tokens must be meant for; needed with oidc_issuer"),
    ] = None
    oidc_scope_claim: Annotated[
        str, Field(min_length=1, description="claim of those tokens that lists their scopes")
    ] = "scope"
    oidc_scope_prefix: Annotated[
        str, Field(description="what xAPI scopes begin with there, such as xapi: for xapi:statements/write")
    ] = ""
    cors_origins: Annotated[
        str,
        Field(description="origins whose pages may call the API, with commas between; * is any, nothing is none"),
    ] = "*"
    unversioned_answer: Annotated[
        Literal["1.0.3", "1.0.2", "1.0.1", "2.0.0", "0.95", "0.9"],
        Field(description="version that an answer names where the request asks for none that is spoken"),
    ] = "1.0.3"
    body_seconds: Annotated[
        float, Field(gt=0, description="seconds a request may take to arrive, and one more for every 100 kB that came")
    ] = 60.0
    max_body_bytes: Annotated[int, Field(gt=0, description="largest request body, in bytes")] = 16_000_000
    max_held_bytes: Annotated[
        int, Field(gt=0, description="most bytes of request bodies that an API process holds at a time; beyond it, 503")
    ] = 128_000_000
    max_attachment_bytes: Annotated[
        int, Field(gt=0, description="largest request with attachments, in bytes: statements and contents together")
    ] = 100_000_000
    attachment_url: Annotated[
        str | None,
        Field(
            pattern="^(s3a?|gs|az|adl|azure|abfss?|https?|file|memory)://",
            description="object store for the contents of attachments, as s3://bucket/folder or file:///folder;"
            " the database where none is given",
        ),
    ] = None
    read_after_seconds: Annotated[
        float, Field(gt=0, le=60, description="longest that a request with X-LRS-Read-After waits before it is refused")
    ] = 5.0
    page_size: Annotated[int, Field(gt=0, le=10_000, description="most statements in one page")] = 100
    clock_seconds: Annotated[float, Field(gt=0, description="how often a clock event is written, in seconds")] = 3600.0
    workers: Annotated[
        int, Field(ge=1, le=64, description="API processes, beside the one that keeps the read models")
    ] = 1
    write_connections: Annotated[
        int | None, Field(gt=0, description="connections of each API process for storing statements; 4, or 3 of many")
    ] = None
    read_connections: Annotated[
        int | None, Field(gt=0, description="connections of each API process for queries; 4, or down to 2 of many")
    ] = None

    log_format: Annotated[
        Literal["text", "json"],
        Field(description="what the log is written as: text for people, json a line for machines"),
    ] = "text"
    trace_every: Annotated[
        int,
        Field(
            ge=1, description="one in so many statements is traced, where OTEL_EXPORTER_OTLP_ENDPOINT names a collector"
        ),
    ] = 100
    metrics_host: Annotated[
        str, Field(description="address of metrics_port; whoever reaches it may read what is measured")
    ] = "127.0.0.1"
    metrics_port: Annotated[
        int | None,
        Field(
            ge=1, le=65535, description="port for /metrics and the probes without a credential; none where not given"
        ),
    ] = None

    kafka_url: Annotated[
        str | None,
        Field(
            pattern=r"^kafka://[^\s/,]+:\d+(,[^\s/,]+:\d+)*$",
            description="Kafka that `lrs relay` sends the log to, as kafka://host:9092 or kafka://one:9092,two:9092; "
            "`lrs serve` then leaves the read models to `lrs worker`",
        ),
    ] = None
    kafka_topic: Annotated[
        str,
        Field(pattern=r"^[a-zA-Z0-9._-]{1,249}$", description="topic that carries the log; of one database alone"),
    ] = "lrs.log"
    kafka_partitions: Annotated[
        int,
        Field(ge=1, le=1024, description="partitions of that topic, so workers at most; chosen once, with the topic"),
    ] = 32

    @field_validator("kafka_url", mode="before")
    @classmethod
    def _none_where_empty(cls, value: str | None) -> str | None:
        return value or None  # a file for several services may leave it open

    @field_validator("bootstrap_credential")
    @classmethod
    def _key_and_secret(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            key, _, secret = value.get_secret_value().partition(":")
            if not (key and secret):
                raise ValueError("must be key:secret")
        return value

    @model_validator(mode="after")
    def _tokens_for_us_only(self) -> Self:
        if (self.oidc_issuer is None) != (self.oidc_audience is None):
            raise ValueError("LRS_OIDC_ISSUER and LRS_OIDC_AUDIENCE must be given together")
        return self

    @model_validator(mode="after")
    def _replica_of_something(self) -> Self:
        if self.read_database_url is not None and self.database_url is None:
            raise ValueError("LRS_READ_DATABASE_URL is a replica of LRS_DATABASE_URL, which must be given too")
        return self
