"""Every reader of the log, and not only those whose checkpoint is there, finds history that was loaded."""

from alembic import op

from migrations.run_sql import run_files

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_files(op.get_bind(), "loaded_past")


def downgrade() -> None:
    op.execute("DROP TABLE loaded_past")
