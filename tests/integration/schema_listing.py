"""What a database holds of ours, in few words: tables with their columns, indexes, triggers, views, functions.

Partitions and chunks, and whatever belongs to an extension, are left out.
"""

import re
from collections.abc import Iterable

import psycopg

_OURS = """n.nspname IN ('public', 'analytics') AND NOT EXISTS (
    SELECT FROM pg_depend d WHERE d.objid = {oid} AND d.deptype = 'e')"""
_COLUMNS = f"""
SELECT c.oid::regclass::text, string_agg(
    a.attname || ' ' || t.typname || CASE WHEN a.attnotnull OR c.relkind = 'v' THEN '' ELSE '?' END
        || CASE WHEN a.attidentity = 'a' THEN ' identity' ELSE '' END
        || coalesce(' = ' || pg_get_expr(f.adbin, f.adrelid), ''), ', ' ORDER BY a.attnum)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef f ON f.adrelid = c.oid AND f.adnum = a.attnum
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition AND {_OURS.format(oid="c.oid")}
GROUP BY c.oid"""
_INDEXES = f"""
SELECT c.oid::regclass::text, pg_get_indexdef(i.indexrelid)
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT c.relispartition AND i.indisvalid AND {_OURS.format(oid="c.oid")}"""
_CONSTRAINTS = f"""
SELECT c.oid::regclass::text, pg_get_constraintdef(k.oid)
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE k.contype IN ('c', 'f', 'x') AND NOT c.relispartition AND {_OURS.format(oid="c.oid")}"""
_TRIGGERS = f"""
SELECT c.oid::regclass::text, pg_get_triggerdef(t.oid, true)
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_proc p ON p.oid = t.tgfoid AND p.pronamespace = 'public'::regnamespace
WHERE NOT t.tgisinternal AND t.tgenabled = 'O' AND NOT c.relispartition AND {_OURS.format(oid="c.oid")}"""
_FUNCTIONS = f"""
SELECT p.oid::regprocedure::text, p.prorettype::regtype::text
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE {_OURS.format(oid="p.oid")}"""
_SEQUENCES = """
SELECT sequencename, data_type || ' cache ' || cache_size FROM pg_sequences WHERE schemaname = 'public'"""


def listing(url: str) -> dict[str, set[str]]:
    """Every object of ours in the database at `url`, and what there is to it, one line each."""
    found: dict[str, set[str]] = {}
    with psycopg.connect(url) as connection:
        for query, form in (
            (_COLUMNS, str),
            (_INDEXES, _index),
            (_CONSTRAINTS, str),
            (_TRIGGERS, _trigger),
            (_FUNCTIONS, str),
            (_SEQUENCES, str),
        ):
            for name, text in connection.execute(query):
                found.setdefault(name.replace('"', ""), set()).add(form(text).replace('"', ""))
    return found


def read_listing(text: str) -> dict[str, set[str]]:
    """A listing out of a text: an object's name, indented its lines, indented further where a line goes on."""
    found: dict[str, set[str]] = {}
    lines: set[str] = set()
    for line in re.sub(r"\n {4,}", " ", text).strip().splitlines():
        if line.startswith(" "):
            lines.add(line.strip())
        else:
            lines = found.setdefault(line, set())
    return found


def differences(expected: dict[str, set[str]], found: dict[str, set[str]]) -> list[str]:
    """What is missing, then what is too much, each with its object's name."""
    return [*_without("missing", expected, found), *_without("too much", found, expected)]


def _without(what: str, these: dict[str, set[str]], those: dict[str, set[str]]) -> Iterable[str]:
    return [f"{what}: {name}: {line}" for name in these for line in sorted(these[name] - those.get(name, set()))]


def _index(definition: str) -> str:
    """`unique btree (tenant, id)`."""
    kind = "unique " if definition.startswith("CREATE UNIQUE") else ""
    return kind + " ".join(re.sub(r".* USING ", "", definition, count=1).split())


def _trigger(definition: str) -> str:
    """`BEFORE DELETE OR UPDATE, EACH ROW, refuse_change()`."""
    match = re.fullmatch(r"CREATE TRIGGER \w+ (.*) ON \S+ FOR (EACH .*) EXECUTE FUNCTION (.*)", definition)
    assert match is not None
    return ", ".join(match.groups())
