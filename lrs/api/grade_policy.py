"""The grade policy of a course. docs/rules.md, sections 4 and 8."""

from fastapi import APIRouter, Response

from lrs.api.configured import Asked, Reading, Setting, answer
from lrs.configuration import shown
from schemas.grade_policy import GradePolicy, read_grade_policy

router = APIRouter(prefix="/api/courses/{course_id}/policy", tags=["configuration"])


@router.get("")
async def get_policy(asked: Reading) -> Response:
    """The policy in force, and where it comes from."""
    settings = asked.known.course(await asked.course())
    return answer(shown.policy_of(settings), asked.known.position, settings.version)


@router.put("")
async def put_policy(asked: Setting) -> Response:
    """Set the policy."""
    return await _set(asked, await asked.json(read_grade_policy))


@router.delete("")
async def delete_policy(asked: Setting) -> Response:
    """Leave the course to the default."""
    return await _set(asked, None)


async def _set(asked: Asked, policy: GradePolicy | None) -> Response:
    return await asked.set(("policy.set", {"course": await asked.course(), "policy": policy}), body="policy")
