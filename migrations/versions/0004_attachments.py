"""The contents of attachments: each kept once, for they do not change."""

from alembic import op

from migrations.run_sql import run_files

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_files(op.get_bind(), "attachments")


def downgrade() -> None:
    raise RuntimeError("contents of attachments are kept nowhere else: there is no way back from their migration")
