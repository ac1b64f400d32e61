"""What the statements that refer to others are found by; all of it can be worked out again from the log."""

from alembic import op

from migrations.run_sql import run_files

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_files(op.get_bind(), "references")


def downgrade() -> None:
    op.execute("DROP FUNCTION statement_awaited")
    op.execute("DROP TABLE statement_reference, reference_unsettled")
