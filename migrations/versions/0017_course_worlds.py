"""Which courses are there as of which positions, beside the live tables."""

from alembic import op

from migrations.run_sql import run_files

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_files(op.get_bind(), "worlds")


def downgrade() -> None:
    op.execute("DROP TABLE course_world")
