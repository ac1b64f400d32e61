"""Why a learner stands as they do on a node: …/explain. docs/rules.md, section 3; docs/api.md.

The rule of this file: what is explained is what the read models hold. So it is what was set at their position that
counts, and the facts that they have seen.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request, Response
from msgspec.structs import asdict
from psycopg import AsyncConnection

from lrs.api.listing import Asked, Later, Listing, Told, answer
from lrs.api.services import Services, Serving
from lrs.api.signed_in import RecordReader
from projections.course_configuration import Configuration
from projections.course_view import last_part
from projections.course_view_queries import read_course
from projections.key_context import Learner
from projections.key_explanation import StatementTold, explain_key
from projections.key_queries import KeyReader
from projections.keyset_queries import Place
from projections.learner_courses_queries import LearnerIdentity
from projections.roster_queries import read_clock, read_learner
from projections.settings_of_persons import settings_for

router = APIRouter(prefix="/api/courses/{course_id}/learners/{person_id}/nodes/{node_id}")
STATEMENTS = Listing("statements", StatementTold, ("at",), computed=True)


@router.get("/explain")
async def explain(
    request: Request, who: RecordReader, here: Serving, course_id: UUID, person_id: UUID, node_id: UUID
) -> Response:
    """The rule, what came of it and why, the grade, the attempts, and a page of the statements."""

    async def read(connection: AsyncConnection, position: int, asked: Asked) -> Later:
        course = await read_course(connection, who.tenant, course_id)
        line = await read_learner(connection, who.tenant, course_id, person_id)
        known = KeyReader(connection, who.tenant, course_id, person_id)
        node, facts, voided = await known.node(node_id), await known.facts(node_id), await known.voided(node_id)
        completed, now = await known.completed(), await read_clock(connection, who.tenant)
        others = None
        if node_id == course_id:
            attempts = await known.attempts()
            others = [(one, attempts.get(one.node, [])) for one in await known.nodes() if one.node != course_id]

        async def tell() -> Told:
            settings = settings_for(await _configuration(here, who.tenant, position), course.iri, line.ifi)
            learner = Learner(line.ifi, settings, now)
            told, statements = await asyncio.to_thread(explain_key, learner, node, facts, completed, others)
            beside = {
                "course": course,
                "learner": LearnerIdentity(person_id, line.name, line.ifi, line.merged_from),
                "node": {
                    "node": node_id,
                    "iri": node.iri,
                    "title": node.title or last_part(node.iri),
                    "kind": node.kind,
                },
                **asdict(told),
                "voided": voided,
            }
            return Told(*_page(statements, asked), beside)

        return tell

    return await answer(request, here, who, STATEMENTS, read)


async def _configuration(here: Services, tenant: int, position: int) -> Configuration:
    """What was set at this position; mostly, that is what is set now. It may change with the next `await`."""
    known = await here.configurations.now(tenant)
    return known if known.position <= position else await here.configurations.at(tenant, position)


def _page(statements: Sequence[StatementTold], asked: Asked) -> tuple[Sequence[StatementTold], Place | None]:
    """By (at, id). All of them decide, and so all of them are there to choose from."""
    behind = statements
    if asked.page.after is not None:
        place = datetime.fromisoformat(asked.page.after[0]), UUID(asked.page.after[1])
        behind = [one for one in statements if (one.at, one.statement_id) > place]
    page = behind[: asked.page.limit]
    return page, [page[-1].at.isoformat(), str(page[-1].statement_id)] if len(behind) > len(page) else None
