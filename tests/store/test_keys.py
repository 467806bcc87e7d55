"""Keys and temporary keys, in both databases."""

import re
import sqlite3
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from oyez.errors import KeyNotFoundError, OyezValidationError, StoreError
from oyez.store.base import ApiKey, KeyProblem, Permission, Store, TemporaryKey
from oyez.store.opening import open_store

NOW = 1_800_000_000_000
TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
"""A token of RFC 7230, which a WebSocket subprotocol must be."""


def temporary(store: Store, **options: Any) -> tuple[TemporaryKey, str]:
    made = store.create_temporary_key(
        **{"now_ms": NOW, "usage_type": "transcribe_websocket", "expires_in_s": 60, **options}
    )
    return made.key, made.secret


def test_a_key_is_found_by_its_secret_with_everything_it_was_given(store: Store) -> None:
    permissions = {Permission.STT_REAL_TIME, Permission.TEMPORARY_KEYS}
    made = store.create_key(
        "ward 4", now_ms=NOW, permissions=permissions, project="clinic", expires_at_ms=NOW + 1
    )
    assert store.find_key(made.secret, now_ms=NOW) == made.key
    assert made.key.permissions == permissions
    assert (made.key.name, made.key.project) == ("ward 4", "clinic")
    assert made.key.created_at_ms == NOW


def test_a_key_has_full_access_in_the_default_project_unless_told(store: Store) -> None:
    key = store.create_key("all", now_ms=NOW).key
    assert key.project == "default"
    assert all(key.may(permission) for permission in Permission)


def test_a_key_may_only_what_it_was_permitted(store: Store) -> None:
    key = store.create_key("one", now_ms=NOW, permissions=[Permission.FILES]).key
    assert [item for item in Permission if key.may(item)] == [Permission.FILES]


def test_a_secret_that_nobody_has_opens_nothing(store: Store) -> None:
    secret = store.create_key("a", now_ms=NOW).secret
    wrong = ("", "oyez_", secret[:-1], secret + "0", secret.upper(), "\ud800", "\0", "x" * 100_000)
    for text in (*wrong, *(f"oyez_temp_{text}" for text in wrong)):
        assert store.find_key(text, now_ms=NOW) is KeyProblem.UNKNOWN


def test_a_key_opens_nothing_from_its_expiry_on(store: Store) -> None:
    made = store.create_key("short", now_ms=NOW, expires_at_ms=NOW + 10)
    assert store.find_key(made.secret, now_ms=NOW + 9) == made.key
    assert store.find_key(made.secret, now_ms=NOW + 10) is KeyProblem.EXPIRED


def test_a_revoked_key_opens_nothing_and_neither_do_its_temporary_keys(store: Store) -> None:
    made = store.create_key("gone", now_ms=NOW)
    _, secret = temporary(store, creator=made.key)
    revoked = store.revoke_key(made.key.id, now_ms=NOW + 5)
    assert revoked == replace(made.key, revoked_at_ms=NOW + 5)
    assert store.find_key(made.secret, now_ms=NOW + 5) is KeyProblem.REVOKED
    assert store.find_key(secret, now_ms=NOW + 5) is KeyProblem.REVOKED


def test_a_key_that_is_revoked_again_keeps_its_first_time(store: Store) -> None:
    key = store.create_key("gone", now_ms=NOW).key
    store.revoke_key(key.id, now_ms=NOW + 5)
    assert store.revoke_key(key.id, now_ms=NOW + 9).revoked_at_ms == NOW + 5


def test_a_key_that_is_not_there_cannot_be_revoked(store: Store) -> None:
    with pytest.raises(KeyNotFoundError, match="oyez keys list"):
        store.revoke_key("nobody", now_ms=NOW)


def test_keys_are_listed_oldest_first_and_revoked_ones_on_demand(store: Store) -> None:
    young = store.create_key("young", now_ms=NOW + 1).key
    old = store.create_key("old", now_ms=NOW).key
    gone = store.create_key("gone", now_ms=NOW + 2).key
    gone = store.revoke_key(gone.id, now_ms=NOW + 3)
    assert store.list_keys() == (old, young)
    assert store.list_keys(include_revoked=True) == (old, young, gone)


@pytest.mark.parametrize(
    "options",
    [
        {"name": ""},
        {"name": "x" * 101},
        {"permissions": ()},
        {"project": ""},
        {"project": "a b"},
        {"project": "x" * 65},
        {"project": "../etc"},
        {"project": "a\n"},
        {"expires_at_ms": NOW},
    ],
)
def test_a_key_that_makes_no_sense_is_refused(store: Store, options: dict[str, Any]) -> None:
    with pytest.raises(OyezValidationError):
        store.create_key(**{"name": "a", "now_ms": NOW, **options})
    assert store.list_keys() == ()


def test_a_name_may_hold_what_the_database_cannot(store: Store) -> None:
    key = store.create_key("a\0b\ud800 ☃ 🎤", now_ms=NOW).key
    assert key.name == "a\ufffdb? ☃ 🎤"
    assert store.list_keys() == (key,)


