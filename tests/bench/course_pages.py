"""What a course of 10,000 learners costs its readers, beside one of 100: `python -m tests.bench pages`.

The rule of this file: both courses are in one database and asked through one server in turn, one request here and one
there, so that a slow minute slows both. The rows are those that a course would have, written straight into the tables;
a page has as many rows here as there. "The course" is no page: it is what a live page of a large course fetches before
the pages of its roster, and counts who completed each node. It is here to be seen.
"""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple
from uuid import UUID

import aiosql
import httpx
import psycopg

from lrs.access.credentials import DEFAULT_TENANT
from projections.fact import name_of
from projections.roster_queries import ORDERS
from tests.bench.ingest import BASIC
from tests.bench.tables import Table
from tests.services.databases import migrated_database
from tests.services.lrs_server import serving
from tests.services.postgres import PostgresServer

QUERIES: Any = aiosql.from_path(Path(__file__).with_name("course_rows.sql"), "psycopg", mandatory_parameters=False)
FILL = ("outline", "iris", "persons", "progress", "facts", "attempts", "grades", "enrollments", "risks")
LIMIT = 50
WARM_UP = 5
BOUND = 2.0
"""A page of the large course may take so many times as long as the same of the small one."""


class Course(NamedTuple):
    """One of the two: so many learners and nodes."""

    name: str
    learners: int
    nodes: int

    @property
    def iri(self) -> str:
        """Its id in statements."""
        return f"https://{self.name}.example/course"

    @property
    def id(self) -> UUID:
        """Its id in the read models."""
        return name_of(self.iri)


class PageTime(NamedTuple):
    """What is asked, and the 95th percentiles in milliseconds: of the small course, of the large; ratio: of them."""

    what: str
    small: float
    large: float
    ratio: float


def fill(url: str, courses: Sequence[Course]) -> None:
    """Write the rows of the courses, and let the planner know them."""
    with psycopg.connect(url, autocommit=True) as connection:
        after = 0
        for course in courses:
            values = course._asdict() | {"tenant": DEFAULT_TENANT, "course": course.id, "iri": course.iri}
            for name in FILL:
                cursor = psycopg.ClientCursor(connection)
                after += cursor.execute(getattr(QUERIES, name).sql, values | {"after": after}).rowcount
        connection.execute("VACUUM ANALYZE")


def questions(client: httpx.Client, course: Course) -> dict[str, list[str]]:
    """Of each kind, addresses that are asked in turn."""
    at = f"/api/courses/{course.id}"
    learners = client.get(f"{at}/learners", params={"limit": LIMIT, "sort": "enrolled", "order": "desc"}).json()
    persons = [one["person"] for one in learners["learners"]]
    units = [one["node"] for one in client.get(f"{at}/outline").json()["nodes"] if one["required"]][:LIMIT]
    found: dict[str, list[str]] = {
        **{f"learners by {order}": [f"{at}/learners?limit={LIMIT}&sort={order}"] for order in ORDERS},
        "learners at risk": [f"{at}/learners?limit={LIMIT}&at_risk=true"],
        "grades": [f"{at}/grades?limit=20"],
        "progress": [f"{at}/progress?limit={LIMIT}"],
        "progress of a node": [f"{at}/progress?limit={LIMIT}&node={unit}" for unit in units],
        "progress, completed": [f"{at}/progress?limit={LIMIT}&state=completed"],
        "completions": [f"{at}/completions?limit={LIMIT}&order=desc"],
        "completions of a node": [f"{at}/completions?limit={LIMIT}&node={unit}" for unit in units],
        "outline": [f"{at}/outline"],
        "one learner": [f"{at}/learners/{person}?limit={LIMIT}" for person in persons],
        "one learner's courses": [f"/api/learners/{person}/courses" for person in persons],
        "explain the course": [f"{at}/learners/{person}/nodes/{course.id}/explain" for person in persons],
        "explain a node": [f"{at}/learners/{person}/nodes/{units[0]}/explain" for person in persons],
    }
    found["learners by name, the middle"] = [_middle(client, found["learners by name"][0], course.learners)]
    found["the page"] = [f"/courses/{course.id}"]
    found["the course"] = [at]
    return found


def _middle(client: httpx.Client, address: str, rows: int) -> str:
    for _ in range(rows // LIMIT // 2):
        address = client.get(address).json()["more"]
    return address


def measured(
    server: PostgresServer, small: Course, large: Course, *, rounds: int, requests: int, warm_up: int = WARM_UP
) -> list[PageTime]:
    """Of each question the median over the rounds."""
    with migrated_database(server) as url:
        fill(url, (small, large))
        with serving(url) as lrs, _client(lrs.origin) as client:
            asked = [questions(client, course) for course in (small, large)]
            times: dict[str, list[PageTime]] = {what: [] for what in asked[0]}
            for _ in range(rounds):
                for one in _round(client, asked, requests, warm_up):
                    times[one.what].append(one)
    return [_middling(some) for some in times.values()]


def _client(origin: str) -> httpx.Client:
    return httpx.Client(base_url=origin, headers={"Authorization": BASIC}, timeout=60)


def _round(
    client: httpx.Client, asked: Sequence[Mapping[str, Sequence[str]]], requests: int, warm_up: int
) -> Iterator[PageTime]:
    small, large = asked
    for what in small:
        taken: tuple[list[float], list[float]] = ([], [])
        for number in range(warm_up + requests):
            for course, found in zip((small, large), taken, strict=True):
                addresses = course[what]
                seconds = _seconds(client, addresses[number % len(addresses)])
                if number >= warm_up:
                    found.append(seconds)
        few, many = (1000 * p95(found) for found in taken)
        yield PageTime(what, few, many, many / few)


def _seconds(client: httpx.Client, address: str) -> float:
    began = time.perf_counter()
    answer = client.get(address)
    seconds = time.perf_counter() - began
    answer.raise_for_status()
    return seconds


def p95(values: Sequence[float]) -> float:
    """The smallest that is no less than 95 of 100."""
    return sorted(values)[math.ceil(len(values) * 0.95) - 1]


def _middling(times: Sequence[PageTime]) -> PageTime:
    small, large, ratio = (
        median(column) for column in zip(*((one.small, one.large, one.ratio) for one in times), strict=True)
    )
    return PageTime(times[0].what, small, large, ratio)


def table(times: Sequence[PageTime], small: Course, large: Course) -> Table:
    """As it is printed; ! where the ratio is above the bound."""
    head = ("", f"p95 of {small.learners:,}, ms", f"p95 of {large.learners:,}, ms", "ratio", "")
    rows = [
        (one.what, f"{one.small:.1f}", f"{one.large:.1f}", f"{one.ratio:.2f}", "!" if one.ratio > BOUND else "")
        for one in times
    ]
    return Table(f"Pages of a course of {large.nodes} nodes", head, rows)
