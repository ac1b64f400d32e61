"""The parts of the log: what they are, one function that drops the oldest, one that compresses one."""

from alembic import op
from sqlalchemy import text

from migrations.run_sql import run_files

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    connection = op.get_bind()
    kind = connection.execute(text("SELECT relkind::text FROM pg_class WHERE oid = 'statement'::regclass")).scalar_one()
    other = "01_hypertable_parts.sql" if kind == "p" else "01_partition_parts.sql"
    run_files(connection, "retention", skip=[other])


def downgrade() -> None:
    op.execute("DROP FUNCTION compress_part, drop_oldest_statements, statements_kept_back, log_begin, statement_parts")
    op.execute("DROP INDEX control_event_retention, statement_attachment_sha2")
    op.execute("ALTER TABLE statement_attachment DROP COLUMN kept")
    op.execute("ALTER TABLE attachment_piece DROP COLUMN kept")
