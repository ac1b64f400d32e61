"""What came where a statement was repaired: kept before the repaired statement is appended, and never changed."""

from collections.abc import Sequence

from lrs.database import Pool
from lrs.statement_log.sql import QUERIES
from schemas.judgement import Repair


class Repairs:
    """The originals of one database; whoever looks for one finds it by the id and the digest of what is stored."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def keep(self, tenant: int, repairs: Sequence[Repair]) -> None:
        """Keep what came; a repair of the same statement that is kept already stays as it is."""
        values = {
            "tenant": tenant,
            "ids": [one.id for one in repairs],
            "digests": [one.digest for one in repairs],
            "rules": [" ".join(one.rules) for one in repairs],
            "originals": [one.original.decode() for one in repairs],
        }
        async with self._pool.connection() as connection:
            await connection.execute(QUERIES.keep_repairs.sql, values)
