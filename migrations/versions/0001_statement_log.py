"""The statement log: a hypertable where the database has TimescaleDB, monthly range partitions where not."""

from alembic import op
from sqlalchemy import text

from migrations.run_sql import run_files

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    connection = op.get_bind()
    available = connection.execute(
        text("SELECT count(*) FROM pg_available_extensions WHERE name = 'timescaledb'")
    ).scalar_one()
    if available:
        connection.execute(text("CREATE EXTENSION IF NOT EXISTS timescaledb"))
        run_files(connection, "statement_log", skip=["09_partitions.sql"], partitioning="")
    else:
        run_files(connection, "statement_log", skip=["09_hypertable.sql"], partitioning="PARTITION BY RANGE (stored)")


def downgrade() -> None:
    raise RuntimeError("the statement log is immutable: there is no way back from its first migration")
