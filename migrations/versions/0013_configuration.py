"""What the configuration of a tenant is folded from is found among the events of the clock."""

from alembic import op

from migrations.run_sql import run_files

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_files(op.get_bind(), "configuration")


def downgrade() -> None:
    op.execute("DROP INDEX control_event_configuring")
