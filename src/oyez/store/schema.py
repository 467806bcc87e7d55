"""The tables. A change here needs a migration beside the others in `migrations/versions`.

Times are milliseconds since 1970 in UTC, in 64-bit integers, which both databases sort and divide
alike. Names begin with `oyez_`, so that a PostgreSQL database can be shared with other programs.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

HEAD: Final = "0001"
"""The newest revision. A database that has it is opened without loading Alembic."""
VERSION_TABLE: Final = "oyez_version"

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

keys: Final = Table(
    "oyez_keys",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", Text, nullable=False),
    Column("hint", String(16), nullable=False),
    Column("secret_hash", String(64), nullable=False, unique=True),
    Column("permissions", Text, nullable=False),
    Column("project", String(64), nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("expires_at_ms", BigInteger),
    Column("revoked_at_ms", BigInteger),
)

temporary_keys: Final = Table(
    "oyez_temporary_keys",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("secret_hash", String(64), nullable=False, unique=True),
    Column("usage_type", String(32), nullable=False),
    Column("project", String(64), nullable=False),
    Column("api_key_id", String(36), ForeignKey("oyez_keys.id")),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("expires_at_ms", BigInteger, nullable=False, index=True),
    Column("single_use", Boolean, nullable=False),
    Column("client_reference_id", Text),
    Column("max_session_duration_s", Integer),
    Column("used_at_ms", BigInteger),
)

usage: Final = Table(
    "oyez_usage",
    metadata,
    Column("uuid", String(64), primary_key=True),
    Column("project", String(64), nullable=False),
    Column("api_key_id", String(36)),
    Column("request_scope", String(32), nullable=False),
    Column("client_reference_id", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("start_ms", BigInteger, nullable=False),
    Column("end_ms", BigInteger, nullable=False, index=True),
    Column("input_text_tokens", BigInteger, nullable=False),
    Column("input_audio_tokens", BigInteger, nullable=False),
    Column("input_audio_duration_ms", BigInteger, nullable=False),
    Column("output_text_tokens", BigInteger, nullable=False),
    Column("output_audio_tokens", BigInteger, nullable=False),
    Column("output_audio_duration_ms", BigInteger, nullable=False),
    Index(None, "project", "end_ms", "uuid"),
)

limits: Final = Table(
    "oyez_limits",
    metadata,
    # Empty for the whole server, which no project may be called.
    Column("project", String(64), primary_key=True),
    Column("concurrent_sessions", Integer),
    Column("requests_per_minute", Integer),
)

requests: Final = Table(
    "oyez_requests",
    metadata,
    Column("second", BigInteger, primary_key=True, autoincrement=False),
    Column("project", String(64), primary_key=True),
    Column("num_requests", BigInteger, nullable=False),
)

leases: Final = Table(
    "oyez_leases",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("project", String(64), nullable=False),
    Column("expires_at_ms", BigInteger, nullable=False, index=True),
    Index(None, "project", "expires_at_ms"),
)

minutes: Final = Table(
    "oyez_minutes",
    metadata,
    Column("project", String(64), primary_key=True),
    Column("minute_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("peak", Integer, nullable=False),
    Index(None, "minute_ms"),
)
