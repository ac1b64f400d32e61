"""What the statements say of each Activity, merged."""

from alembic import op

from migrations.run_sql import run_files

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_files(op.get_bind(), "definitions")


def downgrade() -> None:
    op.execute("DROP TABLE activity_definition")
