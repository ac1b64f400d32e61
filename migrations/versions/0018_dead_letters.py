"""Statements that the read models could not digest, parked where they can be looked at."""

from alembic import op

from migrations.run_sql import run_files

revision = "0018"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_files(op.get_bind(), "dead_letters")


def downgrade() -> None:
    raise RuntimeError("read models are rebuilt from the log, not migrated back")
