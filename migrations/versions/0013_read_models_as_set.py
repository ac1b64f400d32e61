"""What the read models hold where somebody has set something: outlines, rules, due dates, overrides, policies."""

from alembic import op

from migrations.run_sql import run_files

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_files(op.get_bind(), "read_models_as_set")


def downgrade() -> None:
    raise RuntimeError("read models are rebuilt from the log, not migrated back")
