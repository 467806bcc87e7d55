"""Keys and temporary keys."""

import uuid
from collections.abc import Iterable, Sequence
from typing import Any, Final, get_args

from sqlalchemy import Connection, Row, insert, select, update

from oyez.errors import KeyNotFoundError, OyezValidationError
from oyez.store import schema
from oyez.store.checks import (
    MAX_NAME,
    MAX_REFERENCE,
    check_length,
    check_project,
    check_range,
)
from oyez.store.database import Database
from oyez.store.records import (
    DEFAULT_PROJECT,
    ApiKey,
    CreatedKey,
    CreatedTemporaryKey,
    KeyProblem,
    Permission,
    TemporaryKey,
    UsageType,
)
from oyez.store.secret import (
    HINT_LENGTH,
    PREFIX,
    TEMPORARY_PREFIX,
    hash_of,
    is_same,
    make_secret,
)

MAX_LIFE_S: Final = 3600
MAX_SESSION_S: Final = 18_000
_KEYS: Final = schema.keys.c
_TEMPORARY: Final = schema.temporary_keys.c


class Keys:
    """The part of `oyez.store.base.Store` that keeps keys, whose docstrings hold here too."""

    _database: Database

    def create_key(
        self,
        name: str,
        *,
        now_ms: int,
        permissions: Iterable[Permission] = (Permission.FULL_ACCESS,),
        project: str = DEFAULT_PROJECT,
        expires_at_ms: int | None = None,
    ) -> CreatedKey:
        """Make a key."""
        chosen = frozenset(permissions)
        if not chosen:
            raise OyezValidationError("A key without any permission opens nothing: give one.")
        if expires_at_ms is not None and expires_at_ms <= now_ms:
            raise OyezValidationError("expires_at_ms is in the past: the key would open nothing.")
        secret = make_secret(PREFIX)
        key = ApiKey(
            id=str(uuid.uuid4()),
            name=check_length("name", name, 1, MAX_NAME),
            hint=secret[:HINT_LENGTH],
            permissions=chosen,
            project=check_project(project),
            created_at_ms=now_ms,
            expires_at_ms=expires_at_ms,
        )
        row = {
            "id": key.id,
            "name": key.name,
            "hint": key.hint,
            "secret_hash": hash_of(secret),
            "permissions": " ".join(sorted(chosen)),
            "project": key.project,
            "created_at_ms": now_ms,
            "expires_at_ms": expires_at_ms,
        }
        with self._database.writing() as connection:
            connection.execute(insert(schema.keys), row)
        return CreatedKey(key, secret)

    def list_keys(self, *, include_revoked: bool = False) -> Sequence[ApiKey]:
        """Return all keys, the oldest first."""
        query = select(schema.keys).order_by(_KEYS.created_at_ms, _KEYS.id)
        if not include_revoked:
            query = query.where(_KEYS.revoked_at_ms.is_(None))
        with self._database.reading() as connection:
            return tuple(_api_key(row) for row in connection.execute(query))

    def revoke_key(self, key_id: str, *, now_ms: int) -> ApiKey:
        """Make a key open nothing any more."""
        of_key = _KEYS.id == key_id
        with self._database.writing() as connection:
            connection.execute(
                update(schema.keys)
                .where(of_key, _KEYS.revoked_at_ms.is_(None))
                .values(revoked_at_ms=now_ms)
            )
            row = connection.execute(select(schema.keys).where(of_key)).one_or_none()
        if row is None:
            raise KeyNotFoundError(self._database.name, "no key has this id. See `oyez keys list`.")
        return _api_key(row)

    def find_key(self, secret: str, *, now_ms: int) -> ApiKey | TemporaryKey | KeyProblem:
        """Return the key with this secret if it may be used now, or why not."""
        hashed = hash_of(secret)
        with self._database.reading() as connection:
            if secret.startswith(TEMPORARY_PREFIX):
                return _find_temporary(connection, hashed, now_ms)
            row = connection.execute(
                select(schema.keys).where(_KEYS.secret_hash == hashed)
            ).one_or_none()
        if row is None or not is_same(row.secret_hash, hashed):
            return KeyProblem.UNKNOWN
        key = _api_key(row)
        return key.problem_at(now_ms) or key

    def create_temporary_key(
        self,
        *,
        now_ms: int,
        usage_type: UsageType,
        expires_in_s: int,
        creator: ApiKey | None = None,
        project: str = DEFAULT_PROJECT,
        client_reference_id: str | None = None,
        single_use: bool = False,
        max_session_duration_s: int | None = None,
    ) -> CreatedTemporaryKey:
        """Make a temporary key."""
        if usage_type not in get_args(UsageType):
            known = " or ".join(get_args(UsageType))
            raise OyezValidationError(f"usage_type must be {known}, not {usage_type!r}.")
        if max_session_duration_s is not None:
            check_range("max_session_duration_s", max_session_duration_s, 1, MAX_SESSION_S)
        if client_reference_id is not None:
            client_reference_id = check_length(
                "client_reference_id", client_reference_id, 0, MAX_REFERENCE
            )
        expires_at_ms = now_ms + 1000 * check_range("expires_in_s", expires_in_s, 1, MAX_LIFE_S)
        if creator is not None and creator.expires_at_ms is not None:
            expires_at_ms = min(expires_at_ms, creator.expires_at_ms)
        secret = make_secret(TEMPORARY_PREFIX)
        key = TemporaryKey(
            id=str(uuid.uuid4()),
            usage_type=usage_type,
            project=check_project(project) if creator is None else creator.project,
            api_key_id=None if creator is None else creator.id,
            created_at_ms=now_ms,
            expires_at_ms=expires_at_ms,
            single_use=single_use,
            client_reference_id=client_reference_id,
            max_session_duration_s=max_session_duration_s,
        )
        row = {name: getattr(key, name) for name in TemporaryKey.__slots__}
        with self._database.writing() as connection:
            connection.execute(
                insert(schema.temporary_keys), {**row, "secret_hash": hash_of(secret)}
            )
        return CreatedTemporaryKey(key, secret)

    def claim_temporary_key(self, key_id: str, *, now_ms: int) -> bool:
        """Use a single-use key up."""
        of_key = _TEMPORARY.id == key_id
        with self._database.writing() as connection:
            # One statement: both databases let one of many simultaneous ones change the row, and
            # the others look again and find it changed.
            claimed = connection.execute(
                update(schema.temporary_keys)
                .where(of_key, _TEMPORARY.single_use, _TEMPORARY.used_at_ms.is_(None))
                .values(used_at_ms=now_ms)
            )
            if claimed.rowcount == 1:
                return True
            is_single = connection.execute(select(_TEMPORARY.single_use).where(of_key)).scalar()
        return is_single is False


