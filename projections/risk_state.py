"""Who is at risk, and why: the rule "inactive". docs/read-models.md, section 10.

The time comes from the clock events of the log, so that a replay gives the same alerts.
"""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from projections.enrollment import Enrollment

INACTIVE = "inactive"
WARN = timedelta(days=7)
HIGH = timedelta(days=14)
GRACE = timedelta(days=3)


class Risk(NamedTuple):
    """One row of `risk_state`, after tenant, course and person. evidence: id of the statement that shows it."""

    rule: str
    level: str
    since: datetime
    threshold_days: int
    evidence: UUID


def fold(enrollment: Enrollment, now: datetime | None, required_nodes: int) -> Risk | None:
    """The row of one enrolment at the clock's `now`; None where there is no risk, or no clock yet.

    required_nodes: of the course's outline; whoever has completed them all is at no risk.
    """
    last, evidence = enrollment.last_activity_at, enrollment.last_activity_id
    if now is None or last is None or evidence is None or enrollment.status != "active":
        return None
    if enrollment.completed_nodes >= required_nodes:
        return None
    if now - enrollment.enrolled_at < GRACE or now - last < WARN:
        return None
    level, after = ("high", HIGH) if now - last >= HIGH else ("warn", WARN)
    return Risk(INACTIVE, level, last + after, after.days, evidence)
