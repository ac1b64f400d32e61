"""What the read models hold where mappings, outlines and merges give statements another place, or another person."""

from alembic import op

from migrations.run_sql import run_files

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_files(op.get_bind(), "moved_facts")


def downgrade() -> None:
    raise RuntimeError("read models are rebuilt from the log, not migrated back")
