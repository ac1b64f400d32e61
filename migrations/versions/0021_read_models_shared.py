"""Several workers keep one set of read models together."""

from alembic import op

from migrations.run_sql import run_files

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_files(op.get_bind(), "read_models_shared")


def downgrade() -> None:
    raise RuntimeError("read models are rebuilt from the log, not migrated back")
