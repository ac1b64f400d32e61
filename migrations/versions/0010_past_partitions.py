"""Partitions of months that are over, for history that is loaded; on TimescaleDB they make themselves."""

from alembic import op
from sqlalchemy import text

from migrations.run_sql import run_files

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    connection = op.get_bind()
    kind = connection.execute(text("SELECT relkind::text FROM pg_class WHERE oid = 'statement'::regclass")).scalar_one()
    chunks, partitions = ["01_chunks_between.sql"], ["01_partitions_between.sql", "02_make_statement_partitions.sql"]
    run_files(connection, "past_partitions", skip=chunks if kind == "p" else partitions)


def downgrade() -> None:
    raise RuntimeError("the partitions of the log are made by these functions: there is no way back")
