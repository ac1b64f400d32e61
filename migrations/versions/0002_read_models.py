"""The read models: all of them can be rebuilt from the log."""

from alembic import op

from migrations.run_sql import run_files

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_files(op.get_bind(), "read_models")


def downgrade() -> None:
    raise RuntimeError("read models are rebuilt from the log, not migrated back")
