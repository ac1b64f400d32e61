"""The documents of the three document resources: they change, and are kept nowhere else."""

from alembic import op

from migrations.run_sql import run_files

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_files(op.get_bind(), "documents")


def downgrade() -> None:
    raise RuntimeError("documents are kept nowhere else: there is no way back from their migration")
