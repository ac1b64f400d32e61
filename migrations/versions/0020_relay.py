"""How far the log has been sent to Kafka."""

from alembic import op

from migrations.run_sql import run_files

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_files(op.get_bind(), "relay")


def downgrade() -> None:
    op.execute("DROP TABLE relay_checkpoint")
