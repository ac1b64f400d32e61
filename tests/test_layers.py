"""Imports go downward only, and what is called pure touches no database, no web framework and no broker."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
MAY_IMPORT = {  # of ours, beside itself
    "schemas": (),
    "projections": ("schemas",),
    "streams": ("projections", "schemas", "lrs.statement_log", "lrs.database"),
    "migrations": (),
    "lrs": ("projections", "schemas", "streams", "migrations"),
}
DRIVERS = ("psycopg", "psycopg_pool", "sqlalchemy", "aiosql", "fastapi", "starlette", "aiokafka", "faust", "redis")
WIRING = ("lrs.serve_command", "lrs.main", "lrs.serving")
MAY_WIRE = WIRING
# What reads and writes tables among the projections; everything else there is pure, as all of schemas is.
IO = {"apply", "checkpoint", "course_statements", "digestion", "replay", "iri_dictionary", "read_model_tables"}
IO |= {"sharded", "side_indexes", "side_schema", "sql"}
IO_ENDINGS = ("_queries", "_rows")
SOURCES = sorted(file for package in MAY_IMPORT for file in (REPOSITORY / package).rglob("*.py"))


def is_io(module: str) -> bool:
    package, _, name = module.partition(".")
    return package == "projections" and (name.split(".")[0] in IO or name.split(".")[0].endswith(IO_ENDINGS))


def imported(source: str) -> Iterator[str]:
    """Everything the source imports, wherever in it, by its full name; a relative import begins with a dot."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names)


def within(name: str, modules: tuple[str, ...]) -> bool:
    return any(name == module or name.startswith(f"{module}.") for module in modules)


def upward(module: str, source: str) -> list[str]:
    """The imports of `module` that go upward, into the wiring, or out of what is pure."""
    package = module.split(".")[0]
    pure = package == "schemas" or (package == "projections" and not is_io(module))
    return [
        name
        for name in imported(source)
        if name.startswith(".")
        or (within(name, tuple(MAY_IMPORT)) and not within(name, (package, *MAY_IMPORT[package])))
        or (pure and (within(name, DRIVERS) or is_io(name)))
        or (within(name, WIRING) and module not in MAY_WIRE)
    ]


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(REPOSITORY)))
def test_imports_go_downward_only(file: Path) -> None:
    module = ".".join(file.relative_to(REPOSITORY).with_suffix("").parts).removesuffix(".__init__")
    assert upward(module, file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("module", "source", "found"),
    [
        ("schemas.actor", "from projections import fact", ["projections.fact"]),
        ("schemas.actor", "def f():\n    import sqlalchemy.orm", ["sqlalchemy.orm"]),
        ("projections.fact", "import lrs.api", ["lrs.api"]),
        ("projections.fact", "from psycopg import sql", ["psycopg.sql"]),
        ("projections.fact", "from projections.sql import QUERIES", ["projections.sql.QUERIES"]),
        ("projections.fact_rows", "from psycopg import sql", []),
        ("projections.fact", "from schemas.errors import LrsError", []),
        ("streams.process_bus", "from lrs.api import statements", ["lrs.api.statements"]),
        ("streams.process_bus", "from lrs import statement_log", []),
        ("streams.process_bus", "from ..lrs import api", ["..lrs.api"]),
        ("migrations.env", "import lrs", ["lrs"]),
        ("lrs.api.about", "from lrs.main import app", ["lrs.main.app"]),
        ("lrs.cli", "from lrs.serving import serving", ["lrs.serving.serving"]),
        ("lrs.serving", "from lrs.main import app", []),
    ],
)
def test_the_checker_finds_what_goes_upward(module: str, source: str, found: list[str]) -> None:
    assert upward(module, source) == found


def test_no_two_turns_have_one_lock() -> None:
    """Whoever takes an advisory lock of the database means one thing by it."""
    found = [number for file in SOURCES for number in re.findall(r"0x1C_5E_[0-9A-F]{2}", file.read_text("utf-8"))]
    assert found
    assert len(found) == len(set(found))
