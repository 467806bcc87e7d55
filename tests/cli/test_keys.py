"""`oyez keys`, on a file of its own."""

import json
import re
from pathlib import Path

import click
import pytest

from oyez.cli.keys import PERMISSIONS, keys
from oyez.store.base import ApiKey, KeyProblem, Permission
from oyez.store.opening import open_store

from .conftest import Run
from .test_main import python

SECRET = re.compile(r"oyez_[0-9a-f]{40}\n")
NOW = 1_800_000_000_000


def find(secret: str, now_ms: int = NOW) -> ApiKey | KeyProblem:
    store = open_store()
    try:
        found = store.find_key(secret.strip(), now_ms=now_ms)
    finally:
        store.close()
    assert isinstance(found, ApiKey | KeyProblem)
    return found


def test_standard_output_is_the_key_and_nothing_else(run: Run) -> None:
    result = run("keys", "create", "mine")
    assert result.exit_code == 0, result.output
    assert SECRET.fullmatch(result.stdout)
    assert "shown once" in result.stderr
    key = find(result.stdout)
    assert isinstance(key, ApiKey)
    assert (key.name, key.project, key.expires_at_ms) == ("mine", "default", None)
    assert key.may(Permission.FILES)


def test_a_key_gets_what_it_was_given(run: Run) -> None:
    options = ["--permission", "stt_real_time", "--permission", "temporary_keys"]
    result = run("keys", "create", "w", *options, "--project", "clinic", "--expires", "90d")
    key = find(result.stdout)
    assert isinstance(key, ApiKey)
    assert key.permissions == {Permission.STT_REAL_TIME, Permission.TEMPORARY_KEYS}
    assert key.project == "clinic"
    assert key.expires_at_ms == key.created_at_ms + 90 * 86_400_000


def test_a_key_may_end_on_a_day(run: Run) -> None:
    key = json.loads(run("keys", "create", "w", "--expires", "2999-01-31", "--json").stdout)
    assert key["expires_at"] == "2999-01-31T00:00:00.000Z"


@pytest.mark.parametrize("when", ["soon", "90", "2026-13-01", "-1d", "٣d2", "2001-01-01"])
def test_a_time_that_is_none_or_past_is_refused(run: Run, when: str) -> None:
    result = run("keys", "create", "w", "--expires", when)
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    assert json.loads(run("keys", "list", "--json").stdout) == []


def test_the_list_shows_keys_and_no_secrets(run: Run) -> None:
    secrets = [run("keys", "create", name).stdout.strip() for name in ("one", "[red]two")]
    result = run("keys", "list")
    lines = result.stdout.splitlines()
    assert [line.split()[1] for line in lines[1:]] == ["one", "[red]two"]
    assert all(secret[:9] in result.stdout for secret in secrets)
    assert not any(secret in result.output for secret in secrets)


def test_an_empty_list_says_how_to_make_a_key(run: Run) -> None:
    result = run("keys", "list")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "oyez keys create" in result.stderr


def test_json_has_everything_and_the_secret_only_when_it_is_made(run: Run) -> None:
    made = json.loads(run("keys", "create", "☃", "--json").stdout)
    secret = made.pop("api_key")
    assert SECRET.fullmatch(secret + "\n")
    assert json.loads(run("keys", "list", "--json").stdout) == [made]
    assert set(made) == {
        *("id", "name", "hint", "permissions", "project"),
        *("created_at", "expires_at", "revoked_at"),
    }
    revoked = json.loads(run("keys", "revoke", "☃", "--json").stdout)
    assert revoked == made | {"revoked_at": revoked["revoked_at"]}
    assert revoked["revoked_at"].endswith("Z")


@pytest.mark.parametrize("by", ["id", "name", "hint"])
def test_a_key_is_revoked_by_what_the_list_shows(run: Run, by: str) -> None:
    made = json.loads(run("keys", "create", "one", "--json").stdout)
    run("keys", "create", "two")
    result = run("keys", "revoke", made[by])
    assert (result.exit_code, result.stdout) == (0, "")
    assert made["hint"] in result.stderr
    assert find(made["api_key"]) is KeyProblem.REVOKED
    listed = json.loads(run("keys", "list", "--json").stdout)
    assert [key["name"] for key in listed] == ["two"]
    assert "revoked" in run("keys", "list", "--all").stdout


def test_a_name_of_several_keys_revokes_none_and_names_their_ids(run: Run) -> None:
    ids = [json.loads(run("keys", "create", "twin", "--json").stdout)["id"] for _ in range(2)]
    result = run("keys", "revoke", "twin")
    assert result.exit_code == 2
    assert all(key_id in result.stderr for key_id in ids)
    assert len(json.loads(run("keys", "list", "--json").stdout)) == 2
    run("keys", "revoke", ids[0])
    assert run("keys", "revoke", "twin").exit_code == 0


def test_a_key_that_is_not_there_is_a_mistake(run: Run) -> None:
    result = run("keys", "revoke", "nobody")
    assert result.exit_code == 2
    assert "oyez keys list" in result.stderr


def test_the_database_can_be_named(run: Run, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'other.db'}"
    run("keys", "create", "there", "--database", url)
    assert json.loads(run("keys", "list", "--json").stdout) == []
    there = json.loads(run("keys", "list", "--json", OYEZ_DATABASE_URL=url).stdout)
    assert [key["name"] for key in there] == ["there"]


def test_a_database_that_is_not_there_is_a_problem_in_one_line(run: Run) -> None:
    result = run("keys", "list", "--database", "mysql://u:hunter2@h/d")
    assert result.exit_code == 1
    assert "postgresql://" in result.stderr
    assert "hunter2" not in result.output


def test_the_permissions_are_those_of_the_store() -> None:
    assert tuple(Permission) == PERMISSIONS


@pytest.mark.parametrize("command", sorted(keys.commands))
def test_every_option_has_help_and_a_variable(run: Run, command: str) -> None:
    assert run("keys", command, "--help").exit_code == 0
    for option in keys.commands[command].params:
        if isinstance(option, click.Option):
            assert option.help, option.name
            assert option.is_flag or str(option.envvar).startswith("OYEZ_"), option.name


def test_without_the_server_parts_it_says_what_to_install() -> None:
    code = "import sys; sys.modules['sqlalchemy'] = None\nfrom oyez.cli.main import main; main()"
    result = python(code, "keys", "list")
    assert result.returncode == 1
    assert "pip install 'oyez[server]'" in result.stderr
    assert "Traceback" not in result.stderr
