"""Credentials whose clients are known to send invalid statements, and what came where one was repaired."""

from alembic import op

from migrations.run_sql import run_files

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_files(op.get_bind(), "compatibility")


def downgrade() -> None:
    raise RuntimeError("what came before its repair is kept nowhere else: there is no way back from its migration")
