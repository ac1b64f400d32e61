"""`lrs outline` and `lrs rules`: set and see what is asked in a course. docs/rules.md, section 8.

Works on the database of LRS_DATABASE_URL, or on the embedded one of the data folder, whether `lrs serve` runs or not.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, get_args

import click
import msgspec

from lrs.access.credentials import DEFAULT_TENANT
from lrs.chosen_database import chosen_database
from lrs.configuration import shown
from lrs.configuration.names import Names
from lrs.configuration.outline_files import FORMATS, Format, guessed, outline_of, read_outlines
from lrs.configuration.store import CLAUSE, Change, Configurations
from lrs.console import reached, settings_of, told
from lrs.database import Pool, read_pool, worlds_pool
from lrs.worlds.builder import Builder
from lrs.worlds.what_if import Question, WhatIf, compare
from lrs.worlds.world import Building
from lrs.worlds.worlds import position_of
from projections.fact import name_of
from schemas.completion_rule import read_completion_rule
from schemas.configuration_refusal import read_json
from schemas.course_configuration import ContentType, read_configuration_event
from schemas.course_outline import CourseOutline, placed
from schemas.errors import ConfigurationRefused, NotFound, NotReadYet, QueryRefused

BY = "lrs command line"
"""Who set what is set here."""
LONGEST_TRIAL_SECONDS = 3600.0
_Answer = TypeVar("_Answer")
_Command = TypeVar("_Command", bound=Callable[..., Any])


class Difference(NamedTuple):
    """How many nodes one outline has more, less and otherwise than another."""

    new: int
    gone: int
    changed: int

    def __str__(self) -> str:
        counts = zip(self._fields, self, strict=True)
        return ", ".join(f"{count} {name}" for name, count in counts if count) or "no other nodes"


def _options(command: _Command) -> _Command:
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print JSON."),
        click.option("--data-dir", type=click.Path(path_type=Path), help="Folder of the embedded PostgreSQL."),
        click.option("--tenant", default=DEFAULT_TENANT, show_default=True, help="Whose course it is."),
        click.option("--course", required=True, help="IRI of the course."),
    ):
        command = option(command)
    return command


@click.group()
def outline() -> None:
    """Import course outlines."""


@outline.command(name="import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--format", "format_", type=click.Choice(FORMATS), help="What the file is [by its first bytes].")
@click.option("--lms", help="With openedx: the address that its statements use, such as https://lms.example.org.")
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@_options
def import_command(
    *,
    file: Path,
    format_: Format | None,
    lms: str | None,
    dry_run: bool,
    course: str,
    tenant: int,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Set the outline of a course: cmi5 (XML, ZIP), Open edX course blocks, or our own in YAML or JSON."""
    with told(ConfigurationRefused):
        content = file.read_bytes()
        found = outline_of(read_outlines(content, format_ or guessed(content), name=file.name[:200], lms=lms), course)
        event = read_configuration_event("outline.set", {"by": BY, "course": course, "outline": found})

    async def work(configurations: Configurations, _: Pool) -> tuple[Difference, Change]:
        before = (await configurations.now(tenant)).course(course).outline
        difference = _difference(None if before is None else before.value, found)
        return difference, await configurations.change(tenant, [event], keep=not dry_run)

    difference, change = _done(data_dir, work)
    kinds = Counter(place.node.kind for place in placed(found))
    if as_json:
        said = {"title": found.title, "nodes": kinds, "difference": difference._asdict(), "dry_run": dry_run}
        click.echo(msgspec.json.encode({"course": course, **said, "change": change}))
        return
    counts = ", ".join(f"{count} {kind}{'s' if count > 1 else ''}" for kind, count in sorted(kinds.items()))
    click.echo(f"{found.title or course}: {counts or 'no nodes'}.")
    click.echo(f"Beside what is set: {difference}.")
    click.echo("Nothing was set: this was a dry run." if dry_run else _became(change))


@click.group()
def rules() -> None:
    """Show and set completion rules."""


@rules.command()
@click.option("--node", help="IRI of a node: the rule that judges it.")
@_options
def show(*, node: str | None, course: str, tenant: int, data_dir: Path | None, as_json: bool) -> None:
    """The rules that are set of a course, or the one that judges a node."""

    async def work(configurations: Configurations, pool: Pool) -> list[shown.RuleInForce]:
        known = await configurations.now(tenant)
        if node is None:
            return shown.course_configuration(known, course).rules
        default = await Names(pool, tenant, known).default_rule(course, node)
        return [shown.rule_of_node(known.course(course), node, default)]

    found = _done(data_dir, work)
    if as_json:
        click.echo(msgspec.json.encode(found))
        return
    for one in found:
        click.echo(f"{one.node.iri if one.node else one.content_type}  ({one.source}{_origin(one.set)})")
        click.echo(f"    {msgspec.json.encode(one.rule).decode()}")
    if not found:
        click.echo("No rules are set beside those of the outline.")


