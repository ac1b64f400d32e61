"""`lrs load`: moves the history of another LRS into the log, past HTTP, with `stored` and authority as they came.

A command of whoever owns the database and no endpoint: whoever may say when something was stored may write history.
"""

import asyncio
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Never

import click
import msgspec
from pydantic import TypeAdapter, ValidationError
from tqdm import tqdm

from lrs.access.credentials import DEFAULT_TENANT
from lrs.chosen_database import chosen_database
from lrs.console import reached, settings_of, told
from lrs.statement_files import Cursor, Source, find_sources, read_entries
from lrs.statement_log.load_rows import Chunk, Text
from lrs.statement_log.load_transaction import OtherWriter
from lrs.statement_log.loading import LoadReport, load
from schemas.actor import Authority
from schemas.errors import NotFound
from schemas.json_text import NotRecordable, read
from schemas.version import XapiVersion

CHUNK_STATEMENTS = 4000
CHUNK_BYTES = 16_000_000
"""A transaction stores no more, unless one statement is larger."""
SHOWN = 20


@click.command(name="load")
@click.argument("paths", metavar="FILE...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--authority", help="JSON of the Agent that vouches for statements which name none.")
@click.option("--tenant", default=DEFAULT_TENANT, show_default=True, help="Whose statements these are.")
@click.option(
    "--workers",
    default=os.cpu_count() or 1,
    show_default="cores",
    type=click.IntRange(0, 64),
    help="Processes that judge statements, beside this one; 0: none.",
)
@click.option("--data-dir", type=click.Path(path_type=Path), help="Folder of the embedded PostgreSQL.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
def load_command(
    *,
    paths: tuple[Path, ...],
    authority: str | None,
    tenant: int,
    workers: int,
    data_dir: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Load files or folders of statements into the log itself: JSON, NDJSON, gzip, as another LRS exports them.

    They must come in the order in which they were stored, and none before the newest in the log. No server may be at
    work on the database. Interrupted, run it again.
    """
    vouching = None if authority is None else _agent(authority)
    sources = [source for path in paths for source in find_sources(path)]
    unreadable = LoadReport()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with (
        chosen_database(settings_of(data_dir=data_dir)) as url,
        _bar(sources, quiet=quiet) as bar,
        reached(),
        told(OtherWriter, NotFound),
    ):
        report = asyncio.run(
            load(
                url,
                _chunks(sources, unreadable, bar),
                tenant=tenant,
                authority=vouching,
                workers=workers,
                told=lambda so_far: bar.set_postfix_str(f"{so_far.stored} stored, {so_far.refused} refused"),
            )
        )
    report.add_refused(unreadable)
    click.echo(msgspec.json.encode(report) if as_json else _as_text(report))
    raise SystemExit(report.exit_code)


def _agent(text: str) -> str:
    """The Agent as it is kept. Raises click.BadParameter."""
    try:
        raw = msgspec.json.decode(text, type=msgspec.Raw)
        agent = TypeAdapter(Authority).validate_python(read(bytes(raw)))
    except (msgspec.DecodeError, NotRecordable, ValidationError) as error:
        raise click.BadParameter(f"must be the JSON of an Agent: {error}", param_hint="--authority") from None
    return msgspec.json.encode(agent).decode()


@contextmanager
def _bar(sources: Sequence[Source], *, quiet: bool) -> "Iterator[tqdm[Never]]":
    with tqdm(
        total=sum(source.size for source in sources), unit="B", unit_scale=True, disable=True if quiet else None
    ) as bar:
        yield bar


def _chunks(sources: Sequence[Source], unreadable: LoadReport, bar: "tqdm[Never]") -> Iterator[Chunk]:
    """The statements of all files, in their order; what is none is refused in `unreadable`."""
    texts: list[Text] = []
    places: list[str] = []
    size = 0
    for source in sources:
        disk = 0
        for entry in read_entries(source, Cursor()):
            bar.update(entry.disk - disk)
            disk = entry.disk
            if entry.fault is not None:
                unreadable.refuse(entry.place, entry.fault)
                continue
            if texts and (len(texts) >= CHUNK_STATEMENTS or size + len(entry.raw) > CHUNK_BYTES):
                yield Chunk(texts, places)
                texts, places, size = [], [], 0
            version = XapiVersion.V2_0_0 if (entry.version or "").startswith("2.0") else XapiVersion.V1_0_3
            texts.append(Text(entry.raw, version))
            places.append(entry.place)
            size += len(entry.raw)
        bar.update(source.size - disk)
    if texts:
        yield Chunk(texts, places)


def _as_text(report: LoadReport) -> str:
    rate = (report.stored + report.known) / report.seconds if report.seconds else 0.0
    lines = [
        f"{report.stored} stored, {report.known} known already, {report.refused} refused in {report.seconds:.1f} s"
        f" ({rate:.0f}/s)."
    ]
    for refusal in report.refusals[:SHOWN]:
        lines.append(f"  {refusal.place}")
        lines.extend(f"      {violation}" for violation in refusal.violations)
    if report.refused > SHOWN:
        lines.append(f"  … and {report.refused - SHOWN} more; --json lists them")
    if report.stopped is not None:
        lines.append(f"Stopped: {report.stopped}")
    return "\n".join(lines)
