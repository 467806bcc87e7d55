"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "oyez_keys",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("hint", sa.String(length=16), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("permissions", sa.Text(), nullable=False),
        sa.Column("project", sa.String(length=64), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_oyez_keys"),
        sa.UniqueConstraint("secret_hash", name="uq_oyez_keys_secret_hash"),
    )
    op.create_table(
        "oyez_leases",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("project", sa.String(length=64), nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_oyez_leases"),
    )
    op.create_index("ix_oyez_leases_expires_at_ms", "oyez_leases", ["expires_at_ms"])
    op.create_index(
        "ix_oyez_leases_project_expires_at_ms", "oyez_leases", ["project", "expires_at_ms"]
    )

    op.create_table(
        "oyez_limits",
        sa.Column("project", sa.String(length=64), nullable=False),
        sa.Column("concurrent_sessions", sa.Integer(), nullable=True),
        sa.Column("requests_per_minute", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("project", name="pk_oyez_limits"),
    )
    op.create_table(
        "oyez_minutes",
        sa.Column("project", sa.String(length=64), nullable=False),
        sa.Column("minute_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("peak", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("project", "minute_ms", name="pk_oyez_minutes"),
    )
    op.create_index("ix_oyez_minutes_minute_ms", "oyez_minutes", ["minute_ms"])

    op.create_table(
        "oyez_requests",
        sa.Column("second", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("project", sa.String(length=64), nullable=False),
        sa.Column("num_requests", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("second", "project", name="pk_oyez_requests"),
    )
    op.create_table(
        "oyez_usage",
        sa.Column("uuid", sa.String(length=64), nullable=False),
        sa.Column("project", sa.String(length=64), nullable=False),
        sa.Column("api_key_id", sa.String(length=36), nullable=True),
        sa.Column("request_scope", sa.String(length=32), nullable=False),
        sa.Column("client_reference_id", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("start_ms", sa.BigInteger(), nullable=False),
        sa.Column("end_ms", sa.BigInteger(), nullable=False),
        sa.Column("input_text_tokens", sa.BigInteger(), nullable=False),
        sa.Column("input_audio_tokens", sa.BigInteger(), nullable=False),
        sa.Column("input_audio_duration_ms", sa.BigInteger(), nullable=False),
        sa.Column("output_text_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_audio_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_audio_duration_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("uuid", name="pk_oyez_usage"),
    )
    op.create_index("ix_oyez_usage_end_ms", "oyez_usage", ["end_ms"])
    op.create_index(
        "ix_oyez_usage_project_end_ms_uuid", "oyez_usage", ["project", "end_ms", "uuid"]
    )

    op.create_table(
        "oyez_temporary_keys",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("usage_type", sa.String(length=32), nullable=False),
        sa.Column("project", sa.String(length=64), nullable=False),
        sa.Column("api_key_id", sa.String(length=36), nullable=True),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("single_use", sa.Boolean(), nullable=False),
        sa.Column("client_reference_id", sa.Text(), nullable=True),
        sa.Column("max_session_duration_s", sa.Integer(), nullable=True),
        sa.Column("used_at_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["api_key_id"], ["oyez_keys.id"], name="fk_oyez_temporary_keys_api_key_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_oyez_temporary_keys"),
        sa.UniqueConstraint("secret_hash", name="uq_oyez_temporary_keys_secret_hash"),
    )
    op.create_index(
        "ix_oyez_temporary_keys_expires_at_ms", "oyez_temporary_keys", ["expires_at_ms"]
    )
