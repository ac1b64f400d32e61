"""What the pages of the read models are found by: learners in every order, progress by node, completions by time."""

from alembic import op

from migrations.run_sql import run_files

revision = "0012"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_files(op.get_bind(), "read_model_pages")


def downgrade() -> None:
    for name in (
        "person_sort_name",
        "enrollment_by_progress",
        "enrollment_by_grade",
        "enrollment_by_last_activity",
        "enrollment_by_enrolled",
        "outline_node_course",
        "node_progress_of_node",
        "node_progress_of_state",
        "node_progress_completed",
        "node_progress_completed_of_node",
    ):
        op.execute(f"DROP INDEX {name}")
    op.execute("DROP FUNCTION sort_name(text, text)")