def test_a_temporary_key_is_found_with_everything_it_was_given(store: Store) -> None:
    creator = store.create_key("maker", now_ms=NOW, project="clinic").key
    key, secret = temporary(
        store,
        creator=creator,
        client_reference_id="patient 7",
        single_use=True,
        max_session_duration_s=90,
        usage_type="tts_rt",
    )
    assert store.find_key(secret, now_ms=NOW) == key
    assert key.expires_at_ms == NOW + 60_000
    assert (key.project, key.api_key_id) == ("clinic", creator.id)
    assert (key.client_reference_id, key.max_session_duration_s) == ("patient 7", 90)
    assert (key.usage_type, key.single_use, key.used_at_ms) == ("tts_rt", True, None)


def test_the_servers_own_key_makes_temporary_keys_too(store: Store) -> None:
    key, secret = temporary(store, project="page")
    assert (key.project, key.api_key_id) == ("page", None)
    assert store.find_key(secret, now_ms=NOW) == key


def test_a_temporary_key_opens_nothing_from_its_expiry_on(store: Store) -> None:
    key, secret = temporary(store, expires_in_s=1)
    assert store.find_key(secret, now_ms=NOW + 999) == key
    assert store.find_key(secret, now_ms=NOW + 1000) is KeyProblem.EXPIRED


def test_a_temporary_key_does_not_outlive_its_creator(store: Store) -> None:
    creator = store.create_key("short", now_ms=NOW, expires_at_ms=NOW + 500).key
    assert temporary(store, creator=creator)[0].expires_at_ms == NOW + 500


def test_a_single_use_key_is_used_up_by_one_claim_and_not_by_looking(store: Store) -> None:
    key, secret = temporary(store, single_use=True)
    assert store.find_key(secret, now_ms=NOW) == store.find_key(secret, now_ms=NOW) == key
    assert store.claim_temporary_key(key.id, now_ms=NOW)
    assert not store.claim_temporary_key(key.id, now_ms=NOW)
    assert store.find_key(secret, now_ms=NOW) is KeyProblem.USED


def test_a_key_that_was_found_in_time_may_be_claimed_later(store: Store) -> None:
    key, _ = temporary(store, single_use=True, expires_in_s=1)
    assert store.claim_temporary_key(key.id, now_ms=NOW + 5000)


def test_a_key_for_many_uses_can_be_claimed_always(store: Store) -> None:
    key, secret = temporary(store)
    assert store.claim_temporary_key(key.id, now_ms=NOW)
    assert store.claim_temporary_key(key.id, now_ms=NOW)
    assert store.find_key(secret, now_ms=NOW) == key


def test_nobody_claims_a_key_that_is_not_there(store: Store) -> None:
    assert not store.claim_temporary_key("nobody", now_ms=NOW)


@pytest.mark.parametrize(
    "options",
    [
        {"expires_in_s": 0},
        {"expires_in_s": 3601},
        {"max_session_duration_s": 0},
        {"max_session_duration_s": 18_001},
        {"client_reference_id": "x" * 257},
        {"usage_type": "transcribe"},
        {"project": "a/b"},
    ],
)
def test_a_temporary_key_that_makes_no_sense_is_refused(
    store: Store, options: dict[str, Any]
) -> None:
    with pytest.raises(OyezValidationError):
        temporary(store, **options)


def test_a_creator_of_another_store_is_refused_and_not_taken_for_an_outage(store: Store) -> None:
    elsewhere = open_store("sqlite://")
    stranger = elsewhere.create_key("a", now_ms=NOW).key
    elsewhere.close()
    with pytest.raises(StoreError, match="refused a value") as caught:
        temporary(store, creator=stranger)
    assert type(caught.value) is StoreError
    assert stranger.id not in str(caught.value)


def test_secrets_are_tokens_and_never_the_same(store: Store) -> None:
    secrets = [store.create_key("a", now_ms=NOW).secret for _ in range(20)]
    secrets += [temporary(store)[1] for _ in range(20)]
    assert len(set(secrets)) == 40
    for secret in secrets:
        assert TOKEN.fullmatch(secret)
        assert len(re.sub(r"^oyez_(temp_)?", "", secret)) * 4 >= 128


def test_neither_records_nor_the_database_hold_a_secret(tmp_path: Path) -> None:
    path = tmp_path / "oyez.db"
    store = open_store(f"sqlite:///{path}")
    made = store.create_key("a", now_ms=NOW)
    short = store.create_temporary_key(
        now_ms=NOW, usage_type="transcribe_websocket", expires_in_s=60, creator=made.key
    )
    store.close()
    dumped = "\n".join(sqlite3.connect(path).iterdump())
    for secret in (made.secret, short.secret):
        assert secret not in repr(made) + repr(short) + dumped
    assert made.key.hint in dumped
    assert {field.name for field in fields(ApiKey)}.isdisjoint({"secret", "secret_hash"})


def test_a_permission_of_a_newer_version_means_nothing(tmp_path: Path) -> None:
    path = tmp_path / "oyez.db"
    store = open_store(f"sqlite:///{path}")
    made = store.create_key("a", now_ms=NOW, permissions=[Permission.FILES])
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE oyez_keys SET permissions = 'files telepathy'")
    connection.close()
    assert store.find_key(made.secret, now_ms=NOW) == made.key
    store.close()


def test_errors_of_the_store_are_errors_of_oyez() -> None:
    assert issubclass(KeyNotFoundError, (StoreError, LookupError))
