"""What a client asks of the activity: every parameter known, given once and of the right form, or the query is refused.

docs/analytics.md defines the parameters. Nothing here computes with time zones: what a date means in a zone only the
database says, so that this API and an analyst's SQL never differ.
"""

import re
from collections.abc import Sequence
from datetime import date, datetime
from functools import cache
from typing import Annotated, Any, Literal, get_args
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from projections.fact import name_of
from schemas.errors import QueryRefused, Violation
from schemas.identifiers import UUID_PATTERN, Iri
from schemas.refusals import shown
from schemas.timestamp import TIMESTAMP_PATTERN, instant_of

CLAUSE = "docs/analytics.md, Parameters"
Unit = Literal["hour", "day", "week", "month"]
Group = Literal["course", "learner", "verb"]

FIRST_YEAR, LAST_YEAR = 1900, 9998
"""Within these every calendar day of every zone is one that Python and PostgreSQL can both represent."""

_DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(TIMESTAMP_PATTERN)
_WITH_OFFSET = re.compile(r"(?:[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)$")
_IFI = re.compile("(?:mbox|mbox_sha1sum|openid|account):.+", re.DOTALL)
_IRI: TypeAdapter[str] = TypeAdapter(Iri)


def _moment(text: str) -> date | datetime:
    rule = (
        "must be a date such as 2026-03-29, or an instant with its offset such as 2026-03-29T00:00:00Z "
        "(a URL writes + as %2B)"
    )
    is_date = _DATE.fullmatch(text)
    if not is_date and not (_INSTANT.match(text) and _WITH_OFFSET.search(text[11:])):
        raise ValueError(rule)
    try:
        moment = date.fromisoformat(text) if is_date else instant_of(text)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"must name a day and time that exist ({error})") from None
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"must lie in the years {FIRST_YEAR} to {LAST_YEAR}")
    return moment


@cache
def _zones() -> frozenset[str]:
    """Area/Location names, and UTC.

    PostgreSQL reads a name without a slash as an abbreviation first: CET is then an hour ahead of UTC in summer too.
    """
    return frozenset(name for name in available_timezones() if "/" in name) | {"UTC"}


def _zone(name: str) -> str:
    if name not in _zones():
        raise ValueError("must be UTC or the name of an IANA time zone such as Europe/Berlin")
    return name


def _groups(text: str) -> tuple[str, ...]:
    known = get_args(Group)
    names = [] if text == "none" else text.split(",")
    if len(set(names)) < len(names) or not set(names) <= set(known):
        raise ValueError("must be none, or one or more of course, learner, verb with commas between them")
    return tuple(name for name in known if name in names)


def _ifi(text: str) -> str:
    if not _IFI.fullmatch(text):
        raise ValueError(
            "must be a learner's identifier: mbox:mailto:…, mbox_sha1sum:…, openid:… or account:{homePage}|{name}"
        )
    return text


def _iri(text: str) -> str:
    try:
        return _IRI.validate_python(text)
    except ValidationError:
        raise ValueError("must be an IRI with a scheme") from None


def _course(text: str) -> str:
    try:
        return text if re.match(UUID_PATTERN, text) else _iri(text)
    except ValueError:
        raise ValueError("must be the course's IRI, or its id (a UUID)") from None


class ActivityQuery(BaseModel):
    """A query for counts of activity. A date in `begin` or `end` is the first instant of that day in `tz`.

    Groups are in the order of `Group`, however they were asked for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    begin: Annotated[date | datetime, BeforeValidator(_moment), Field(alias="from")]
    end: Annotated[date | datetime, BeforeValidator(_moment), Field(alias="to")]
    tz: Annotated[str, AfterValidator(_zone)] = "UTC"
    bucket: Unit = "day"
    group_by: Annotated[tuple[Group, ...], BeforeValidator(_groups)] = ()
    course: Annotated[str | None, AfterValidator(_course)] = None
    learner: Annotated[str | None, AfterValidator(_ifi)] = None
    verb: Annotated[str | None, AfterValidator(_iri)] = None
    format: Literal["json", "csv"] | None = None

    def filters(self) -> dict[str, str]:
        """The filters that were given, as they were given."""
        return {name: value for name in get_args(Group) if (value := getattr(self, name)) is not None}

    def filter_names(self) -> dict[str, UUID]:
        """The filters by the names that facts have: 128-bit hashes of the texts."""
        return {
            name: UUID(text) if name == "course" and re.match(UUID_PATTERN, text) else name_of(text)
            for name, text in self.filters().items()
        }


def read_activity_query(params: Sequence[tuple[str, str]]) -> ActivityQuery:
    """The query that decoded parameters make; raises QueryRefused with every violation."""
    given: dict[str, str] = {}
    violations: list[Violation] = []
    for name, text in params:
        if name in given:
            violations.append(violation(name, "must be given no more than once", text))
        else:
            given[name] = text
    try:
        query = ActivityQuery.model_validate(given, by_alias=True)
    except ValidationError as error:
        violations += [_violation(detail) for detail in error.errors(include_url=False)]
        raise QueryRefused(violations) from None
    if violations:
        raise QueryRefused(violations)
    return query


def violation(name: str, rule: str, found: object) -> Violation:
    """A rule of docs/analytics.md that a parameter breaks."""
    return Violation(name[:100], rule, CLAUSE, shown(found))


def _violation(detail: Any) -> Violation:
    name, kind = str(detail["loc"][0]), detail["type"]
    if kind == "missing":
        return Violation(name, "must be given", CLAUSE, "nothing")
    if kind == "extra_forbidden":
        return violation(name, "is no parameter of this resource", detail["input"])
    rule = str(detail["msg"]).removeprefix("Value error, ").replace("Input should be", "must be", 1)
    return violation(name, rule, detail["input"])
