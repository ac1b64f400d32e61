"""docs/performance.md, from the JSON of a run or of runs of its parts: machine, method, figures, nothing else."""

from collections.abc import Sequence

from tests.bench.tables import Result, tables

_METHOD = """\
Every figure is taken beside what bounds it, in the same run, one after the other in every round, so that a slow minute
slows both: read the ratios first. A figure is the median over the rounds, a ratio the median of the ratios of the
rounds. A run fails when one request is not answered with success, or the log lacks a statement that was confirmed.
`fsync`, `full_page_writes` and `synchronous_commit` are on. Client, server, and database share the machine.

- **Load** comes from wrk with a script in Lua (`tests/bench/post.lua`), one thread, a closed loop: each connection
  sends its next request when the last one is answered. Every statement has a new id. The statements of
  `tests/bench/statements.py` share their actors and activities as those of a real course do.
- **The server** is `lrs serve` with one API process and the processor, as everybody starts it. "Alone" means that
  something else holds the processor's place, so that it stands by.
- **No-op handler**: a FastAPI route in a process of the same kind that reads the body and answers.
- **pgbench, same SQL**: the text of the product's own statements, prepared, with real parameters and new ids. Storing
  has four clients, reading as many as there are connections; reads are planned for their values, with the settings that
  the server's have (`PLANNING` in `lrs/database.py`).
- **The logs that are read** are the last two years of a store of 40 courses and a learner for every 500 statements,
  generated from a seed and loaded by the code of `lrs load` (`tests/bench/history.py`); then vacuumed and analysed.
  Each kind of query is asked with 48 different values, in any order. The deep page begins where nine tenths of the log,
  or 9,999 pages, lie before it, by a cursor that the product signed.
- **Mixed**: nine POSTs of one statement to one query by agent, on a copy of the smallest log. Both sides do the same.
- **Well-known batches**: ten batches of 50 real statements of Open edX and of Moodle's kind under new ids; their bound
  is the same load with synthetic ones.
- **Catching up**: the processor on empty read models over a log that is there, beside decoding and folding the same
  statements in memory, on one core, with nothing written.
- **CPU** is that of all processes of the server, and of PostgreSQL, from start to end of the load. **Memory** is the
  proportional share of all processes of the server at its end.

To repeat it: `make bench` (100,000 statements, about a quarter of an hour), or all of it with
`make bench ARGS="--sizes 100k,1m,10m --rounds 5 --save run.json"`, which takes 30 GB of disk; `--keep NAME` keeps the
loaded logs for the next run. This page is `python -m tests.bench report run.json`."""

_BOUNDS = """\
Where the busiest process of the server is near 1.00 of a core, one API process is the bound, and `--workers` adds
others; where server and PostgreSQL together are near the cores of the machine, the machine is. The client takes its
share of both. Where neither holds, the wait for the disk at commit is what is left."""


def together(results: Sequence[Result]) -> Result:
    """Runs of different parts of the bench as if they were one; where they differ, both is said."""
    found: Result = {"facts": {}, "sizes": [], "loads": [], "comparisons": []}
    for one in results:
        for name, value in one["facts"].items():
            if value not in found["facts"].setdefault(name, []):
                found["facts"][name].append(value)
        for name in ("sizes", "loads", "comparisons"):
            found[name] += [new for new in one[name] if new not in found[name]]
        for name in one.keys() - {"facts", "sizes", "loads", "comparisons"}:
            found[name] = found.get(name, {}) | one[name]
    found["facts"] = {name: "; and ".join(values) for name, values in found["facts"].items()}
    return found


def page(result: Result) -> str:
    """The page as Markdown."""
    facts = "\n".join(f"- **{name}**: {value}" for name, value in result["facts"].items())
    disturbed = ""
    if result["disturbed"]:
        disturbed = "\n\nOther processes were at work while some figures were taken, which bends ratios too: " + (
            "; ".join(result["disturbed"]) + "."
        )
    found = "\n\n".join(table.as_markdown() for table in tables(result))
    return f"""\
# Performance

Measured by `make bench`, written by it, never by hand.

{facts}{disturbed}

## Method

{_METHOD}

## Figures

{found}

## What bounds them

{_BOUNDS}
"""
