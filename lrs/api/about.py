"""The about resource: /xapi/about (xAPI Communication 2.8). Needs no credential and no version."""

from typing import Any

from fastapi import APIRouter

from schemas.version import XapiVersion

router = APIRouter(prefix="/xapi/about", tags=["about"])


@router.api_route("", methods=["GET", "HEAD"])
async def get_about() -> dict[str, Any]:
    """Which versions of xAPI this server speaks."""
    return {"version": [version.value for version in XapiVersion]}
