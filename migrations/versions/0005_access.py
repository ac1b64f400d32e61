"""What credentials may do, what they are called, and how their secrets are exchanged."""

from alembic import op

from migrations.run_sql import run_files

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_files(op.get_bind(), "access")


def downgrade() -> None:
    raise RuntimeError("credentials without scopes would all be allowed everything: there is no way back")