def _find_temporary(connection: Connection, hashed: str, now_ms: int) -> TemporaryKey | KeyProblem:
    row = connection.execute(
        select(schema.temporary_keys, _KEYS.revoked_at_ms)
        .outerjoin(schema.keys, _KEYS.id == _TEMPORARY.api_key_id)
        .where(_TEMPORARY.secret_hash == hashed)
    ).one_or_none()
    if row is None or not is_same(row.secret_hash, hashed):
        return KeyProblem.UNKNOWN
    if row.revoked_at_ms is not None:
        return KeyProblem.REVOKED
    if row.used_at_ms is not None:
        return KeyProblem.USED
    if now_ms >= row.expires_at_ms:
        return KeyProblem.EXPIRED
    return TemporaryKey(**{name: getattr(row, name) for name in TemporaryKey.__slots__})


def _api_key(row: Row[Any]) -> ApiKey:
    known = {item.value for item in Permission}
    return ApiKey(
        id=row.id,
        name=row.name,
        hint=row.hint,
        # A permission that a newer version gave means nothing to this one.
        permissions=frozenset(
            Permission(name) for name in row.permissions.split() if name in known
        ),
        project=row.project,
        created_at_ms=row.created_at_ms,
        expires_at_ms=row.expires_at_ms,
        revoked_at_ms=row.revoked_at_ms,
    )
