"""Recorded statements as a request wants them shown: as they are, or rendered (xAPI Communication 2.1.3, format)."""

from collections.abc import Sequence

from fastapi import Request

from lrs.access.credentials import Credential
from lrs.api.services import Services
from lrs.statement_log.recorded import RecordedStatement
from schemas import exact_json, rendering
from schemas.statement_query import Format


async def shown(
    request: Request, here: Services, who: Credential, form: Format, statements: Sequence[RecordedStatement]
) -> list[str]:
    """The JSON text of each statement; only what is not shown exactly is parsed.

    Whoever may read his own statements alone is shown what these say of Activities, not what others say of them.
    """
    documents = [one.document() for one in statements]
    if form == "exact":
        return documents
    values = [exact_json.read(one) for one in documents]
    if form == "ids":
        return [exact_json.encode(rendering.ids(value)).decode() for value in values]
    languages = rendering.preferred(request.headers.get("accept-language", ""))
    wanted = {identity for value in values for identity in rendering.activity_ids(value)}
    definitions = await here.definitions.merged(who.tenant, wanted) if who.reads_only is None else {}
    return [exact_json.encode(rendering.canonical(value, languages, definitions)).decode() for value in values]