@rules.command(name="set")
@click.argument("file", type=click.File("rb"))
@click.option("--node", help="IRI of the node.")
@click.option("--content-type", type=click.Choice(get_args(ContentType)), help="Every node of this type.")
@click.option("--reason", help="Why, for who reads the history.")
@_options
def set_command(
    *, file: Any, reason: str | None, course: str, tenant: int, data_dir: Path | None, as_json: bool, **where: Any
) -> None:
    """Set a completion rule: JSON of a file, or of - for standard input; null takes it away."""
    with told(ConfigurationRefused):
        value = read_json(file.read(), CLAUSE)
        rule = None if value is None else read_completion_rule(value)
        said = {"by": BY, "reason": reason, "course": course, "rule": rule}
        event = read_configuration_event("rule.set", said | where)
    change = _done(data_dir, lambda configurations, _: configurations.change(tenant, [event]))
    click.echo(msgspec.json.encode(change) if as_json else _became(change))


@rules.command(name="try")
@click.argument("file", type=click.File("rb"))
@click.option("--node", help="IRI of the node.")
@click.option("--content-type", type=click.Choice(get_args(ContentType)), help="Every node of this type.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Learners that are shown.")
@_options
def try_command(
    *, file: Any, limit: int, course: str, tenant: int, data_dir: Path | None, as_json: bool, **where: Any
) -> None:
    """Say for whom a completion rule would change anything, and set nothing."""
    with told(ConfigurationRefused):
        value = read_json(file.read(), CLAUSE)
        rule = None if value is None else read_completion_rule(value)
        event = read_configuration_event("rule.set", {"by": BY, "course": course, "rule": rule} | where)

    async def work(configurations: Configurations, pool: Pool) -> WhatIf | Building:
        async with pool.connection() as connection:
            position, _ = await position_of(connection, None)
        said = await configurations.judged_at(tenant, position, [event])
        question = Question(tenant, name_of(course), position, tuple(said))
        async with worlds_pool(str(pool.conninfo)) as worlds:
            building = asyncio.create_task(Builder(worlds).run())
            try:
                return await compare(pool, question, LONGEST_TRIAL_SECONDS, limit=limit)
            finally:
                building.cancel()

    found = _done(data_dir, work)
    if isinstance(found, Building):
        raise click.ClickException(f"{found.done} of {found.of} statements are read; the same command goes on with it.")
    if as_json:
        click.echo(msgspec.json.encode(found))
        return
    said = f"Learners who would stand otherwise: {found.changed}, as of position {found.position}."
    click.echo(f"{said} Nothing was set.")
    for one in found.learners:
        click.echo(f"{one.name}  ({one.ifi})")
        for node in one.nodes:
            states = [state.state if state is not None else "-" for state in (node.before, node.after)]
            click.echo(f"    {node.title}: {' → '.join(dict.fromkeys(states))}")


def _difference(before: CourseOutline | None, after: CourseOutline) -> Difference:
    old, new = _nodes(before), _nodes(after)
    both = old.keys() & new.keys()
    return Difference(len(new) - len(both), len(old) - len(both), sum(old[one] != new[one] for one in both))


def _nodes(outline: CourseOutline | None) -> dict[str, Any]:
    """What is said of each node, its place included."""
    if outline is None:
        return {}
    return {
        place.node.id: (place.parent, place.order, place.node.model_copy(update={"children": ()}))
        for place in placed(outline)
    }


def _became(change: Change) -> str:
    if not change.changed:
        return f"That is set already, in version {change.version} of the course."
    return f"Set: version {change.version} of the course, position {change.position}."


def _origin(said: shown.Origin | None) -> str:
    return "" if said is None else f", by {said.by} at {said.recorded:%Y-%m-%d %H:%M} UTC, version {said.version}"


def _done(data_dir: Path | None, work: Callable[[Configurations, Pool], Awaitable[_Answer]]) -> _Answer:
    """What the work gives on the configuration of the database."""

    async def run(url: str) -> _Answer:
        async with read_pool(url, size=1) as pool:
            return await work(Configurations(pool, pool), pool)

    with (
        chosen_database(settings_of(data_dir=data_dir)) as url,
        reached(),
        told(ConfigurationRefused, QueryRefused, NotReadYet, NotFound),
    ):
        return asyncio.run(run(url))
