"""What was played, answered and done by the day, and what no course was found for."""

from alembic import op

from migrations.run_sql import run_files

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_files(op.get_bind(), "read_models_by_day")


def downgrade() -> None:
    raise RuntimeError("read models are rebuilt from the log, not migrated back")
