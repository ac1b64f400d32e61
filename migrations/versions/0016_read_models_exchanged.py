"""Read models that are built again beside take the place of the live ones: whoever writes them notices."""

from alembic import op

from migrations.run_sql import run_files

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_files(op.get_bind(), "read_models_exchanged")


def downgrade() -> None:
    raise RuntimeError("read models are rebuilt from the log, not migrated back")
